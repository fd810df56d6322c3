/* f32_binary: y[i] = a[i] op b[i] for i in [0, n), where an operand may be repeated.
 *
 *   n     elements, any number; each kernel handles its own tail
 *   y     n floats; y == a or y == b is fine for an operand that is FULL, no other overlap
 *   NaN   MIN and MAX give NaN when either is NaN; PRELU: a >= 0 or NaN ? a : a * b;
 *         KEEP_EQUAL of NaN or an infinity that is not equal is NaN
 *   reads and writes stay inside the operands; no alignment is asked */
#ifndef OC_KERNELS_F32_BINARY_H
#define OC_KERNELS_F32_BINARY_H

#include <stddef.h>

#include "core/cpu.h"
#include "kernels/any_binary.h" /* oc_binary_kind: ADD .. POW here */

/* How an operand lies in memory. */
typedef enum oc_operand {
    OC_OPERAND_FULL,  /* n floats */
    OC_OPERAND_ONE,   /* one float for all */
    OC_OPERAND_LANES, /* always 8 floats, float i % 8 for element i */
    OC_OPERAND_EACH8, /* ceil(n / 8) floats, float i / 8 for element i */
} oc_operand;

typedef struct oc_f32_binary {
    oc_binary_kind kind; /* at most OC_BINARY_POW */
    oc_operand     a_is, b_is;
    size_t         n;
    const float   *a, *b;
    float         *y;
} oc_f32_binary;

typedef void oc_k_f32_binary_fn(const oc_f32_binary *work);

#define OC_K(name, isa) oc_k_f32_binary_fn oc_k_f32_binary__##name;
#include "kernels/f32_binary.inc"
#undef OC_K

oc_k_f32_binary_fn *oc_k_f32_binary(oc_isa have);

/* Where element i of an operand lies. */
static inline size_t oc_operand_at(oc_operand is, size_t i)
{
    return is == OC_OPERAND_FULL    ? i
           : is == OC_OPERAND_EACH8 ? i / 8
           : is == OC_OPERAND_LANES ? i % 8
                                    : 0;
}

#endif

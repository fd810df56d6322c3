/* x8_qadd: y = saturate(round_half_even(zero + ratio_a * a + ratio_b * b)), for quantised tensors.
 *
 *   a, b     n bytes each, or one that is repeated (a_one, b_one; not both)
 *   fixed    zero point of y less what the zero points of a and b amount to
 *   ratio_*  scale of the input over scale of the output
 *   The order of steps is ONNX Runtime's: r = fma(b, ratio_b, fixed), then fma(a, ratio_a, r); with
 *   one a: r = fixed + a * ratio_a (both rounded), then fma(b, ratio_b, r); likewise with one b. */
#ifndef OC_KERNELS_X8_QADD_H
#define OC_KERNELS_X8_QADD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_k_qadd {
    float ratio_a, ratio_b, fixed;
    bool  a_one, b_one, is_signed;
} oc_k_qadd;

typedef void oc_k_x8_qadd_fn(size_t n, const oc_k_qadd *q, const void *a, const void *b, void *y);

#define OC_K(name, isa) oc_k_x8_qadd_fn oc_k_x8_qadd__##name;
#include "kernels/x8_qadd.inc"
#undef OC_K

oc_k_x8_qadd_fn *oc_k_x8_qadd(oc_isa have);

#endif

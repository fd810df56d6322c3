/* x8_qmul: y = saturate(round_half_even((a - a_zero) * (b - b_zero) * ratio) + y_zero), for quantised
 * tensors.
 *
 *   a, y     n bytes; b n bytes, or eight that are repeated (b_eight); no alignment; y may be a or b
 *   ratio    a_scale * b_scale / y_scale
 *   The product of differences is exact in float; it is multiplied, clamped, rounded: as ONNX Runtime. */
#ifndef OC_KERNELS_X8_QMUL_H
#define OC_KERNELS_X8_QMUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_k_qmul {
    int32_t a_zero, b_zero, y_zero;
    float   ratio;
    bool    is_signed, b_eight;
} oc_k_qmul;

typedef void oc_k_x8_qmul_fn(size_t n, const oc_k_qmul *q, const void *a, const void *b, void *y);

#define OC_K(name, isa) oc_k_x8_qmul_fn oc_k_x8_qmul__##name;
#include "kernels/x8_qmul.inc"
#undef OC_K

oc_k_x8_qmul_fn *oc_k_x8_qmul(oc_isa have);

#endif

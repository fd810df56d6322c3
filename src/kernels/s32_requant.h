/* s32_requant: y[i] = saturate(round_half_even(float(acc[i] + bias) * scale) + zero).
 *
 *   n      elements, >= 1; y bytes (int8 when is_signed); no alignment
 *   scale  one, or with scale_each one per element
 *   The sum is converted to float, multiplied in float, clamped, then rounded: the steps of ONNX
 *   Runtime, so that results agree with it to the last bit. */
#ifndef OC_KERNELS_S32_REQUANT_H
#define OC_KERNELS_S32_REQUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_k_requant {
    int32_t      bias, zero;
    float        scale;
    const float *scale_each; /* [n] or NULL */
    bool         is_signed;
} oc_k_requant;

typedef void oc_k_s32_requant_fn(size_t n, const int32_t *acc, const oc_k_requant *q, void *y);

#define OC_K(name, isa) oc_k_s32_requant_fn oc_k_s32_requant__##name;
#include "kernels/s32_requant.inc"
#undef OC_K

oc_k_s32_requant_fn *oc_k_s32_requant(oc_isa have);

#endif

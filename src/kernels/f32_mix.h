/* f32_mix: a weighted sum of rows, y[i] = sum over k of w[k] * x[k][i], added up in the order of k.
 *
 *   n       elements, >= 1; no alignment
 *   n_rows  >= 1
 *   y       overlaps no row
 *   every variant multiplies and adds separately: results are the same to the last bit */
#ifndef OC_KERNELS_F32_MIX_H
#define OC_KERNELS_F32_MIX_H

#include <stddef.h>

#include "core/cpu.h"

typedef void oc_k_f32_mix_fn(size_t n, size_t n_rows, const float *const *x, const float *w,
                             float *y);

#define OC_K(name, isa) oc_k_f32_mix_fn oc_k_f32_mix__##name;
#include "kernels/f32_mix.inc"
#undef OC_K

oc_k_f32_mix_fn *oc_k_f32_mix(oc_isa have);

#endif

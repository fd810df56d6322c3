/* s16_gemm_4x16: acc[r][c] = sum over k of w[k][r] * a[k][c], exactly.
 *
 *   k2     pairs of k; odd sums are padded with a zero
 *   w      [k2][4][2], a [k2][16][2]: neighbours in k lie together
 *   acc    [4][16], written; no alignment anywhere
 *   values are differences of bytes, in [-255, 255]: 16 bits never overflow in a pair's sum, and 32
 *   bits not before 16000 pairs of the worst kind (the caller sees to that) */
#ifndef OC_KERNELS_S16_GEMM_4X16_H
#define OC_KERNELS_S16_GEMM_4X16_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_s16_gemm_4x16_fn(size_t k2, const int16_t *w, const int16_t *a, int32_t *acc);

#define OC_K(name, isa) oc_k_s16_gemm_4x16_fn oc_k_s16_gemm_4x16__##name;
#include "kernels/s16_gemm_4x16.inc"
#undef OC_K

oc_k_s16_gemm_4x16_fn *oc_k_s16_gemm_4x16(oc_isa have);

#endif

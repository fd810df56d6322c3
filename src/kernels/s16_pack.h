/* s16_pack: rows of bytes, less their zero point, into the pairs that s16_gemm_4x16 reads.
 *
 *   to[k / 2][c][k % 2] = x[k * stride + c] - zero   for k < rows, c < cols; 0 for the rest of the
 *   [(rows + 1) / 2][16][2] it fills
 *
 *   rows >= 1, cols in 1..16; is_signed: the bytes are int8
 *   reads nothing outside the rows */
#ifndef OC_KERNELS_S16_PACK_H
#define OC_KERNELS_S16_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_k_pack {
    size_t  rows, cols, stride; /* stride in bytes */
    int32_t zero;
    bool    is_signed;
} oc_k_pack;

typedef void oc_k_s16_pack_fn(const oc_k_pack *p, const void *x, int16_t *to);

#define OC_K(name, isa) oc_k_s16_pack_fn oc_k_s16_pack__##name;
#include "kernels/s16_pack.inc"
#undef OC_K

oc_k_s16_pack_fn *oc_k_s16_pack(oc_isa have);

#endif

/* u8_fir: a weighted sum of rows of bytes.
 *
 *   out[i] = clamp((sum over k of (tap[k][i] * 128 * w[k] + 2^14 >> 15) + 64) >> 7)   0 <= i < n
 *
 *   tap    n_taps rows of n bytes, any alignment: rows of a picture, or one row at several offsets
 *   w      2^15 * weight, 0 .. 32767; all together not over 32768
 *   n, n_taps >= 1; out may be tap[k] only when it is so for every k
 *
 * Every variant gives the same bytes. */
#ifndef OC_KERNELS_U8_FIR_H
#define OC_KERNELS_U8_FIR_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_u8_fir_fn(size_t n, size_t n_taps, const uint8_t *const *tap, const int16_t *w,
                            uint8_t *out);

#define OC_K(name, isa) oc_k_u8_fir_fn oc_k_u8_fir__##name;
#include "kernels/u8_fir.inc"
#undef OC_K

oc_k_u8_fir_fn *oc_k_u8_fir(oc_isa have);

#endif

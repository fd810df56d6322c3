/* u8_bilinear: one row of a resized 8-bit channel, from two source rows.
 *
 *   v[j]   = a[j * step] + (b[j * step] - a[j * step]) * w                  0 <= j < taps->n_src
 *   out[i] = v[at[i]] + (v[at[i] + 1] - v[at[i]]) * taps->w[i]              0 <= i < taps->n
 *
 *   a, b     rows of bytes, any alignment; b may be a.  Read: bytes [0, (n_src - 1) * step + 1)
 *   w        0..1
 *   step     1, 2, 3 or 4: bytes from pixel to pixel (interleaved formats)
 *   scratch  OC_U8_BILINEAR_SCRATCH(n_src) values, for this call
 *   out      room for n rounded up to 8; values 0..255, not rounded
 *
 * The reference works in floats.  Others may use 16-bit fixed point: at most 0.02 away. */
#ifndef OC_KERNELS_U8_BILINEAR_H
#define OC_KERNELS_U8_BILINEAR_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

#define OC_U8_BILINEAR_SCRATCH(n_src) ((size_t)(n_src) + 64)

/* Where the outputs of a row lie.  The caller fills n, n_src, at and w; oc_u8_taps_finish the
 * rest.  All arrays have room for n rounded up to 8 (weights: two each, groups: a quarter). */
typedef struct oc_u8_taps {
    size_t   n, n_src;
    int32_t *at;      /* not falling; < n_src; the last pixel only with weight 0 */
    float   *w;       /* 0..1 */
    int16_t *pair;    /* 2^14 (1 - w), 2^14 w */
    int32_t *group;   /* first pixel of four outputs */
    uint8_t *shuffle; /* 16 a group: bytes of pixels at, at + 1 of each, from there */
    bool     grouped; /* all groups lie within eight pixels: shuffle may be used */
} oc_u8_taps;

void oc_u8_taps_finish(oc_u8_taps *taps);

typedef struct oc_u8_bilinear_row {
    const uint8_t    *a, *b;
    float             w;
    size_t            step;
    const oc_u8_taps *taps;
    int16_t          *scratch;
} oc_u8_bilinear_row;

typedef void oc_k_u8_bilinear_fn(const oc_u8_bilinear_row *row, float *out);

#define OC_K(name, isa) oc_k_u8_bilinear_fn oc_k_u8_bilinear__##name;
#include "kernels/u8_bilinear.inc"
#undef OC_K

oc_k_u8_bilinear_fn *oc_k_u8_bilinear(oc_isa have);

#endif

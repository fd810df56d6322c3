/* u8_warp: pixels of a row of an RGB picture, taken from anywhere in another, bilinear.
 *
 *   x = u[i] >> 6, fx = u[i] & 63; y, fy from v[i] likewise                    0 <= i < n
 *   top    = p(x, y) * (64 - fx) + p(x + 1, y) * fx            bottom: the same of y + 1
 *   out[i] = (top + (((bottom - top) * fy + 32) >> 6) + 32) >> 6     for each of three bytes
 *
 *   u, v  positions in 64ths of a pixel; u = 0 is the middle of the first pixel.  |u|, |v| < 2^26
 *   p     beyond the picture: as the border says
 *   out   3 n bytes; not part of the source
 *
 * Every variant gives the same bytes.  Reads nothing outside the rows' 3 * width bytes. */
#ifndef OC_KERNELS_U8_WARP_H
#define OC_KERNELS_U8_WARP_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef enum oc_u8_border {
    OC_U8_BORDER_FILL,    /* one colour */
    OC_U8_BORDER_REPEAT,  /* aaa|abcd|ddd */
    OC_U8_BORDER_REFLECT, /* dcb|abcd|cba */
} oc_u8_border;

typedef struct oc_u8_picture {
    const uint8_t *data;
    int32_t        stride;        /* bytes, >= 3 * width */
    int32_t        width, height; /* 1 .. 16384 */
    oc_u8_border   border;
    uint8_t        fill[3];
} oc_u8_picture;

typedef void oc_k_u8_warp_fn(const oc_u8_picture *from, size_t n, const int32_t *u,
                             const int32_t *v, uint8_t *out);

#define OC_K(name, isa) oc_k_u8_warp_fn oc_k_u8_warp__##name;
#include "kernels/u8_warp.inc"
#undef OC_K

oc_k_u8_warp_fn *oc_k_u8_warp(oc_isa have);

#endif

/* f32_pool8: one output row of a 2-d pooling over one block of 8 channels, [H][W][8].
 *
 *   x       the block's first pixel: in_h * in_w vectors of 8 floats
 *   y       out_w vectors of 8 floats, not overlapping x
 *   oy      which row: taps lie at rows oy * stride_h - pad_t + ky * dil_h, and so for columns
 *   MAX     of the taps inside the input; NaN taps count as absent; no tap at all gives -inf
 *   AVG     sum of the taps inside, over their number, or, with include_pad, over the number of
 *           taps inside the padded input (rows below in_h + pad_b, columns below in_w + pad_r)
 *   kernels and strides are >= 1, paddings >= 0; no alignment */
#ifndef OC_KERNELS_F32_POOL8_H
#define OC_KERNELS_F32_POOL8_H

#include <stdbool.h>
#include <stddef.h>

#include "core/cpu.h"

typedef struct oc_pool8 {
    bool      average, include_pad;
    ptrdiff_t in_h, in_w, out_w;
    ptrdiff_t k_h, k_w, stride_h, stride_w, dil_h, dil_w;
    ptrdiff_t pad_t, pad_l, pad_b, pad_r;
} oc_pool8;

typedef void oc_k_f32_pool8_fn(const oc_pool8 *pool, size_t oy, const float *x, float *y);

#define OC_K(name, isa) oc_k_f32_pool8_fn oc_k_f32_pool8__##name;
#include "kernels/f32_pool8.inc"
#undef OC_K

oc_k_f32_pool8_fn *oc_k_f32_pool8(oc_isa have);

/* Taps [*from, *to) of `k` whose position start + tap * dil lies in [0, end). */
static inline void oc_pool_taps(ptrdiff_t start, ptrdiff_t k, ptrdiff_t dil, ptrdiff_t end,
                                ptrdiff_t *from, ptrdiff_t *to)
{
    *from = start < 0 ? (-start + dil - 1) / dil : 0;
    *to = end > start ? (end - start + dil - 1) / dil : 0;
    if (*to > k)
        *to = k;
    if (*from > *to)
        *from = *to;
}

#endif

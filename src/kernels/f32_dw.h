/* f32_dw: depthwise convolution of one block of eight channels, rows [row_begin, row_end) of the
 * output:
 *
 *   y[r][c] = act(bias + add[r][c] +
 *                 sum of x[r * sy + ky * dy - top][c * sx + kx * dx - left] * w[ky][kx])
 *
 * each element being eight channels; taps outside the input count as zero.
 *
 *   x        in_h rows of in_w pixels of 8 floats; y and add out rows of out_w; w kh * kw * 8
 *   bias     8 floats or NULL; add as y or NULL, must not be y
 *   lanes    valid channels, 1..8: the others are stored as zero
 *
 * 32-byte aligned throughout.  The order of the sum depends on the geometry alone. */
#ifndef OC_KERNELS_F32_DW_H
#define OC_KERNELS_F32_DW_H

#include <stddef.h>

#include "core/cpu.h"
#include "tensor/act.h"

typedef struct oc_dw {
    const float *x, *w, *bias, *add;
    float       *y;
    ptrdiff_t    in_h, in_w, out_w;
    ptrdiff_t    kh, kw, sy, sx, dy, dx, top, left;
    ptrdiff_t    row_begin, row_end;
    unsigned     lanes;
    oc_act       act;
} oc_dw;

/* First and last (one past) k of `n` with 0 <= at + k * step < limit. */
static inline ptrdiff_t oc_tap_begin(ptrdiff_t at, ptrdiff_t step, ptrdiff_t n)
{
    ptrdiff_t k = at >= 0 ? 0 : (-at + step - 1) / step;
    return k < n ? k : n;
}
static inline ptrdiff_t oc_tap_end(ptrdiff_t at, ptrdiff_t step, ptrdiff_t n, ptrdiff_t limit)
{
    ptrdiff_t k = at >= limit ? 0 : (limit - at + step - 1) / step;
    return k < n ? k : n;
}

typedef void oc_k_f32_dw_fn(const oc_dw *d);

#define OC_K(name, isa) oc_k_f32_dw_fn oc_k_f32_dw__##name;
#include "kernels/f32_dw.inc"
#undef OC_K

oc_k_f32_dw_fn *oc_k_f32_dw(oc_isa have);

#endif

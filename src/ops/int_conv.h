/* int_conv.h -- convolutions of bytes with exact 32-bit sums, shared by QLinearConv and
 * ConvInteger.
 *
 * Bytes less their zero points are 16-bit values; pads are then zero by themselves.  Depthwise: a
 * picture is widened once, its rows and columns dealt out by stride, so that every tap is
 * contiguous. Otherwise a matrix product over strips of 16 pixels gathered per tap. */
#ifndef OC_OPS_INT_CONV_H
#define OC_OPS_INT_CONV_H

#include "kernels/s16_gemm_4x16.h"
#include "kernels/s16_pack.h"
#include "kernels/s16_taps.h"
#include "kernels/s16_widen.h"
#include "kernels/s32_requant.h"
#include "ops/conv_geom.h"
#include "ops/qparam.h"

typedef struct oc_int_conv {
    oc_conv_geom g;
    bool         depthwise, pointwise;        /* pointwise: 1x1, stride 1, no pads */
    size_t       in_pixels, out_pixels, taps; /* per channel */
    size_t       k, k2, m; /* per group: taps x channels, pairs of them, out channels */
    size_t       n_strips, unit_strips, unit_tiles, strip_units, tile_units;
    size_t       row, plane, flat; /* depthwise: int16 per row and plane of one phase, sums */
    uint32_t     i_w, i_w_zero, run_phase; /* inputs; the phase that convolves */
    size_t       n_w_zero;
    oc_dtype     w_type;
    int16_t     *w; /* dense [group][tile][k2][4][2]; depthwise [oc][taps] */
    oc_k_s16_gemm_4x16_fn *gemm;
    oc_k_s16_pack_fn      *pack;
    oc_k_s16_taps_fn      *tap_row;
    oc_k_s16_widen_fn     *widen;
    oc_k_s32_requant_fn   *requant;
} oc_int_conv;

/* What becomes of the sums. */
typedef struct oc_int_conv_out {
    void          *y; /* [n][oc][pixels]: bytes, or int32 when `raw` */
    bool           raw, is_signed;
    int32_t        zero;
    const int32_t *bias;  /* [oc] or NULL */
    const float   *scale; /* [oc]; not for raw */
} oc_int_conv_out;

/* Fills p->work.  The weights are packed now when they and their zero points (input i_w_zero, may
 * be left out; one or one per output channel) are constant, else in a first phase of each run. */
OC_MUST_CHECK oc_status oc_int_conv_prepare(oc_int_conv *c, const oc_prepare *p, uint32_t i_w,
                                            uint32_t i_w_zero, oc_error *err);
void                    oc_int_conv_run(const oc_int_conv *c, const oc_op_run *r, int32_t x_zero,
                                        const oc_int_conv_out *out);

#endif

/* conv8.h -- quantised convolution over blocked (NC8) bytes: what lies under QLinearConv there.
 *
 * x is u8 less a zero point, weights are differences of bytes; sums are exact in 32 bits.  Dense:
 * strips of pixels against panels of sixteen channels; where there are pads, the rows a unit needs
 * are copied with their border first.  Depthwise: the rows become whole numbers in floats, whose sums
 * are exact below 2^24, and go through the float kernel: it has the eight products a cycle and core more
 * that integers would need for pairing taps. */
#ifndef OC_OPS_CONV8_H
#define OC_OPS_CONV8_H

#include "kernels/f32_dw.h"
#include "kernels/s16_dw.h"
#include "kernels/s16_pairs.h"
#include "kernels/s32_finish.h"
#include "kernels/u8_mac.h"
#include "kernels/x8_dequantize.h"
#include "ops/conv_geom.h"
#include "ops/qparam.h"

#define OC_CONV8_STRIP 48 /* pixels against a panel, at most: weights stream past them */

/* Weights as they come: bytes [OC][C/group][kh][kw], zero points one or [OC] or NULL. */
typedef struct oc_conv8_weights {
    oc_dtype    dtype;
    const void *w, *zero;
    size_t      n_zero;
} oc_conv8_weights;

/* One panel's place in the packed weights, and sums that zero points multiply. */
typedef struct oc_conv8_panel {
    uint64_t narrow, wide, at; /* bytes from the beginning */
    uint64_t n_narrow, n_coupled, n_wide;
    int32_t  sum[16], sum_narrow[16];
} oc_conv8_panel;

typedef struct oc_conv8 {
    oc_conv_geom g;
    bool         depthwise, copied;
    size_t       in_blocks, out_blocks, panels, out_pixels;
    size_t       row, rows, plane; /* pixels: of a row, rows and a block as they are read */
    size_t       chunk, n_chunks;  /* output pixels of a unit; rows, when depthwise or copied */
    size_t       strip;            /* pixels against a panel: half as many where sums are long */
    size_t       part, n_parts;    /* panels of a unit */
    int32_t      x_zero;
    const oc_conv8_panel  *panel;
    const uint8_t         *packed;
    const int32_t         *start;   /* [panels][16]; depthwise [out_blocks][8] */
    const float           *w_dw;    /* [out_blocks][taps][8] */
    const int16_t         *w_pairs; /* [out_blocks][2][pairs of rows][k[1]][8][2]; or NULL */
    oc_mac8_form           form;
    oc_k_u8_mac_fn        *mac;
    oc_k_f32_dw_fn        *dw;
    oc_k_s16_pairs_fn     *pairs;
    oc_k_s16_dw_fn        *dw_pairs; /* NULL: depthwise sums are made by dw, in floats */
    oc_k_x8_dequantize_fn *to_floats;
    oc_k_s32_finish_fn    *finish;
} oc_conv8;

/* Two spatial axes, one group or depthwise, sums that fit. */
bool oc_conv8_fits(const oc_conv_geom *g);

/* Fills p->work.  bias int32 [OC] or NULL.  Weights are packed once (ops/packed.h). */
OC_MUST_CHECK oc_status oc_conv8_init(oc_conv8 *c, const oc_conv_geom *g, const oc_conv8_weights *w,
                                      const int32_t *bias, int32_t x_zero, const oc_prepare *p,
                                      oc_error *err);
/* One unit.  f: everything but acc, px, blocks, y_blk; scale [out_blocks * 8]; y and add are those of
 * the whole tensors. */
void oc_conv8_run(const oc_conv8 *c, const uint8_t *x, const oc_finish8 *f, size_t unit,
                  void *scratch);

/* Cycles of a run on one core of this instruction set, estimated. */
double oc_conv8_cycles(const oc_conv_geom *g, oc_isa isa);

#endif

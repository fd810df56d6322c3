/* conv8_wino.h -- 3 x 3 convolution of blocked bytes by Winograd's F(2x2, 3x3), exactly.
 *
 * In integers: inputs less their zero point become 16-bit values of at most 4 * 255; weights are taken
 * four times (twice in either direction), at most 9 * 255; their sums come back divisible by 4.  The
 * products are 16 instead of 36 for four pixels.  32 bits hold four times any result while
 * 4 * 9 * C * 255 * 255 < 2^31: C up to 900.
 *
 * A unit is a strip of tiles of one picture against all channels. */
#ifndef OC_OPS_CONV8_WINO_H
#define OC_OPS_CONV8_WINO_H

#include "kernels/s16_mac.h"
#include "kernels/s16_widen.h"
#include "kernels/s16_wino_in.h"
#include "kernels/s32_wino_out.h"
#include "ops/conv8.h"

typedef struct oc_conv8_wino {
    oc_conv_geom          g;
    size_t                c8, panels, in_blocks, out_pixels;
    size_t                across, down;     /* tiles of a strip: in a row, rows of them */
    size_t                n_across, n_down; /* strips */
    int32_t               x_zero;
    const int16_t        *w;     /* [panels][16][c8 / 2][16][2] */
    const int32_t        *start; /* [OC] */
    oc_k_s16_mac_fn      *mac;
    oc_k_s16_wino_in_fn  *in;
    oc_k_s32_wino_out_fn *out;
    oc_k_s16_widen_fn    *widen;
    oc_k_s32_finish_fn   *finish;
} oc_conv8_wino;

bool oc_conv8_wino_fits(const oc_conv_geom *g);
/* Cycles of a run on one core, estimated, like oc_conv8_cycles. */
double oc_conv8_wino_cycles(const oc_conv_geom *g);

/* As in conv8.h. */
OC_MUST_CHECK oc_status oc_conv8_wino_init(oc_conv8_wino *c, const oc_conv_geom *g,
                                           const oc_conv8_weights *w, const int32_t *bias,
                                           int32_t x_zero, const oc_prepare *p, oc_error *err);
void oc_conv8_wino_run(const oc_conv8_wino *c, const uint8_t *x, const oc_finish8 *f, size_t unit,
                       void *scratch);

#endif

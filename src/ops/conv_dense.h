/* conv_dense.h -- a convolution over blocked (NC8) output as multiply-accumulate tiles.
 *
 * Input is blocked too, or planar (the first layer).  Where taps leave the input, the rows a unit
 * needs are copied into scratch with zeros around them; elsewhere they are read in place.  A unit
 * is (picture, group, chunk of rows or pixels, group of panels): the whole sum over channels and
 * taps happens inside one, so that results do not depend on how units are spread. */
#ifndef OC_OPS_CONV_DENSE_H
#define OC_OPS_CONV_DENSE_H

#include "kernels/f32_mac.h"
#include "kernels/f32_nc8.h"
#include "ops/op.h"

/* What is to be computed.  Output pixel (row, col) takes input (row * sy + ky * dy - top,
 * col * sx + kx * dx - left); top and left may be negative. */
typedef struct oc_dense_shape {
    size_t    n, groups, c, oc; /* c and oc per group; whole blocks when there are more groups */
    bool      planar;           /* x is plain [n][c][h][w]; one group, dx 1 */
    ptrdiff_t in_h, in_w, kh, kw, sy, sx, dy, dx, top, left, out_h, out_w;
    /* where blocked output goes, in floats: first pixel, then steps */
    ptrdiff_t y_at, y_px, y_row, y_blk, y_image;
    /* or: plain output, [n][groups * oc / (spread_h * spread_w)][out_h * spread_h][out_w *
     * spread_w]; channel (o, i, j) of a pixel becomes element (i, j) of its cell in plane o */
    bool      plain;
    ptrdiff_t spread_h, spread_w; /* 1, 1: an ordinary convolution */
    unsigned  panel;              /* blocks of a panel of weights, 1..3; 0: 2 */
} oc_dense_shape;

/* Weights by strides (in floats, any sign).  Each group of the shape is `merge` groups of the
 * operator next to each other; weights between different ones are zero. */
typedef struct oc_dense_weights {
    const float *w, *bias; /* bias of groups * oc floats, or NULL */
    ptrdiff_t    group, oc, c, ky, kx;
    size_t       merge;
} oc_dense_weights;

typedef struct oc_dense_panel {
    uint32_t first, blocks, lanes; /* blocks of output channels */
    size_t   w;                    /* floats from the group's first weight */
} oc_dense_panel;

/* A place in a panel's sum: rows of taps, taps, blocks of channels. */
typedef struct oc_dense_place {
    size_t i0, i1, i2;
} oc_dense_place;

typedef struct oc_dense {
    oc_dense_shape   s;
    oc_k_f32_mac_fn *kernel;
    oc_k_f32_nc8_fn *to_planar;
    oc_act           act;
    float           *w, *bias;
    oc_dense_panel  *panels;
    size_t           n_panels, group_w, blocks_in, blocks_out; /* of one group */
    bool             flat, copy;
    ptrdiff_t        cells_w; /* out_w, before flat made one row of all */
    ptrdiff_t       *at;      /* places of the sum's terms, or NULL */
    size_t           n_at;
    bool             parts; /* the sum is made in parts of size `sum` */
    oc_dense_place   sum;
    ptrdiff_t        x_width, x_plane; /* pixels: of what the tiles read, scratch or input */
    size_t           chunk, n_chunks;  /* rows, or pixels when flat */
    size_t           panels_per, n_panel_groups;
    size_t           units, scratch_bytes, copy_floats; /* scratch: the copy, then plain results */
    double           unit_flops;
} oc_dense;

/* Activation, instruction set and memory are p's. */
OC_MUST_CHECK oc_status oc_dense_init(oc_dense *d, const oc_dense_shape *shape,
                                      const oc_dense_weights *weights, const oc_prepare *p,
                                      oc_error *err);
/* add: as y, or NULL (and NULL where the output is plain). */
void oc_dense_run(const oc_dense *d, const float *x, const float *add, float *y, size_t unit,
                  float *scratch);

/* Blocks of the next panel where `left` are left: `panel` of them (0: 2), but a single one is avoided. */
size_t oc_dense_panel_blocks(size_t left, unsigned panel);

/* The grain for `units` units of so many flops each, at some 100 a nanosecond: ranges of 5 us and
 * more, in a number that two and four threads divide among them. */
size_t oc_grain_of_flops(size_t units, double unit_flops);

/* What an activation costs, in flops of the above a value. */
double oc_act_flops(oc_act act);

#endif

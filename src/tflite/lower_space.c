/* What looks at neighbours in a picture, and what changes its size: pools, resizing, padding. */
#include <string.h>

#include "tflite/lower.h"
#include "tflite/lowerings.h"

/* The window does not count what padding adds; bytes are pooled as they are when only the largest
 * is asked for. */
static oc_vid pool(tfl_op *o, const char *type, oc_vid x)
{
    int64_t stride[2] = {flat_i32(&o->options, 2, 0), flat_i32(&o->options, 1, 0)};
    int64_t size[2] = {flat_i32(&o->options, 4, 0), flat_i32(&o->options, 3, 0)};
    oc_vid  y = tfl_emit(o, type, TFL_IN(x),
                         TFL_ATTRS(tfl_text("auto_pad", tfl_padding(o, 0)),
                                   tfl_ints(o, "strides", stride, 2),
                                   tfl_ints(o, "kernel_shape", size, 2)));
    return tfl_activate(o, y, flat_i8(&o->options, 5, 0));
}

void tfl_lower_average_pool(tfl_op *o)
{
    tfl_give_real(o, 0, pool(o, "AveragePool", tfl_real(o, tfl_in(o, 0), TFL_PLANAR)), TFL_PLANAR);
}

void tfl_lower_max_pool(tfl_op *o)
{
    tfl_tensor *x = tfl_in(o, 0);
    bool        same = tfl_same_quantisation(x, tfl_out(o, 0));
    if (same && flat_i8(&o->options, 5, 0) == 0)
        tfl_give(o, 0, pool(o, "MaxPool", tfl_value(o, x, TFL_PLANAR)), TFL_PLANAR);
    else
        tfl_give_real(o, 0, pool(o, "MaxPool", tfl_real(o, x, TFL_PLANAR)), TFL_PLANAR);
}

/* ---- resizing ---- */

static const char *coordinates(const tfl_op *o, unsigned align, unsigned half)
{
    if (flat_bool(&o->options, align))
        return "align_corners";
    return flat_bool(&o->options, half) ? "half_pixel" : "asymmetric";
}

static void lower_resize(tfl_op *o, oc_vid x, bool real, const oc_attr *attrs, uint32_t n_attrs)
{
    const tfl_tensor *t = tfl_in(o, 0);
    int64_t           size[2] = {0};
    if (t->shape.rank != 4 || tfl_const_ints(o, 1, size, 2) != 2) {
        tfl_fail(o, OC_FORMAT, "a picture and two numbers are expected");
        return;
    }
    oc_vid sizes =
        tfl_const_i64(o, (const int64_t[]){t->shape.dim[0], t->shape.dim[3], size[0], size[1]}, 4);
    oc_vid y = tfl_emit(o, "Resize", TFL_IN(x, OC_VID_NONE, OC_VID_NONE, sizes), attrs, n_attrs);
    if (real)
        tfl_give_real(o, 0, y, TFL_PLANAR);
    else
        tfl_give(o, 0, y, TFL_PLANAR);
}

void tfl_lower_resize_bilinear(tfl_op *o)
{
    const oc_attr attrs[] = {tfl_text("mode", "linear"),
                             tfl_text("coordinate_transformation_mode", coordinates(o, 2, 3))};
    lower_resize(o, tfl_real(o, tfl_in(o, 0), TFL_PLANAR), true, attrs, 2);
}

/* Rounded down from the corner of a pixel; from its middle that is the nearest, ties upwards, as
 * with aligned corners. */
void tfl_lower_resize_nearest(tfl_op *o)
{
    const char   *mode = coordinates(o, 0, 1);
    bool          down = strcmp(mode, "asymmetric") == 0;
    const oc_attr attrs[] = {tfl_text("mode", "nearest"),
                             tfl_text("coordinate_transformation_mode", mode),
                             tfl_text("nearest_mode", down ? "floor" : "round_prefer_ceil")};
    lower_resize(o, tfl_value(o, tfl_in(o, 0), TFL_PLANAR), false, attrs, 3);
}

/* ---- padding ---- */

/* [rank][2] of the file as ONNX's list: all begins, then all ends. */
static oc_vid pads_of(tfl_op *o, tfl_form form)
{
    int64_t  given[2 * OC_RANK_MAX], pads[2 * OC_RANK_MAX];
    uint32_t rank = tfl_in(o, 0)->shape.rank;
    if (tfl_const_ints(o, 1, given, 2 * OC_RANK_MAX) != 2 * rank) {
        tfl_fail(o, OC_FORMAT, "two numbers for each of %u dimensions are expected", rank);
        return OC_VID_NONE;
    }
    for (uint32_t i = 0; i < rank; i++) {
        pads[tfl_axis_in(form, i)] = given[2 * i];
        pads[rank + tfl_axis_in(form, i)] = given[2 * i + 1];
    }
    return tfl_const_i64(o, pads, 2 * rank);
}

/* What stands in the padding where nothing is said: zero, which among bytes is the zero point. */
static oc_vid zero_of(tfl_op *o)
{
    const tfl_tensor *x = tfl_in(o, 0);
    return tfl_is_quantised(x) ? tfl_zero(o, x) : OC_VID_NONE;
}

void tfl_lower_pad(tfl_op *o)
{
    tfl_form form = tfl_form_of(o, 1);
    oc_vid   x = tfl_value(o, tfl_in(o, 0), form);
    oc_vid   value = zero_of(o);
    if (tfl_has(o, 2)) /* PADV2 says what; TFLite takes one in any shape */
        value = tfl_emit(o, "Reshape",
                         TFL_IN(tfl_value(o, tfl_in(o, 2), TFL_FILE), tfl_const_i64(o, NULL, 0)),
                         TFL_NO_ATTRS);
    tfl_give(o, 0, tfl_emit(o, "Pad", TFL_IN(x, pads_of(o, form), value), TFL_NO_ATTRS), form);
}

void tfl_lower_mirror_pad(tfl_op *o)
{
    tfl_form    form = tfl_form_of(o, 1);
    int64_t     given[2 * OC_RANK_MAX];
    uint32_t    n = tfl_const_ints(o, 1, given, 2 * OC_RANK_MAX);
    const char *mode = "reflect";
    if (flat_i8(&o->options, 0, 0) == 1) {
        mode = "edge"; /* a border of one that repeats the edge is its mirror too */
        for (uint32_t i = 0; i < n; i++)
            if (given[i] > 1)
                tfl_fail(o, OC_UNSUPPORTED, "a symmetric border wider than 1");
    }
    oc_vid x = tfl_value(o, tfl_in(o, 0), form);
    tfl_give(o, 0,
             tfl_emit(o, "Pad", TFL_IN(x, pads_of(o, form)), TFL_ATTRS(tfl_text("mode", mode))),
             form);
}

/* ---- blocks ---- */

static int64_t block_size(tfl_op *o)
{
    int64_t size = flat_i32(&o->options, 0, 0);
    if (size < 1)
        tfl_fail(o, OC_FORMAT, "block size %lld", (long long)size);
    return size;
}

/* SPACE_TO_DEPTH and DEPTH_TO_SPACE: channels block by block, as ONNX has them by default. */
void tfl_lower_blocks(tfl_op *o)
{
    tfl_give(o, 0,
             tfl_emit(o, o->row->onnx, TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_PLANAR)),
                      TFL_ATTRS(tfl_int("blocksize", block_size(o)))),
             TFL_PLANAR);
}

typedef struct batch_blocks {
    int64_t block[2], edge[4]; /* edge: top, bottom, left, right: padded or cut */
} batch_blocks;

static bool read_batch_blocks(tfl_op *o, batch_blocks *b)
{
    if (tfl_in(o, 0)->shape.rank != 4 || tfl_const_ints(o, 1, b->block, 2) != 2 ||
        tfl_const_ints(o, 2, b->edge, 4) != 4)
        tfl_fail(o, OC_UNSUPPORTED, "only pictures, with blocks of two dimensions");
    for (int i = 0; i < 2 && tfl_ok(o); i++)
        if (b->block[i] < 1 || b->edge[2 * i] < 0 || b->edge[2 * i + 1] < 0)
            tfl_fail(o, OC_FORMAT, "a block of %lld", (long long)b->block[i]);
    return tfl_ok(o);
}

static oc_vid reshape6(tfl_op *o, oc_vid x, const int64_t *dims, uint32_t n)
{
    return tfl_emit(o, "Reshape", TFL_IN(x, tfl_const_i64(o, dims, n)), TFL_NO_ATTRS);
}

/* [N,H,W,C] -> [by*bx*N, H/by, W/bx, C], the padded picture taken apart pixel by pixel. */
void tfl_lower_space_to_batch(tfl_op *o)
{
    static const int64_t perm[6] = {2, 4, 0, 1, 3, 5};
    const oc_shape      *s = &tfl_in(o, 0)->shape;
    batch_blocks         b = {0};
    if (!read_batch_blocks(o, &b))
        return;
    int64_t h = (s->dim[1] + b.edge[0] + b.edge[1]) / b.block[0];
    int64_t w = (s->dim[2] + b.edge[2] + b.edge[3]) / b.block[1];
    int64_t pads[8] = {0, b.edge[0], b.edge[2], 0, 0, b.edge[1], b.edge[3], 0};
    oc_vid  x = tfl_value(o, tfl_in(o, 0), TFL_FILE);
    x = tfl_emit(o, "Pad", TFL_IN(x, tfl_const_i64(o, pads, 8), zero_of(o)), TFL_NO_ATTRS);
    x = reshape6(o, x, (const int64_t[]){s->dim[0], h, b.block[0], w, b.block[1], s->dim[3]}, 6);
    x = tfl_emit(o, "Transpose", TFL_IN(x), TFL_ATTRS(tfl_ints(o, "perm", perm, 6)));
    x = reshape6(o, x, (const int64_t[]){-1, h, w, s->dim[3]}, 4);
    tfl_give(o, 0, x, TFL_FILE);
}

/* The way back; `edge` is cut off. */
void tfl_lower_batch_to_space(tfl_op *o)
{
    static const int64_t perm[6] = {2, 3, 0, 4, 1, 5};
    const oc_shape      *s = &tfl_in(o, 0)->shape;
    batch_blocks         b = {0};
    if (!read_batch_blocks(o, &b))
        return;
    int64_t h = s->dim[1] * b.block[0], w = s->dim[2] * b.block[1];
    oc_vid  x = tfl_value(o, tfl_in(o, 0), TFL_FILE);
    x = reshape6(o, x,
                 (const int64_t[]){b.block[0], b.block[1], -1, s->dim[1], s->dim[2], s->dim[3]}, 6);
    x = tfl_emit(o, "Transpose", TFL_IN(x), TFL_ATTRS(tfl_ints(o, "perm", perm, 6)));
    x = reshape6(o, x, (const int64_t[]){-1, h, w, s->dim[3]}, 4);
    x = tfl_emit(o, "Slice",
                 TFL_IN(x, tfl_const_i64(o, (const int64_t[]){b.edge[0], b.edge[2]}, 2),
                        tfl_const_i64(o, (const int64_t[]){h - b.edge[1], w - b.edge[3]}, 2),
                        tfl_const_i64(o, (const int64_t[]){1, 2}, 2)),
                 TFL_NO_ATTRS);
    tfl_give(o, 0, x, TFL_FILE);
}

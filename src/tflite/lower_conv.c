/* Convolutions and dense layers.  Weights of TFLite: CONV_2D [O,H,W,I], DEPTHWISE_CONV_2D [1,H,W,O]
 * with O = channels x multiplier, TRANSPOSE_CONV [O,H,W,I], FULLY_CONNECTED [O,I].
 *
 * Quantised ones become QLinearConv: the sum of products is exact, the factor x_scale * w_scale /
 * y_scale a float, the result rounded half to even.  TFLite's own kernels use a factor of 31 bits
 * and round half up or half away from zero; results differ by at most one step, at ties.  Weights
 * that alone are quantised (float input) are dequantised when the file is read. */
#include <string.h>

#include "tflite/lower.h"
#include "tflite/lowerings.h"

typedef struct conv_fields { /* where the options stand in their table */
    unsigned padding, stride_w, stride_h, act, dil_w, dil_h;
} conv_fields;

static const conv_fields dense_fields = {0, 1, 2, 3, 4, 5}, depthwise_fields = {0, 1, 2, 4, 5, 6};

const char *tfl_padding(tfl_op *o, unsigned field)
{
    int64_t padding = flat_i8(&o->options, field, 0);
    if (padding != 0 && padding != 1)
        tfl_fail(o, OC_FORMAT, "padding %lld", (long long)padding);
    return padding == 0 ? "SAME_UPPER" : "VALID";
}

static oc_vid bias_of(tfl_op *o, uint32_t i, bool real)
{
    if (!tfl_has(o, i))
        return OC_VID_NONE;
    tfl_tensor *b = tfl_in(o, i);
    if (!real && b->dtype != OC_I32) {
        tfl_fail(o, OC_UNSUPPORTED, "bias is %s, int32 is expected", oc_dtype_name(b->dtype));
        return OC_VID_NONE;
    }
    return real && !b->data ? tfl_value(o, b, TFL_FILE) : tfl_weights(o, b, NULL, real);
}

/* Clips the bytes of output 0 where its activation asks for more than saturation gives. */
static oc_vid clip_bytes(tfl_op *o, oc_vid y, int64_t activation)
{
    const tfl_tensor *t = tfl_out(o, 0);
    int32_t           lo, hi;
    if (!tfl_byte_range(o, t, activation, &lo, &hi))
        return y;
    unsigned char *ends = tfl_memory(o, 2, 1);
    if (!ends)
        return y;
    ends[0] = (unsigned char)lo;
    ends[1] = (unsigned char)hi;
    return tfl_emit(o, "Clip",
                    TFL_IN(y, tfl_const_bytes(o, t->dtype, &(oc_shape){0}, ends),
                           tfl_const_bytes(o, t->dtype, &(oc_shape){0}, ends + 1)),
                    TFL_NO_ATTRS);
}

/* x and w planar already; attrs as Conv's. */
static oc_vid qlinear_conv(tfl_op *o, oc_vid x, oc_vid w, const oc_attr *attrs, uint32_t n_attrs,
                           int64_t activation)
{
    const tfl_tensor *tx = tfl_in(o, 0), *tw = tfl_in(o, 1), *ty = tfl_out(o, 0);
    if (tx->scale.n != 1 || ty->scale.n != 1 || tw->scale.n < 1 || !tfl_is_quantised(ty)) {
        tfl_fail(o, OC_UNSUPPORTED, "quantised input, but weights or output have no scale");
        return OC_VID_NONE;
    }
    oc_vid y =
        tfl_emit(o, "QLinearConv",
                 TFL_IN(x, tfl_scale(o, tx), tfl_zero(o, tx), w, tfl_scale(o, tw), tfl_zero(o, tw),
                        tfl_scale(o, ty), tfl_zero(o, ty), bias_of(o, 2, false)),
                 attrs, n_attrs);
    return clip_bytes(o, y, activation);
}

static void convolve(tfl_op *o, const conv_fields *f, const uint32_t *perm, int64_t groups)
{
    tfl_tensor   *x = tfl_in(o, 0), *w = tfl_in(o, 1);
    int64_t       stride[2] = {flat_i32(&o->options, f->stride_h, 0),
                               flat_i32(&o->options, f->stride_w, 0)};
    int64_t       dil[2] = {flat_i32(&o->options, f->dil_h, 1), flat_i32(&o->options, f->dil_w, 1)};
    int64_t       act = flat_i8(&o->options, f->act, 0);
    bool          bytes = tfl_is_quantised(x);
    const oc_attr attrs[] = {tfl_text("auto_pad", tfl_padding(o, f->padding)),
                             tfl_ints(o, "strides", stride, 2), tfl_ints(o, "dilations", dil, 2),
                             tfl_int("group", groups)};
    oc_vid        px = tfl_value(o, x, TFL_PLANAR), pw = tfl_weights(o, w, perm, !bytes);
    if (bytes)
        tfl_give(o, 0, qlinear_conv(o, px, pw, attrs, 4, act), TFL_PLANAR);
    else
        tfl_give(o, 0,
                 tfl_activate(o, tfl_emit(o, "Conv", TFL_IN(px, pw, bias_of(o, 2, true)), attrs, 4),
                              act),
                 TFL_PLANAR);
}

static bool check_pictures(tfl_op *o, const tfl_tensor *x, const tfl_tensor *w)
{
    if (x->shape.rank == 4 && w->shape.rank == 4 && x->shape.dim[3] > 0)
        return true;
    tfl_fail(o, OC_FORMAT, "input and weights of rank %u and %u", x->shape.rank, w->shape.rank);
    return false;
}

void tfl_lower_conv(tfl_op *o)
{
    static const uint32_t perm[4] = {0, 3, 1, 2};
    const tfl_tensor     *x = tfl_in(o, 0), *w = tfl_in(o, 1);
    if (!check_pictures(o, x, w))
        return;
    int64_t depth = w->shape.dim[3];
    if (depth < 1 || x->shape.dim[3] % depth) {
        tfl_fail(o, OC_FORMAT, "weights for %lld channels, the input has %lld", (long long)depth,
                 (long long)x->shape.dim[3]);
        return;
    }
    convolve(o, &dense_fields, perm, x->shape.dim[3] / depth);
}

void tfl_lower_depthwise(tfl_op *o)
{
    static const uint32_t perm[4] = {3, 0, 1, 2}; /* [1,H,W,O] -> [O,1,H,W] */
    const tfl_tensor     *x = tfl_in(o, 0), *w = tfl_in(o, 1);
    if (!check_pictures(o, x, w))
        return;
    convolve(o, &depthwise_fields, perm, x->shape.dim[3]);
}

/* ---- transposed ---- */

typedef struct transposed {
    tfl_tensor *x, *w;
    uint32_t    bias; /* index of the input */
    bool        same;
    int64_t     stride[2], out[2], act;
} transposed;

/* The output covers (in - 1) * stride + kernel, less what SAME cuts off (more of it at the end), or
 * has rows behind that nothing reaches. */
static void lower_transposed(tfl_op *o, const transposed *t)
{
    static const uint32_t perm[4] = {3, 0, 1, 2}; /* [O,H,W,I] -> [I,O,H,W] */
    int64_t               pads[4] = {0}, more[2] = {0};
    if (!check_pictures(o, t->x, t->w))
        return;
    if (tfl_is_quantised(t->x) && !tfl_is_quantised(tfl_out(o, 0))) {
        tfl_fail(o, OC_FORMAT, "quantised input, but the output is not");
        return;
    }
    for (uint32_t i = 0; i < 2; i++) {
        int64_t full = (t->x->shape.dim[1 + i] - 1) * t->stride[i] + t->w->shape.dim[1 + i];
        int64_t cut = t->same ? full - t->out[i] : 0;
        pads[i] = cut > 0 ? cut / 2 : 0;
        pads[2 + i] = cut > 0 ? cut - cut / 2 : 0;
        more[i] = t->out[i] > full ? t->out[i] - full : 0;
    }
    oc_vid y =
        tfl_emit(o, "ConvTranspose",
                 TFL_IN(tfl_real(o, t->x, TFL_PLANAR), tfl_weights(o, t->w, perm, true),
                        bias_of(o, t->bias, true)),
                 TFL_ATTRS(tfl_ints(o, "strides", t->stride, 2), tfl_ints(o, "pads", pads, 4),
                           tfl_ints(o, "output_padding", more, 2)));
    tfl_give_real(o, 0, tfl_activate(o, y, t->act), TFL_PLANAR);
}

void tfl_lower_transpose_conv(tfl_op *o)
{
    int64_t    out[4] = {0};
    transposed t = {.x = tfl_in(o, 2),
                    .w = tfl_in(o, 1),
                    .bias = 3,
                    .same = strcmp(tfl_padding(o, 0), "VALID") != 0,
                    .stride = {flat_i32(&o->options, 2, 0), flat_i32(&o->options, 1, 0)},
                    .act = flat_i8(&o->options, 3, 0)};
    if (tfl_const_ints(o, 0, out, 4) != 4)
        tfl_fail(o, OC_FORMAT, "an output shape of four numbers is expected");
    t.out[0] = out[1];
    t.out[1] = out[2];
    lower_transposed(o, &t);
}

/* MediaPipe's Convolution2DTransposeBias: its options are a C struct of three int32: padding
 * (1 same, 2 valid), stride across, stride down. */
void tfl_lower_transpose_bias(tfl_op *o)
{
    int32_t    p[3] = {0};
    transposed t = {.x = tfl_in(o, 0), .w = tfl_in(o, 1), .bias = 2};
    if (o->custom.n < sizeof(p)) {
        tfl_fail(o, OC_FORMAT, "%u bytes of options, 12 are expected", o->custom.n);
        return;
    }
    memcpy(p, flat_vec_bytes(&o->custom), sizeof(p));
    if ((p[0] != 1 && p[0] != 2) || p[1] < 1 || p[2] < 1) {
        tfl_fail(o, OC_FORMAT, "padding %d, strides %d and %d", p[0], p[1], p[2]);
        return;
    }
    t.same = p[0] == 1;
    t.stride[0] = p[2];
    t.stride[1] = p[1];
    for (uint32_t i = 0; i < 2; i++)
        t.out[i] = t.same ? t.x->shape.dim[1 + i] * t.stride[i]
                          : (t.x->shape.dim[1 + i] - 1) * t.stride[i] + t.w->shape.dim[1 + i];
    lower_transposed(o, &t);
}

/* ---- dense ---- */

static oc_vid reshape(tfl_op *o, oc_vid x, const int64_t *dims, uint32_t n)
{
    return tfl_emit(o, "Reshape", TFL_IN(x, tfl_const_i64(o, dims, n)), TFL_NO_ATTRS);
}

/* A dense layer over bytes is a convolution with 1x1 kernels, which has the bias and the scales. */
static oc_vid dense_bytes(tfl_op *o, oc_vid x, int64_t inner, int64_t outer, int64_t act)
{
    tfl_tensor *w = tfl_in(o, 1);
    oc_vid      px = reshape(o, x, (const int64_t[]){-1, inner, 1, 1}, 4);
    oc_vid      pw =
        reshape(o, tfl_weights(o, w, NULL, false), (const int64_t[]){outer, inner, 1, 1}, 4);
    return qlinear_conv(o, px, pw, NULL, 0, act);
}

void tfl_lower_dense(tfl_op *o)
{
    tfl_tensor *x = tfl_in(o, 0), *w = tfl_in(o, 1), *y = tfl_out(o, 0);
    int64_t     act = flat_i8(&o->options, 0, 0);
    if (flat_i8(&o->options, 1, 0) != 0) {
        tfl_fail(o, OC_UNSUPPORTED, "shuffled weights");
        return;
    }
    if (w->shape.rank != 2 || y->shape.rank < 1) {
        tfl_fail(o, OC_FORMAT, "weights of rank %u", w->shape.rank);
        return;
    }
    int64_t outer = w->shape.dim[0], inner = w->shape.dim[1];
    oc_vid  xv = tfl_value(o, x, TFL_FILE);
    if (tfl_is_quantised(x)) {
        tfl_give(o, 0,
                 reshape(o, dense_bytes(o, xv, inner, outer, act), y->shape.dim, y->shape.rank),
                 TFL_FILE);
        return;
    }
    if (x->shape.rank != 2)
        xv = reshape(o, xv, (const int64_t[]){-1, inner}, 2);
    oc_vid wv = w->data ? tfl_weights(o, w, NULL, true) : tfl_value(o, w, TFL_FILE);
    oc_vid yv =
        tfl_emit(o, "Gemm", TFL_IN(xv, wv, bias_of(o, 2, true)), TFL_ATTRS(tfl_int("transB", 1)));
    yv = tfl_activate(o, yv, act);
    if (y->shape.rank != 2)
        yv = reshape(o, yv, y->shape.dim, y->shape.rank);
    tfl_give(o, 0, yv, TFL_FILE);
}

void tfl_lower_batch_matmul(tfl_op *o)
{
    oc_vid v[2];
    for (uint32_t i = 0; i < 2; i++) {
        tfl_tensor *t = tfl_in(o, i);
        int64_t     perm[OC_RANK_MAX];
        uint32_t    r = t->shape.rank;
        v[i] = t->data && t->scale.n ? tfl_weights(o, t, NULL, true) : tfl_real(o, t, TFL_FILE);
        if (!flat_bool(&o->options, i))
            continue;
        if (r < 2) {
            tfl_fail(o, OC_FORMAT, "a matrix of rank %u", r);
            return;
        }
        for (uint32_t k = 0; k < r; k++)
            perm[k] = k;
        perm[r - 1] = r - 2;
        perm[r - 2] = r - 1;
        v[i] = tfl_emit(o, "Transpose", TFL_IN(v[i]), TFL_ATTRS(tfl_ints(o, "perm", perm, r)));
    }
    tfl_give_real(o, 0, tfl_emit(o, "MatMul", TFL_IN(v[0], v[1]), TFL_NO_ATTRS), TFL_FILE);
}

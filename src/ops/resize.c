/* Resize, Upsample: a tensor sampled at other points.   ONNX Resize opset 10.., Upsample opset 7, 9
 *
 *   in   x       nearest: any type; linear and cubic: f32.  f32 of rank 4 also blocked when N and C
 *                stay as they are
 *        roi, scales, sizes  constant; see resize_axis.c
 *   out  in the layout of the input
 *
 * The last axis that changes is interpolated point by point (a point is all that lies inside it);
 * rows of that axis are mixed from the rows the axes before it name. */
#include <string.h>

#include "kernels/f32_mix.h"
#include "kernels/f32_taps.h"
#include "ops/resize_axis.h"

#define ROWS_MAX 512 /* rows mixed into one: cubic along three axes, antialias down to 1/255 */

typedef struct resize_state {
    oc_k_f32_mix_fn  *mix;
    oc_k_f32_taps_fn *taps;
    bool              nearest;
    float             extrapolation;
    size_t            elem; /* bytes */
    uint32_t          n_outer;
    oc_resize_axis    outer[OC_RANK_MAX]; /* outermost first; taps 0: the axis stays */
    size_t            row[OC_RANK_MAX];   /* source rows from index to index */
    oc_resize_axis    last;
    size_t            in_n, lanes; /* points of a source row, elements of a point */
} resize_state;

static oc_status resize_infer(const oc_infer *ask, oc_error *err)
{
    oc_args        a = oc_args_of_infer(ask);
    oc_resize_args r;
    size_t         total;
    oc_status      st = oc_resize_read(&a, &r, err);
    if (st != OC_OK)
        return st;
    if (r.rule.mode != OC_RESIZE_NEAREST && ask->in[0].dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s of %s, only of float32",
                       oc_node_string(a.node, "mode", "nearest"), oc_dtype_name(ask->in[0].dtype));
    if (r.rule.coord == OC_COORD_CROP && ask->in[0].dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "tf_crop_and_resize of %s, only of float32",
                       oc_dtype_name(ask->in[0].dtype));
    ask->out[0] = ask->in[0];
    for (uint32_t i = 0; i < ask->in[0].shape.rank; i++)
        ask->out[0].shape.dim[i] = r.out[i];
    if (!oc_shape_elements(&ask->out[0].shape, &total))
        return OC_FAIL(err, OC_FORMAT, "the result is too large");
    return OC_OK;
}

static bool resize_layout(oc_layout_ask *ask)
{
    oc_args        a = oc_args_of_layout(ask);
    oc_resize_args r;
    if (ask->in[0].layout != OC_LAYOUT_NC8 || oc_resize_read(&a, &r, NULL) != OC_OK)
        return false;
    const oc_shape *in = &ask->in[0].info.shape;
    /* what is put outside the picture would have to stop at C */
    bool plain_fill = r.rule.coord == OC_COORD_CROP && r.rule.extrapolation != 0.0f;
    ask->want_in[0] = ask->want_out[0] =
        oc_resize_same(&r, in, 0) && oc_resize_same(&r, in, 1) && !plain_fill;
    return ask->want_in[0];
}

static oc_status make_axes(const oc_prepare *p, const oc_resize_args *r, resize_state *s,
                           oc_error *err)
{
    oc_shape in = p->in[0].info.shape;
    uint32_t last = in.rank;
    size_t   row = 1;
    if (p->in[0].layout == OC_LAYOUT_NC8)
        in.dim[1] = (in.dim[1] + 7) / 8;
    while (last > 0 && oc_resize_same(r, &p->in[0].info.shape, last - 1))
        last--;
    last = last ? last - 1 : 0;
    s->n_outer = last;
    for (uint32_t i = last; i-- > 0; row *= (size_t)in.dim[i]) {
        s->row[i] = row;
        if (oc_resize_same(r, &p->in[0].info.shape, i)) {
            s->outer[i] = (oc_resize_axis){.n = (size_t)in.dim[i]};
            continue;
        }
        oc_status st = oc_resize_axis_make(r, &in, i, p->mem, &s->outer[i], err);
        if (st != OC_OK)
            return st;
    }
    if (in.rank == 0)
        return OC_FAIL(err, OC_UNSUPPORTED, "a scalar has nothing to resize");
    s->in_n = (size_t)in.dim[last];
    s->lanes = oc_dims_product(&in, last + 1, in.rank);
    if (p->in[0].layout == OC_LAYOUT_NC8)
        s->lanes *= 8;
    return oc_resize_axis_make(r, &in, last, p->mem, &s->last, err);
}

static oc_status resize_prepare(const oc_prepare *p, oc_error *err)
{
    resize_state  *s = p->state;
    oc_args        a = oc_args_of_prepare(p);
    oc_resize_args r;
    oc_status      st = oc_resize_read(&a, &r, err);
    if (st != OC_OK || (st = make_axes(p, &r, s, err)) != OC_OK)
        return st;
    size_t rows = 1, mixed = 1;
    for (uint32_t i = 0; i < s->n_outer; i++) {
        rows *= s->outer[i].n;
        mixed *= s->outer[i].taps ? s->outer[i].taps : 1;
    }
    if (mixed > ROWS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "more than %d rows to mix for a point", ROWS_MAX);
    s->mix = oc_k_f32_mix(p->isa);
    s->taps = oc_k_f32_taps(p->isa);
    s->nearest = r.rule.mode == OC_RESIZE_NEAREST;
    s->extrapolation = r.rule.extrapolation;
    s->elem = oc_dtype_bytes(p->in[0].info.dtype);
    size_t bytes = s->last.n * s->lanes * s->elem;
    p->work->phase[0].units = bytes ? rows : 0;
    p->work->phase[0].grain = 64 * 1024 / (bytes + 1) + 1;
    p->work->scratch_bytes = s->nearest || mixed == 1 ? 0 : s->in_n * s->lanes * sizeof(float);
    return OC_OK;
}

/* Which source rows, and how much of each, make output row `unit`.  0: it lies outside. */
static size_t rows_of(const resize_state *s, size_t unit, size_t *at, float *w)
{
    size_t n = 1;
    at[0] = 0;
    w[0] = 1.0f;
    for (uint32_t i = s->n_outer; i-- > 0;) {
        const oc_resize_axis *axis = &s->outer[i];
        size_t                k = unit % axis->n, had = n;
        unit /= axis->n;
        if (axis->outside && axis->outside[k])
            return 0;
        if (!axis->taps) {
            for (size_t j = 0; j < had; j++)
                at[j] += k * s->row[i];
            continue;
        }
        for (size_t t = axis->taps; t-- > 0;) /* the first last: it overwrites what it reads */
            for (size_t j = 0; j < had; j++) {
                at[t * had + j] = at[j] + (size_t)axis->index[k * axis->taps + t] * s->row[i];
                w[t * had + j] = w[j] * axis->w[k * axis->taps + t];
            }
        n *= axis->taps;
    }
    return n;
}

static void fill(float *y, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        y[i] = value;
}

static void pick_points(const resize_state *s, const char *src, char *dst)
{
    size_t bytes = s->lanes * s->elem;
    if (bytes == 4)
        for (size_t i = 0; i < s->last.n; i++)
            memcpy(dst + i * 4, src + (size_t)s->last.index[i] * 4, 4);
    else if (bytes == 8)
        for (size_t i = 0; i < s->last.n; i++)
            memcpy(dst + i * 8, src + (size_t)s->last.index[i] * 8, 8);
    else if (bytes == 32)
        for (size_t i = 0; i < s->last.n; i++)
            memcpy(dst + i * 32, src + (size_t)s->last.index[i] * 32, 32);
    else
        for (size_t i = 0; i < s->last.n; i++)
            memcpy(dst + i * bytes, src + (size_t)s->last.index[i] * bytes, bytes);
}

static void mix_points(const resize_state *s, size_t n_rows, const size_t *at, const float *w,
                       const float *src, float *scratch, float *dst)
{
    size_t       row = s->in_n * s->lanes;
    const float *rows[ROWS_MAX];
    oc_k_taps    taps = {s->last.n, s->lanes, s->last.taps, s->last.index, s->last.w};
    for (size_t i = 0; i < n_rows; i++)
        rows[i] = src + at[i] * row;
    if (n_rows > 1) {
        s->mix(row, n_rows, rows, w, scratch);
        rows[0] = scratch;
    }
    s->taps(&taps, rows[0], dst);
}

static void resize_run(const oc_op_run *r)
{
    const resize_state *s = r->state;
    size_t              in_row = s->in_n * s->lanes * s->elem;
    size_t              out_row = s->last.n * s->lanes * s->elem;
    size_t              at[ROWS_MAX], before = SIZE_MAX;
    float               w[ROWS_MAX];
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        char  *dst = (char *)r->out[0].data + unit * out_row;
        size_t n = rows_of(s, unit, at, w);
        if (n == 0) {
            fill((float *)(void *)dst, s->last.n * s->lanes, s->extrapolation);
            before = SIZE_MAX;
            continue;
        }
        if (s->nearest && at[0] == before)
            memcpy(dst, dst - out_row, out_row);
        else if (s->nearest)
            pick_points(s, (const char *)r->in[0].data + at[0] * in_row, dst);
        else
            mix_points(s, n, at, w, r->in[0].data, r->scratch, (float *)(void *)dst);
        before = at[0];
        for (size_t i = 0; s->last.outside && i < s->last.n; i++)
            if (s->last.outside[i])
                fill((float *)(void *)dst + i * s->lanes, s->lanes, s->extrapolation);
    }
}

const oc_op oc_op_resize = {
    .name = "Resize",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(resize_state),
    .infer = resize_infer,
    .layout = resize_layout,
    .prepare = resize_prepare,
    .run = resize_run,
};
const oc_op oc_op_upsample = {
    .name = "Upsample",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(resize_state),
    .infer = resize_infer,
    .layout = resize_layout,
    .prepare = resize_prepare,
    .run = resize_run,
};

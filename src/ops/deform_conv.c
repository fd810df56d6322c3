/* DeformConv: a convolution whose kernel points are moved by offsets computed by the network.
 * ONNX opset 19..   (Zhu et al., Deformable ConvNets v2)
 *
 *   in   x f32 [N,C,H,W], w f32 [OC,C/group,KH,KW], offset f32 [N,OG*KH*KW*2,OH,OW] (dy, dx of each
 *        kernel point), bias f32 [OC], mask f32 [N,OG*KH*KW,OH,OW] (a factor per point); the last
 *        two may be left out.  OG: offset_group, channels cut into that many parts
 *   out  f32 [N,OC,OH,OW].  Between pixels bilinear, outside zero. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/args.h"

#define LANES 8 /* output points computed together */

typedef struct deform_state {
    size_t  n, c, h, w, oc, kh, kw, oh, ow, group, offset_group;
    int64_t pad_y, pad_x, stride_y, stride_x, dilation_y, dilation_x;
} deform_state;

static int64_t int_at(const oc_node *node, const char *name, size_t i, int64_t fallback)
{
    size_t         n;
    const int64_t *list = oc_node_ints(node, name, &n);
    return list && i < n ? list[i] : fallback;
}

static oc_status check_attrs(const oc_node *node, deform_state *s, oc_error *err)
{
    int64_t group = oc_node_int(node, "group", 1), og = oc_node_int(node, "offset_group", 1);
    s->stride_y = int_at(node, "strides", 0, 1);
    s->stride_x = int_at(node, "strides", 1, 1);
    s->dilation_y = int_at(node, "dilations", 0, 1);
    s->dilation_x = int_at(node, "dilations", 1, 1);
    s->pad_y = int_at(node, "pads", 0, 0);
    s->pad_x = int_at(node, "pads", 1, 0);
    if (s->stride_y < 1 || s->stride_x < 1 || s->dilation_y < 1 || s->dilation_x < 1 || group < 1 ||
        og < 1 || s->stride_y > 1 << 20 || s->stride_x > 1 << 20 || s->dilation_y > 1 << 20 ||
        s->dilation_x > 1 << 20)
        return OC_FAIL(err, OC_FORMAT, "strides, dilations and groups must be positive");
    for (size_t i = 0; i < 4; i++)
        if (llabs(int_at(node, "pads", i, 0)) > 1 << 20)
            return OC_FAIL(err, OC_FORMAT, "a padding of %lld",
                           (long long)int_at(node, "pads", i, 0));
    s->group = (size_t)group;
    s->offset_group = (size_t)og;
    return OC_OK;
}

static int64_t out_dim(const oc_node *node, int64_t dim, int64_t k, size_t axis, int64_t stride,
                       int64_t dilation)
{
    int64_t pads = int_at(node, "pads", axis, 0) + int_at(node, "pads", axis + 2, 0);
    int64_t room = dim + pads - dilation * (k - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

static bool is_shape(const oc_tensor_info *info, const int64_t *dim, uint32_t rank)
{
    bool same = info->dtype == OC_F32 && info->shape.rank == rank;
    for (uint32_t d = 0; same && d < rank; d++)
        same = info->shape.dim[d] == dim[d];
    return same;
}

static oc_status deform_read(const oc_args *a, deform_state *s, oc_error *err)
{
    const oc_shape *x = &a->in[0]->shape, *w = &a->in[1]->shape;
    oc_status       st;
    *s = (deform_state){0};
    if ((st = oc_shape_known(a->in[0], "x", err)) != OC_OK ||
        (st = oc_shape_known(a->in[1], "w", err)) != OC_OK ||
        (st = oc_shape_known(a->in[2], "the offset", err)) != OC_OK ||
        (st = check_attrs(a->node, s, err)) != OC_OK)
        return st;
    if (a->in[0]->dtype != OC_F32 || a->in[1]->dtype != OC_F32 || x->rank != 4 || w->rank != 4)
        return OC_FAIL(err, OC_UNSUPPORTED, "only float32 of two spatial dimensions");
    int64_t groups = (int64_t)s->group, og = (int64_t)s->offset_group;
    if (w->dim[1] * groups != x->dim[1] || w->dim[0] % groups || x->dim[1] % og || w->dim[0] < 1 ||
        w->dim[2] < 1 || w->dim[3] < 1 || w->dim[2] > 1 << 16 || w->dim[3] > 1 << 16)
        return OC_FAIL(err, OC_FORMAT, "the weights do not fit %lld channels in %lld groups",
                       (long long)x->dim[1], (long long)groups);
    s->n = (size_t)x->dim[0];
    s->c = (size_t)x->dim[1];
    s->h = (size_t)x->dim[2];
    s->w = (size_t)x->dim[3];
    s->oc = (size_t)w->dim[0];
    s->kh = (size_t)w->dim[2];
    s->kw = (size_t)w->dim[3];
    s->oh = (size_t)out_dim(a->node, x->dim[2], w->dim[2], 0, s->stride_y, s->dilation_y);
    s->ow = (size_t)out_dim(a->node, x->dim[3], w->dim[3], 1, s->stride_x, s->dilation_x);
    int64_t points = og * w->dim[2] * w->dim[3];
    int64_t offset[] = {x->dim[0], points * 2, (int64_t)s->oh, (int64_t)s->ow};
    int64_t mask[] = {x->dim[0], points, (int64_t)s->oh, (int64_t)s->ow};
    int64_t bias[] = {w->dim[0]};
    if (!is_shape(a->in[2], offset, 4) || (oc_args_has(a, 3) && !is_shape(a->in[3], bias, 1)) ||
        (oc_args_has(a, 4) && !is_shape(a->in[4], mask, 4)))
        return OC_FAIL(err, OC_FORMAT, "offset, bias or mask do not fit an output of %zux%zu",
                       s->oh, s->ow);
    return OC_OK;
}

static oc_status deform_infer(const oc_infer *ask, oc_error *err)
{
    oc_args      a = oc_args_of_infer(ask);
    deform_state s;
    oc_status    st = deform_read(&a, &s, err);
    if (st == OC_OK)
        ask->out[0] = (oc_tensor_info){
            OC_F32, {4, {(int64_t)s.n, (int64_t)s.oc, (int64_t)s.oh, (int64_t)s.ow}}};
    return st;
}

static oc_status deform_prepare(const oc_prepare *p, oc_error *err)
{
    deform_state *s = p->state;
    oc_args       a = oc_args_of_prepare(p);
    oc_status     st = deform_read(&a, s, err);
    if (st != OC_OK)
        return st;
    size_t points = s->n * s->oh * s->ow, column = s->c * s->kh * s->kw;
    p->work->phase[0].units = (points + LANES - 1) / LANES;
    p->work->phase[0].grain = 1;
    p->work->scratch_bytes = column * LANES * sizeof(float);
    p->work->flops = 2.0 * (double)points * (double)s->oc * (double)(column / s->group);
    return OC_OK;
}

/* Bilinear weights of the four pixels around a place; at -1: none. */
typedef struct tap {
    ptrdiff_t at[4];
    float     w[4];
} tap;

static tap tap_of(const deform_state *s, float y, float x, float factor)
{
    tap   t = {{-1, -1, -1, -1}, {0}};
    float h = (float)s->h, w = (float)s->w;
    if (!(y > -1.0f && x > -1.0f && y < h && x < w))
        return t;
    float     y0 = floorf(y), x0 = floorf(x), fy = y - y0, fx = x - x0;
    ptrdiff_t iy = (ptrdiff_t)y0, ix = (ptrdiff_t)x0;
    for (int k = 0; k < 4; k++) {
        ptrdiff_t yy = iy + (k >> 1), xx = ix + (k & 1);
        if (yy < 0 || xx < 0 || yy >= (ptrdiff_t)s->h || xx >= (ptrdiff_t)s->w)
            continue;
        t.at[k] = yy * (ptrdiff_t)s->w + xx;
        t.w[k] = factor * (k >> 1 ? fy : 1.0f - fy) * (k & 1 ? fx : 1.0f - fx);
    }
    return t;
}

/* What the kernel sees at one output point: column[channel][kernel point][lane]. */
static void fill_column(const oc_op_run *r, const deform_state *s, size_t point, size_t lane,
                        float *column)
{
    size_t plane = s->oh * s->ow, n = point / plane, at = point % plane, k_all = s->kh * s->kw;
    size_t c_part = s->c / s->offset_group;
    const float *offset =
        (const float *)r->in[2].data + n * s->offset_group * k_all * 2 * plane + at;
    const float *mask = r->n_in > 4 ? r->in[4].data : NULL;
    const float *x = (const float *)r->in[0].data + n * s->c * s->h * s->w;
    for (size_t og = 0; og < s->offset_group; og++) {
        for (size_t k = 0; k < k_all; k++) {
            size_t q = og * k_all + k;
            float  y = (float)((int64_t)(at / s->ow) * s->stride_y - s->pad_y +
                              (int64_t)(k / s->kw) * s->dilation_y) +
                      offset[2 * q * plane];
            float xx = (float)((int64_t)(at % s->ow) * s->stride_x - s->pad_x +
                               (int64_t)(k % s->kw) * s->dilation_x) +
                       offset[(2 * q + 1) * plane];
            tap t = tap_of(s, y, xx,
                           mask ? mask[(n * s->offset_group * k_all + q) * plane + at] : 1.0f);
            for (size_t c = og * c_part; c < (og + 1) * c_part; c++) {
                const float *from = x + c * s->h * s->w;
                float        sum = 0.0f;
                for (int i = 0; i < 4; i++)
                    if (t.at[i] >= 0)
                        sum += t.w[i] * from[t.at[i]];
                column[(c * k_all + k) * LANES + lane] = sum;
            }
        }
    }
}

static void multiply(const oc_op_run *r, const deform_state *s, size_t first, size_t lanes,
                     const float *column)
{
    size_t       k = s->c / s->group * s->kh * s->kw, plane = s->oh * s->ow;
    const float *bias = r->n_in > 3 ? r->in[3].data : NULL;
    float       *out = r->out[0].data;
    for (size_t o = 0; o < s->oc; o++) {
        const float *w = (const float *)r->in[1].data + o * k;
        const float *from = column + o / (s->oc / s->group) * k * LANES;
        float        acc[LANES];
        for (size_t l = 0; l < LANES; l++)
            acc[l] = bias ? bias[o] : 0.0f;
        for (size_t i = 0; i < k; i++)
            for (size_t l = 0; l < LANES; l++)
                acc[l] += w[i] * from[i * LANES + l];
        for (size_t l = 0; l < lanes; l++) {
            size_t point = first + l;
            out[(point / plane * s->oc + o) * plane + point % plane] = acc[l];
        }
    }
}

static void deform_run(const oc_op_run *r)
{
    const deform_state *s = r->state;
    size_t              points = s->n * s->oh * s->ow;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t first = unit * LANES, lanes = points - first < LANES ? points - first : LANES;
        memset(r->scratch, 0, s->c * s->kh * s->kw * LANES * sizeof(float));
        for (size_t l = 0; l < lanes; l++)
            fill_column(r, s, first + l, l, r->scratch);
        multiply(r, s, first, lanes, r->scratch);
    }
}

const oc_op oc_op_deform_conv = {
    .name = "DeformConv",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 5,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(deform_state),
    .infer = deform_infer,
    .prepare = deform_prepare,
    .run = deform_run,
};

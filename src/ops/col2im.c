/* Col2Im: columns of overlapping blocks added up to a picture (PyTorch's fold).   ONNX opset 18..
 *
 *   in   x f32 [N,C*K,L] (K: points of a block, L: blocks), picture's shape and block's shape as
 *        constants int64 [D]
 *   dilations, pads, strides
 *   out  f32 [N,C,D1..Dd] */
#include <string.h>

#include "ops/args.h"

typedef struct col_state {
    uint32_t dims;
    int64_t  size[OC_RANK_MAX], block[OC_RANK_MAX], blocks[OC_RANK_MAX];
    int64_t  stride[OC_RANK_MAX], dilation[OC_RANK_MAX], pad[OC_RANK_MAX];
    size_t   pixels, k, l;
} col_state;

static int64_t int_at(const oc_node *node, const char *name, size_t i, int64_t fallback)
{
    size_t         n;
    const int64_t *list = oc_node_ints(node, name, &n);
    return list && i < n ? list[i] : fallback;
}

static oc_status read_axis(const oc_node *node, col_state *s, uint32_t d, oc_error *err)
{
    int64_t end = int_at(node, "pads", d + s->dims, 0);
    s->stride[d] = int_at(node, "strides", d, 1);
    s->dilation[d] = int_at(node, "dilations", d, 1);
    s->pad[d] = int_at(node, "pads", d, 0);
    const int64_t most = 1 << 20;
    if (s->stride[d] < 1 || s->stride[d] > most || s->dilation[d] < 1 || s->dilation[d] > most ||
        s->pad[d] < 0 || s->pad[d] > most || end < 0 || end > most || s->size[d] < 1 ||
        s->size[d] > INT32_MAX || s->block[d] < 1 || s->block[d] > most)
        return OC_FAIL(err, OC_FORMAT, "axis %u: size, block, stride, dilation or padding", d);
    int64_t room = s->size[d] + s->pad[d] + end - s->dilation[d] * (s->block[d] - 1) - 1;
    s->blocks[d] = room < 0 ? 0 : room / s->stride[d] + 1;
    return OC_OK;
}

static oc_status col_read(const oc_args *a, col_state *s, oc_error *err)
{
    size_t    n = 0, m = 0;
    oc_status st = oc_shape_known(a->in[0], "x", err);
    *s = (col_state){.pixels = 1, .k = 1, .l = 1};
    if (st != OC_OK ||
        (st = oc_args_ints(a, 1, "image_shape", s->size, OC_RANK_MAX - 2, &n, err)) != OC_OK ||
        (st = oc_args_ints(a, 2, "block_shape", s->block, OC_RANK_MAX - 2, &m, err)) != OC_OK)
        return st;
    if (a->in[0]->dtype != OC_F32 || a->in[0]->shape.rank != 3)
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s of rank %u, only float32 [N,C*K,L]",
                       oc_dtype_name(a->in[0]->dtype), a->in[0]->shape.rank);
    if (n == 0 || n != m)
        return OC_FAIL(err, OC_FORMAT, "a picture of %zu dimensions, blocks of %zu", n, m);
    s->dims = (uint32_t)n;
    for (uint32_t d = 0; d < s->dims; d++) {
        if ((st = read_axis(a->node, s, d, err)) != OC_OK)
            return st;
        if (__builtin_mul_overflow(s->pixels, (size_t)s->size[d], &s->pixels) ||
            __builtin_mul_overflow(s->k, (size_t)s->block[d], &s->k) ||
            __builtin_mul_overflow(s->l, (size_t)s->blocks[d], &s->l))
            return OC_FAIL(err, OC_FORMAT, "the picture is too large");
    }
    if ((size_t)a->in[0]->shape.dim[1] % s->k || (size_t)a->in[0]->shape.dim[2] != s->l)
        return OC_FAIL(err, OC_FORMAT, "x has %lldx%lld, must be a multiple of %zu and %zu blocks",
                       (long long)a->in[0]->shape.dim[1], (long long)a->in[0]->shape.dim[2], s->k,
                       s->l);
    return OC_OK;
}

static oc_status col_infer(const oc_infer *ask, oc_error *err)
{
    oc_args   a = oc_args_of_infer(ask);
    col_state s;
    oc_status st = col_read(&a, &s, err);
    if (st != OC_OK)
        return st;
    ask->out[0] = (oc_tensor_info){
        OC_F32, {s.dims + 2, {ask->in[0].shape.dim[0], ask->in[0].shape.dim[1] / (int64_t)s.k}}};
    for (uint32_t d = 0; d < s.dims; d++)
        ask->out[0].shape.dim[d + 2] = s.size[d];
    return OC_OK;
}

static oc_status col_prepare(const oc_prepare *p, oc_error *err)
{
    col_state *s = p->state;
    oc_args    a = oc_args_of_prepare(p);
    oc_status  st = col_read(&a, s, err);
    if (st != OC_OK)
        return st;
    p->work->phase[0].units =
        (size_t)p->in[0].info.shape.dim[0] * ((size_t)p->in[0].info.shape.dim[1] / s->k);
    p->work->phase[0].grain = 16384 / (s->k * s->l + 1) + 1;
    return OC_OK;
}

/* Where point k of block l falls; false: outside. */
static bool place(const col_state *s, size_t k, size_t l, size_t *at)
{
    size_t step = 1;
    *at = 0;
    for (uint32_t d = s->dims; d-- > 0;) {
        int64_t block = (int64_t)(l % (size_t)s->blocks[d]);
        int64_t point = (int64_t)(k % (size_t)s->block[d]);
        int64_t x = block * s->stride[d] + point * s->dilation[d] - s->pad[d];
        if (x < 0 || x >= s->size[d])
            return false;
        *at += (size_t)x * step;
        step *= (size_t)s->size[d];
        l /= (size_t)s->blocks[d];
        k /= (size_t)s->block[d];
    }
    return true;
}

static void col_run(const oc_op_run *r)
{
    const col_state *s = r->state;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        const float *from = (const float *)r->in[0].data + unit * s->k * s->l;
        float       *to = (float *)r->out[0].data + unit * s->pixels;
        memset(to, 0, s->pixels * sizeof(*to));
        for (size_t k = 0; k < s->k; k++)
            for (size_t l = 0; l < s->l; l++) {
                size_t at;
                if (place(s, k, l, &at))
                    to[at] += from[k * s->l + l];
            }
    }
}

const oc_op oc_op_col2im = {
    .name = "Col2Im",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(col_state),
    .infer = col_infer,
    .prepare = col_prepare,
    .run = col_run,
};

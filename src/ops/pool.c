/* MaxPool, AveragePool, LpPool: a window slides over one to three spatial dimensions.
 * ONNX opset 1..
 *
 *   in   x      [N,C,D1..Dn]; floats, MaxPool also integers
 *   out  y      [N,C,O1..On]
 *        index  (MaxPool, optional) int64: where in x each maximum was, as a flat index
 *
 *   O = floor_or_ceil((D + pads - ((k - 1) dilation + 1)) / stride) + 1; with ceil_mode a last
 * window that would start beyond the input and its leading padding is left out.  f32 of two spatial
 * dimensions without indices runs blocked when its input is. */
#include <string.h>

#include "kernels/any_pool.h"
#include "kernels/f32_pool8.h"
#include "kernels/u8_max8.h"
#include "ops/args.h"
#include "ops/op.h"

#define GRAIN_TAPS 65536 /* additions or comparisons of single lanes per range */

typedef struct pool_state {
    oc_pool_shape      shape;
    oc_pool8           pool8;
    oc_k_f32_pool8_fn *f32; /* blocked */
    oc_k_any_pool_fn  *any;
    size_t             in_plane, bytes; /* elements of a channel */
    oc_k_u8_max8_fn   *max8;            /* blocked bytes */
} pool_state;

/* The values of an attribute along the spatial dimension d, of `n` there. */
static int64_t along(const oc_node *node, const char *name, uint32_t d, int64_t fallback)
{
    size_t         n = 0;
    const int64_t *ints = oc_node_ints(node, name, &n);

    return d < n ? ints[d] : fallback;
}

static oc_status check_lengths(const oc_node *node, uint32_t spatial, oc_error *err)
{
    static const struct {
        const char *name;
        uint32_t    times;
    } lists[] = {{"kernel_shape", 1}, {"strides", 1}, {"dilations", 1}, {"pads", 2}};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        size_t n = 0;

        oc_node_ints(node, lists[i].name, &n);
        if (n != spatial * lists[i].times && (n || i == 0))
            return OC_FAIL(err, OC_FORMAT, "%s has %zu values for %u spatial dimensions",
                           lists[i].name, n, spatial);
    }
    return OC_OK;
}

/* Everything about spatial dimension d of the node, which becomes dimension `to` of the shape. */
static oc_status set_dimension(const oc_node *node, int64_t in, uint32_t d, uint32_t spatial,
                               uint32_t to, oc_pool_shape *p, oc_error *err)
{
    const char   *auto_pad = oc_node_string(node, "auto_pad", "NOTSET");
    const bool    ceil_mode = oc_node_int(node, "ceil_mode", 0) != 0;
    const int64_t k = along(node, "kernel_shape", d, 1), s = along(node, "strides", d, 1);
    const int64_t dil = along(node, "dilations", d, 1), limit = INT32_MAX;
    int64_t       begin = along(node, "pads", d, 0), end = along(node, "pads", d + spatial, 0);
    int64_t       reach, out, room;

    if (k < 1 || s < 1 || dil < 1 || begin < 0 || end < 0 || in < 0 || k > limit || s > limit ||
        dil > limit || begin > limit || end > limit || in > limit || (k - 1) * dil >= limit)
        return OC_FAIL(err, OC_FORMAT,
                       "dimension %u: kernel %lld, stride %lld, dilation %lld, pads %lld and %lld",
                       d, (long long)k, (long long)s, (long long)dil, (long long)begin,
                       (long long)end);
    reach = (k - 1) * dil + 1;
    if (strncmp(auto_pad, "SAME", 4) == 0) {
        out = (in + s - 1) / s;
        room = (out - 1) * s + reach - in;
        room = room < 0 ? 0 : room;
        begin = strcmp(auto_pad, "SAME_LOWER") == 0 ? room - room / 2 : room / 2;
        end = room - begin;
    } else {
        if (strcmp(auto_pad, "VALID") == 0)
            begin = end = 0;
        room = in + begin + end - reach;
        if (room < 0)
            return OC_FAIL(err, OC_FORMAT, "dimension %u: window %lld exceeds padded input %lld", d,
                           (long long)reach, (long long)(in + begin + end));
        out = (ceil_mode ? room + s - 1 : room) / s + 1;
        if (ceil_mode && (out - 1) * s >= in + begin)
            out--;
    }
    p->in[to] = in;
    p->out[to] = out;
    p->k[to] = k;
    p->stride[to] = s;
    p->dil[to] = dil;
    p->pad_begin[to] = begin;
    p->pad_end[to] = end;
    return OC_OK;
}

static oc_status shape_of(const oc_node *node, const oc_tensor_info *x, oc_pool_shape *p,
                          oc_error *err)
{
    const uint32_t rank = x->shape.rank, spatial = rank - 2;
    oc_status      st;

    if (rank < 3 || rank > 5)
        return OC_FAIL(err, OC_UNSUPPORTED, "input has rank %u, only 3 to 5", rank);
    if ((st = check_lengths(node, spatial, err)) != OC_OK)
        return st;
    memset(p, 0, sizeof(*p));
    p->kind = strcmp(node->op_type, "MaxPool") == 0       ? OC_POOL_MAX
              : strcmp(node->op_type, "AveragePool") == 0 ? OC_POOL_AVG
                                                          : OC_POOL_LP;
    p->include_pad = oc_node_int(node, "count_include_pad", 0) != 0;
    p->column_major = oc_node_int(node, "storage_order", 0) != 0;
    p->p = (double)oc_node_int(node, "p", 2);
    for (uint32_t d = 0; d < 3 - spatial; d++) {
        p->in[d] = p->out[d] = p->k[d] = p->stride[d] = p->dil[d] = 1;
        p->pad_begin[d] = p->pad_end[d] = 0;
    }
    for (uint32_t d = 0; d < spatial; d++)
        if ((st = set_dimension(node, x->shape.dim[d + 2], d, spatial, d + 3 - spatial, p, err)) !=
            OC_OK)
            return st;
    return OC_OK;
}

static oc_status pool_infer(const oc_infer *ask, oc_error *err)
{
    oc_pool_shape p;
    oc_status     st = oc_shape_known(&ask->in[0], "the input", err);

    if (st != OC_OK || (st = shape_of(ask->node, &ask->in[0], &p, err)) != OC_OK)
        return st;
    if (!oc_k_any_pool(p.kind, ask->in[0].dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s", oc_dtype_name(ask->in[0].dtype));
    ask->out[0] = ask->in[0];
    for (uint32_t d = 2; d < ask->in[0].shape.rank; d++)
        ask->out[0].shape.dim[d] = p.out[d + 3 - ask->in[0].shape.rank];
    if (ask->n_out > 1) {
        ask->out[1] = ask->out[0];
        ask->out[1].dtype = OC_I64;
    }
    return OC_OK;
}

static bool pool_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8 || ask->n_out > 1 ||
        strcmp(ask->node->op_type, "LpPool") == 0)
        return false;
    if (ask->in[0].info.dtype != OC_F32 && strcmp(ask->node->op_type, "MaxPool") != 0)
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static oc_pool8 pool8_of(const oc_pool_shape *p)
{
    return (oc_pool8){
        .average = p->kind == OC_POOL_AVG,
        .include_pad = p->include_pad,
        .in_h = p->in[1],
        .in_w = p->in[2],
        .out_w = p->out[2],
        .k_h = p->k[1],
        .k_w = p->k[2],
        .stride_h = p->stride[1],
        .stride_w = p->stride[2],
        .dil_h = p->dil[1],
        .dil_w = p->dil[2],
        .pad_t = p->pad_begin[1],
        .pad_l = p->pad_begin[2],
        .pad_b = p->pad_end[1],
        .pad_r = p->pad_end[2],
    };
}

static oc_status pool_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    pool_state     *s = p->state;
    size_t          channels, row;
    oc_status       st;

    if ((st = shape_of(p->node, &p->in[0].info, &s->shape, err)) != OC_OK)
        return st;
    channels = (size_t)x->dim[0] * (size_t)x->dim[1];
    s->any = oc_k_any_pool(s->shape.kind, p->in[0].info.dtype);
    s->bytes = oc_dtype_bytes(p->in[0].info.dtype);
    s->in_plane = oc_dims_product(x, 2, x->rank);
    row = (size_t)s->shape.out[2] * (size_t)(s->shape.k[0] * s->shape.k[1] * s->shape.k[2]);
    if (p->out[0].layout == OC_LAYOUT_NC8) {
        channels = (size_t)x->dim[0] * (((size_t)x->dim[1] + 7) / 8);
        s->f32 = oc_k_f32_pool8(p->isa);
        s->pool8 = pool8_of(&s->shape);
        if (s->bytes == 1) {
            s->max8 = oc_k_u8_max8(p->isa);
            p->work->scratch_bytes = oc_max8_row(&s->pool8);
        }
        row *= 4; /* eight lanes at a time, each as dear as half a scalar */
    }
    p->work->phase[0].units = channels * (size_t)s->shape.out[0] * (size_t)s->shape.out[1];
    p->work->phase[0].grain = row < GRAIN_TAPS ? GRAIN_TAPS / (row + 1) : 1;
    return OC_OK;
}

/* Lanes beyond C: zeros in, so zeros out, but for windows without any tap. */
static void run_blocked(const pool_state *s, const oc_op_run *r)
{
    const size_t rows = (size_t)s->shape.out[1],
                 blocks = ((size_t)r->in[0].info.shape.dim[1] + 7) / 8;
    const size_t used = (size_t)r->in[0].info.shape.dim[1] % 8;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const size_t block = u / rows;
        float       *y = (float *)r->out[0].data + u * (size_t)s->shape.out[2] * 8;

        s->f32(&s->pool8, u % rows, (const float *)r->in[0].data + block * s->in_plane * 8, y);
        if (used && block % blocks == blocks - 1)
            for (ptrdiff_t ox = 0; ox < s->shape.out[2]; ox++)
                memset(y + ox * 8 + used, 0, (8 - used) * sizeof(*y));
    }
}

static void run_blocked_bytes(const pool_state *s, const oc_op_run *r)
{
    const size_t rows = (size_t)s->shape.out[1];
    for (size_t u = r->part.begin; u < r->part.end; u++)
        s->max8(&s->pool8, u % rows, (const uint8_t *)r->in[0].data + u / rows * s->in_plane * 8,
                r->scratch, (uint8_t *)r->out[0].data + u * (size_t)s->shape.out[2] * 8);
}

static void pool_run(const oc_op_run *r)
{
    const pool_state *s = r->state;
    const size_t      rows = (size_t)s->shape.out[0] * (size_t)s->shape.out[1];
    const size_t      width = (size_t)s->shape.out[2];
    int64_t          *index = r->n_out > 1 ? r->out[1].data : NULL;

    if (s->max8) {
        run_blocked_bytes(s, r);
        return;
    }
    if (s->f32) {
        run_blocked(s, r);
        return;
    }
    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const size_t    channel = u / rows, row = u % rows;
        const ptrdiff_t at[2] = {(ptrdiff_t)row / s->shape.out[1],
                                 (ptrdiff_t)row % s->shape.out[1]};
        const size_t    first = channel * s->in_plane;

        s->any(&s->shape, at, (const char *)r->in[0].data + first * s->bytes,
               (char *)r->out[0].data + u * width * s->bytes, index ? index + u * width : NULL);
        for (size_t i = 0; index && i < width; i++)
            if (index[u * width + i] >= 0)
                index[u * width + i] += (int64_t)first;
    }
}

#define POOL(symbol, text, outputs)       \
    const oc_op oc_op_##symbol = {        \
        .name = text,                     \
        .domain = "",                     \
        .n_in_min = 1,                    \
        .n_in_max = 1,                    \
        .n_out_min = 1,                   \
        .n_out_max = (outputs),           \
        .flags = OC_OP_NC8_BYTES,         \
        .state_size = sizeof(pool_state), \
        .infer = pool_infer,              \
        .layout = pool_layout,            \
        .prepare = pool_prepare,          \
        .run = pool_run,                  \
    }

POOL(max_pool, "MaxPool", 2);
POOL(average_pool, "AveragePool", 1);
POOL(lp_pool, "LpPool", 1);

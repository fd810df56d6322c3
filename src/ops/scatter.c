/* Scatter, ScatterElements, ScatterND: a copy of the data with some elements written anew.
 *   ONNX Scatter opset 9, ScatterElements opset 11.., ScatterND opset 11..
 *
 *   in   data     any type (reductions: f32, f64, i32, i64, u8, i8); plain
 *        indices  int32 or int64; constant ones are checked, others clamped
 *        updates  of data's type
 *   reduction  none, add, mul, max, min; updates of one place are applied in their order
 *   out  of data's shape */
#include <string.h>

#include "ops/args.h"
#include "ops/index.h"

typedef enum scatter_how { HOW_NONE, HOW_ADD, HOW_MUL, HOW_MAX, HOW_MIN } scatter_how;

typedef struct scatter_state {
    scatter_how how;
    bool        nd;
    uint32_t    axis, k;
    int64_t     dim[OC_RANK_MAX];
    size_t      step[OC_RANK_MAX]; /* elements */
    size_t      elem, run;         /* bytes of an element; elements written at one place */
    size_t      places;
} scatter_state;

static oc_status read_how(const oc_node *node, oc_dtype dtype, scatter_how *how, oc_error *err)
{
    static const char *const names[] = {"none", "add", "mul", "max", "min"};
    const char              *text = oc_node_string(node, "reduction", "none");
    int                      i = 0;
    while (i < 5 && strcmp(text, names[i]) != 0)
        i++;
    if (i == 5)
        return OC_FAIL(err, OC_UNSUPPORTED, "reduction '%s'", text);
    *how = (scatter_how)i;
    if (i && dtype != OC_F32 && dtype != OC_F64 && dtype != OC_I32 && dtype != OC_I64 &&
        dtype != OC_U8 && dtype != OC_I8)
        return OC_FAIL(err, OC_UNSUPPORTED, "reduction '%s' of %s", text, oc_dtype_name(dtype));
    return OC_OK;
}

static oc_status check_inputs(const oc_infer *ask, oc_error *err)
{
    scatter_how how;
    oc_status   st;
    if ((st = oc_shape_known(&ask->in[0], "the data", err)) != OC_OK ||
        (st = oc_index_check(&ask->in[1], err)) != OC_OK ||
        (st = oc_shape_known(&ask->in[2], "the updates", err)) != OC_OK ||
        (st = read_how(ask->node, ask->in[0].dtype, &how, err)) != OC_OK)
        return st;
    if (ask->in[0].dtype != ask->in[2].dtype)
        return OC_FAIL(err, OC_FORMAT, "the data are %s, the updates %s",
                       oc_dtype_name(ask->in[0].dtype), oc_dtype_name(ask->in[2].dtype));
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static oc_status elements_infer(const oc_infer *ask, oc_error *err)
{
    uint32_t  axis;
    oc_status st = check_inputs(ask, err);
    if (st != OC_OK)
        return st;
    const oc_shape *in = &ask->in[0].shape, *index = &ask->in[1].shape;
    if ((st = oc_axis(oc_node_int(ask->node, "axis", 0), in->rank, &axis, err)) != OC_OK)
        return st;
    if (in->rank != index->rank || !oc_shape_equal(index, &ask->in[2].shape))
        return OC_FAIL(err, OC_FORMAT,
                       "ranks of data and indices or shapes of indices and updates "
                       "differ");
    for (uint32_t i = 0; i < in->rank; i++)
        if (i != axis && index->dim[i] > in->dim[i])
            return OC_FAIL(err, OC_FORMAT, "axis %u: %lld indices for %lld elements", i,
                           (long long)index->dim[i], (long long)in->dim[i]);
    return OC_OK;
}

static oc_status nd_infer(const oc_infer *ask, oc_error *err)
{
    oc_shape  want = {0};
    oc_status st = check_inputs(ask, err);
    if (st != OC_OK)
        return st;
    const oc_shape *in = &ask->in[0].shape, *index = &ask->in[1].shape;
    int64_t         k = index->rank ? index->dim[index->rank - 1] : 0;
    if (k < 1 || k > (int64_t)in->rank || index->rank - 1 + in->rank - k > OC_RANK_MAX)
        return OC_FAIL(err, OC_FORMAT, "places of %lld coordinates in data of rank %u",
                       (long long)k, in->rank);
    for (uint32_t i = 0; i + 1 < index->rank; i++)
        want.dim[want.rank++] = index->dim[i];
    for (uint32_t i = (uint32_t)k; i < in->rank; i++)
        want.dim[want.rank++] = in->dim[i];
    if (!oc_shape_equal(&want, &ask->in[2].shape))
        return OC_FAIL(err, OC_FORMAT, "the shape of the updates does not follow from the indices");
    return OC_OK;
}

static void common_prepare(const oc_prepare *p, scatter_state *s)
{
    ptrdiff_t step[OC_RANK_MAX];
    s->elem = oc_dtype_bytes(p->in[0].info.dtype);
    oc_strides(&p->in[0].info.shape, 1, step);
    for (uint32_t i = 0; i < p->in[0].info.shape.rank; i++) {
        s->step[i] = (size_t)step[i];
        s->dim[i] = p->in[0].info.shape.dim[i];
    }
    size_t n = oc_elements(&p->in[0].info);
    p->work->n_phases = 2;
    p->work->phase[0].units = n;
    p->work->phase[0].grain = 32 * 1024;
    /* one range: updates of one place must come in their order */
    p->work->phase[1].units = n && s->places ? 1 : 0;
    p->work->phase[1].grain = 1;
}

static oc_status elements_prepare(const oc_prepare *p, oc_error *err)
{
    scatter_state  *s = p->state;
    const oc_shape *in = &p->in[0].info.shape;
    oc_status       st = read_how(p->node, p->in[0].info.dtype, &s->how, err);
    if (st != OC_OK ||
        (st = oc_axis(oc_node_int(p->node, "axis", 0), in->rank, &s->axis, err)) != OC_OK ||
        (st = oc_index_check_range(&p->in[1], in->dim[s->axis], err)) != OC_OK)
        return st;
    s->run = 1;
    s->places = oc_elements(&p->in[1].info);
    common_prepare(p, s);
    return OC_OK;
}

static oc_status nd_prepare(const oc_prepare *p, oc_error *err)
{
    scatter_state  *s = p->state;
    const oc_shape *in = &p->in[0].info.shape, *index = &p->in[1].info.shape;
    oc_status       st = read_how(p->node, p->in[0].info.dtype, &s->how, err);
    if (st != OC_OK)
        return st;
    s->nd = true;
    s->k = (uint32_t)index->dim[index->rank - 1];
    s->run = oc_dims_product(in, s->k, in->rank);
    s->places = oc_dims_product(index, 0, index->rank - 1);
    common_prepare(p, s);
    size_t n = p->in[1].data ? oc_elements(&p->in[1].info) : 0;
    for (size_t i = 0; i < n; i++) {
        int64_t dim = s->dim[i % s->k];
        int64_t x = p->in[1].info.dtype == OC_I64 ? ((const int64_t *)p->in[1].data)[i]
                                                  : ((const int32_t *)p->in[1].data)[i];
        if (x < -dim || x >= dim)
            return OC_FAIL(err, OC_FORMAT, "index %zu is %lld, the axis has %lld", i, (long long)x,
                           (long long)dim);
    }
    return OC_OK;
}

/* Integer sums and products wrap: they are taken in the unsigned type of the same width. */
#define APPLY(name, type, wrap)                                                 \
    static void apply_##name(scatter_how how, type *y, const type *x, size_t n) \
    {                                                                           \
        for (size_t i = 0; i < n; i++) {                                        \
            type a = y[i], b = x[i];                                            \
            y[i] = how == HOW_ADD   ? (type)((wrap)a + (wrap)b)                 \
                   : how == HOW_MUL ? (type)((wrap)a * (wrap)b)                 \
                   : how == HOW_MAX ? (a > b ? a : b)                           \
                                    : (a < b ? a : b);                          \
        }                                                                       \
    }
APPLY(f32, float, float)
APPLY(f64, double, double)
APPLY(i32, int32_t, uint32_t)
APPLY(i64, int64_t, uint64_t)
APPLY(u8, uint8_t, uint32_t)
APPLY(i8, int8_t, uint32_t)
#undef APPLY

static void apply(const scatter_state *s, oc_dtype dtype, char *y, const char *x)
{
    void       *to = y;
    const void *from = x;
    if (s->how == HOW_NONE) {
        memcpy(to, from, s->run * s->elem);
        return;
    }
    switch (dtype) {
    case OC_F32: apply_f32(s->how, to, from, s->run); break;
    case OC_F64: apply_f64(s->how, to, from, s->run); break;
    case OC_I32: apply_i32(s->how, to, from, s->run); break;
    case OC_I64: apply_i64(s->how, to, from, s->run); break;
    case OC_U8: apply_u8(s->how, to, from, s->run); break;
    default: apply_i8(s->how, to, from, s->run); break;
    }
}

static size_t place_of(const scatter_state *s, const oc_tensor_view *index, size_t i)
{
    size_t at = 0;
    if (s->nd) {
        for (uint32_t d = 0; d < s->k; d++)
            at += (size_t)oc_index_at(index, i * s->k + d, s->dim[d]) * s->step[d];
        return at;
    }
    size_t left = i;
    for (uint32_t d = index->info.shape.rank; d-- > 0; left /= (size_t)index->info.shape.dim[d]) {
        size_t k = left % (size_t)index->info.shape.dim[d];
        if (d == s->axis)
            k = (size_t)oc_index_at(index, i, s->dim[d]);
        at += k * s->step[d];
    }
    return at;
}

static void scatter_run(const oc_op_run *r)
{
    const scatter_state *s = r->state;
    char                *y = r->out[0].data;
    if (r->phase == 0) {
        size_t at = r->part.begin * s->elem;
        memcpy(y + at, (const char *)r->in[0].data + at, (r->part.end - r->part.begin) * s->elem);
        return;
    }
    for (size_t i = 0; i < s->places && r->part.begin < r->part.end; i++)
        apply(s, r->in[0].info.dtype, y + place_of(s, &r->in[1], i) * s->elem,
              (const char *)r->in[2].data + i * s->run * s->elem);
}

#define SCATTER(symbol, text, kind)          \
    const oc_op oc_op_##symbol = {           \
        .name = text,                        \
        .domain = "",                        \
        .n_in_min = 3,                       \
        .n_in_max = 3,                       \
        .n_out_min = 1,                      \
        .n_out_max = 1,                      \
        .state_size = sizeof(scatter_state), \
        .infer = kind##_infer,               \
        .prepare = kind##_prepare,           \
        .run = scatter_run,                  \
    }
SCATTER(scatter, "Scatter", elements);
SCATTER(scatter_elements, "ScatterElements", elements);
SCATTER(scatter_nd, "ScatterND", nd);

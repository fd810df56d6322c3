/* TopK: the k largest (or smallest) elements along an axis, and where they were.   ONNX opset 1..
 *
 *   in   x  f32, f64, i32, i64, u8 or i8; plain
 *        k  constant int64 (opset 10; an attribute before); at most the axis' length
 *   out  values, indices (int64); equal elements in the order of their indices, lowest first
 *
 * The result is sorted whether or not `sorted` asks for it.  NaN counts as the largest. */
#include <math.h>
#include <string.h>

#include "ops/args.h"

typedef struct topk_state {
    size_t dim, k, inner;
    bool   largest;
    void (*row)(const struct topk_state *s, const void *x, size_t stride, int64_t *heap);
} topk_state;

static oc_status read_args(const oc_args *a, uint32_t *axis, int64_t *k, oc_error *err)
{
    oc_status st = oc_shape_known(a->in[0], "the input", err);
    if (st != OC_OK ||
        (st = oc_axis(oc_node_int(a->node, "axis", -1), a->in[0]->shape.rank, axis, err)) != OC_OK)
        return st;
    *k = oc_node_int(a->node, "k", -1);
    if (oc_args_has(a, 1) && (st = oc_args_int(a, 1, "k", k, err)) != OC_OK)
        return st;
    if (*k < 0 || *k > a->in[0]->shape.dim[*axis])
        return OC_FAIL(err, OC_FORMAT, "k is %lld, the axis has %lld", (long long)*k,
                       (long long)a->in[0]->shape.dim[*axis]);
    return OC_OK;
}

static oc_status topk_infer(const oc_infer *ask, oc_error *err)
{
    oc_args   a = oc_args_of_infer(ask);
    uint32_t  axis;
    int64_t   k;
    oc_status st = read_args(&a, &axis, &k, err);
    if (st != OC_OK)
        return st;
    for (uint32_t i = 0; i < ask->n_out; i++) {
        ask->out[i] = ask->in[0];
        ask->out[i].shape.dim[axis] = k;
    }
    if (ask->n_out > 1)
        ask->out[1].dtype = OC_I64;
    return OC_OK;
}

/* A heap of indices whose root is the worst of the kept; `better` is a strict order, so the result
 * does not depend on how the heap came about. */
#define ROW(name, type, is_nan)                                                                    \
    static inline bool better_##name(const topk_state *s, const type *x, size_t stride, int64_t i, \
                                     int64_t j)                                                    \
    {                                                                                              \
        type a = x[(size_t)i * stride], b = x[(size_t)j * stride];                                 \
        if (is_nan(a) || is_nan(b)) {                                                              \
            bool na = is_nan(a), nb = is_nan(b);                                                   \
            return na == nb ? i < j : na == s->largest;                                            \
        }                                                                                          \
        if (a != b)                                                                                \
            return s->largest ? a > b : a < b;                                                     \
        return i < j;                                                                              \
    }                                                                                              \
    static void sink_##name(const topk_state *s, const type *x, size_t stride, int64_t *heap,      \
                            size_t n, size_t at)                                                   \
    {                                                                                              \
        for (size_t child; (child = 2 * at + 1) < n; at = child) {                                 \
            if (child + 1 < n && better_##name(s, x, stride, heap[child], heap[child + 1]))        \
                child++;                                                                           \
            if (better_##name(s, x, stride, heap[child], heap[at]))                                \
                return;                                                                            \
            int64_t t = heap[at];                                                                  \
            heap[at] = heap[child];                                                                \
            heap[child] = t;                                                                       \
        }                                                                                          \
    }                                                                                              \
    static void row_##name(const topk_state *s, const void *data, size_t stride, int64_t *heap)    \
    {                                                                                              \
        const type *x = data;                                                                      \
        for (size_t i = 0; i < s->k; i++)                                                          \
            heap[i] = (int64_t)i;                                                                  \
        for (size_t i = s->k / 2; i-- > 0;)                                                        \
            sink_##name(s, x, stride, heap, s->k, i);                                              \
        for (size_t i = s->k; i < s->dim; i++) {                                                   \
            type v = x[i * stride], worst = x[(size_t)heap[0] * stride];                           \
            if (s->largest ? v <= worst : v >= worst)                                              \
                continue; /* the common case; with a NaN no comparison holds */                    \
            if (!better_##name(s, x, stride, (int64_t)i, heap[0]))                                 \
                continue;                                                                          \
            heap[0] = (int64_t)i;                                                                  \
            sink_##name(s, x, stride, heap, s->k, 0);                                              \
        }                                                                                          \
        for (size_t n = s->k; n-- > 1;) { /* the worst goes to the end */                          \
            int64_t t = heap[0];                                                                   \
            heap[0] = heap[n];                                                                     \
            heap[n] = t;                                                                           \
            sink_##name(s, x, stride, heap, n, 0);                                                 \
        }                                                                                          \
    }
#define NEVER(x) ((void)(x), false)
ROW(f32, float, isnan)
ROW(f64, double, isnan)
ROW(i32, int32_t, NEVER)
ROW(i64, int64_t, NEVER)
ROW(u8, uint8_t, NEVER)
ROW(i8, int8_t, NEVER)
#undef ROW
#undef NEVER

static oc_status topk_prepare(const oc_prepare *p, oc_error *err)
{
    topk_state *s = p->state;
    oc_args     a = oc_args_of_prepare(p);
    uint32_t    axis;
    int64_t     k;
    oc_status   st = read_args(&a, &axis, &k, err);
    if (st != OC_OK)
        return st;
    const oc_shape *in = &p->in[0].info.shape;
    s->dim = (size_t)in->dim[axis];
    s->k = (size_t)k;
    s->inner = oc_dims_product(in, axis + 1, in->rank);
    s->largest = oc_node_int(p->node, "largest", 1) != 0;
    switch (p->in[0].info.dtype) {
    case OC_F32: s->row = row_f32; break;
    case OC_F64: s->row = row_f64; break;
    case OC_I32: s->row = row_i32; break;
    case OC_I64: s->row = row_i64; break;
    case OC_U8: s->row = row_u8; break;
    case OC_I8: s->row = row_i8; break;
    default: return OC_FAIL(err, OC_UNSUPPORTED, "TopK of %s", oc_dtype_name(p->in[0].info.dtype));
    }
    p->work->phase[0].units = s->k ? oc_dims_product(in, 0, axis) * s->inner : 0;
    p->work->phase[0].grain = 20000 / (s->dim + 1) + 1;
    p->work->scratch_bytes = (s->k + 1) * sizeof(int64_t);
    return OC_OK;
}

static void topk_run(const oc_op_run *r)
{
    const topk_state *s = r->state;
    size_t            elem = oc_dtype_bytes(r->in[0].info.dtype);
    int64_t          *heap = r->scratch;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t      outer = unit / s->inner, inner = unit % s->inner;
        const char *x = (const char *)r->in[0].data + (outer * s->dim * s->inner + inner) * elem;
        size_t      to = outer * s->k * s->inner + inner;
        s->row(s, x, s->inner, heap);
        for (size_t i = 0; i < s->k; i++, to += s->inner) {
            char *y = (char *)r->out[0].data + to * elem;
            memcpy(y, x + (size_t)heap[i] * s->inner * elem, elem);
            if (r->n_out > 1 && r->out[1].data)
                ((int64_t *)r->out[1].data)[to] = heap[i];
        }
    }
}

const oc_op oc_op_topk = {
    .name = "TopK",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 2,
    .state_size = sizeof(topk_state),
    .infer = topk_infer,
    .prepare = topk_prepare,
    .run = topk_run,
};

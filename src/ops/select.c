/* Compress, NonZero, Unique: tensors as long as their contents say.
 *   ONNX Compress opset 9.., NonZero opset 9.., Unique opset 11..
 *
 * The size must be known when shapes are bound, so what decides about it must be constant:
 * Compress' condition; the input of NonZero and Unique.
 *   Compress  any type; NonZero any number type or bool, out int64 [rank, n]
 *   Unique    f32, f64, i32, i64, u8, i8; along an axis or of the flat tensor; sorted or in order
 *             of appearance; outputs values, first indices, inverse indices, counts */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/args.h"

typedef struct compress_state {
    size_t  outer, dim, run_bytes, kept;
    size_t *from; /* [kept] */
} compress_state;

static size_t count_true(const oc_args *a, size_t dim)
{
    size_t n = oc_elements(a->in[1]), kept = 0;
    for (size_t i = 0; i < n && i < dim; i++)
        kept += ((const uint8_t *)a->data[1])[i] != 0;
    return kept;
}

static oc_status compress_infer(const oc_infer *ask, oc_error *err)
{
    oc_args   a = oc_args_of_infer(ask);
    uint32_t  axis;
    oc_status st;
    if ((st = oc_shape_known(&ask->in[0], "the input", err)) != OC_OK ||
        (st = oc_shape_known(&ask->in[1], "the condition", err)) != OC_OK)
        return st;
    if (ask->in[1].dtype != OC_BOOL || ask->in[1].shape.rank != 1)
        return OC_FAIL(err, OC_FORMAT, "the condition must be a list of bool");
    if (!a.data[1] && oc_elements(&ask->in[1]))
        return OC_FAIL(err, OC_DYNAMIC,
                       "the condition is computed at run time: the output size depends on it");
    ask->out[0] = ask->in[0];
    if (!oc_node_attr(ask->node, "axis")) {
        size_t n = oc_elements(&ask->in[0]);
        ask->out[0].shape = (oc_shape){1, {(int64_t)count_true(&a, n)}};
        return OC_OK;
    }
    st = oc_axis(oc_node_int(ask->node, "axis", 0), ask->in[0].shape.rank, &axis, err);
    if (st != OC_OK)
        return st;
    ask->out[0].shape.dim[axis] = (int64_t)count_true(&a, (size_t)ask->in[0].shape.dim[axis]);
    return OC_OK;
}

static oc_status compress_prepare(const oc_prepare *p, oc_error *err)
{
    compress_state *s = p->state;
    const oc_shape *in = &p->in[0].info.shape;
    uint32_t        axis = 0;
    s->outer = 1;
    s->dim = oc_elements(&p->in[0].info);
    s->run_bytes = oc_dtype_bytes(p->in[0].info.dtype);
    if (oc_node_attr(p->node, "axis")) {
        oc_status st = oc_axis(oc_node_int(p->node, "axis", 0), in->rank, &axis, err);
        if (st != OC_OK)
            return st;
        s->outer = oc_dims_product(in, 0, axis);
        s->dim = (size_t)in->dim[axis];
        s->run_bytes *= oc_dims_product(in, axis + 1, in->rank);
    }
    size_t n = oc_elements(&p->in[1].info);
    s->from = oc_arena_alloc(p->mem, n + 1, sizeof(*s->from));
    if (!s->from)
        return OC_FAIL(err, OC_NOMEM, "%zu indices", n);
    for (size_t i = 0; i < n && i < s->dim; i++)
        if (((const uint8_t *)p->in[1].data)[i])
            s->from[s->kept++] = i;
    p->work->phase[0].units = s->outer * s->kept;
    p->work->phase[0].grain = 64 * 1024 / (s->run_bytes + 16) + 1;
    return OC_OK;
}

static void compress_run(const oc_op_run *r)
{
    const compress_state *s = r->state;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t from = unit / s->kept * s->dim + s->from[unit % s->kept];
        memcpy((char *)r->out[0].data + unit * s->run_bytes,
               (const char *)r->in[0].data + from * s->run_bytes, s->run_bytes);
    }
}

/* Is element i anything but +-0? */
static bool nonzero_at(const oc_tensor_info *info, const void *data, size_t i)
{
    static const char zero[8];
    size_t            elem = oc_dtype_bytes(info->dtype);
    if (info->dtype == OC_F32)
        return ((const float *)data)[i] != 0.0f;
    if (info->dtype == OC_F64)
        return ((const double *)data)[i] != 0.0;
    if (info->dtype == OC_F16)
        return (((const uint16_t *)data)[i] & 0x7fff) != 0;
    return memcmp((const char *)data + i * elem, zero, elem) != 0;
}

static oc_status nonzero_infer(const oc_infer *ask, oc_error *err)
{
    oc_status st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK)
        return st;
    size_t n = oc_elements(&ask->in[0]), found = 0;
    if (n && !ask->in_data[0])
        return OC_FAIL(err, OC_DYNAMIC,
                       "the input is computed at run time: the output size depends on it");
    for (size_t i = 0; i < n; i++)
        found += nonzero_at(&ask->in[0], ask->in_data[0], i);
    ask->out[0] = (oc_tensor_info){OC_I64, {2, {ask->in[0].shape.rank, (int64_t)found}}};
    return OC_OK;
}

static oc_status one_unit(const oc_prepare *p, oc_error *err)
{
    (void)err;
    p->work->phase[0].units = p->work->phase[0].grain = 1;
    return OC_OK;
}

static void nonzero_run(const oc_op_run *r)
{
    const oc_shape *shape = &r->in[0].info.shape;
    size_t          n = oc_elements(&r->in[0].info), at = 0;
    size_t          found = (size_t)r->out[0].info.shape.dim[1];
    int64_t        *y = r->out[0].data;
    for (size_t i = 0; i < n && at < found; i++) {
        if (!nonzero_at(&r->in[0].info, r->in[0].data, i))
            continue;
        size_t left = i;
        for (uint32_t d = shape->rank; d-- > 0; left /= (size_t)shape->dim[d])
            y[d * found + at] = (int64_t)(left % (size_t)shape->dim[d]);
        at++;
    }
}

/* ---- Unique ---- */

/* Items are slices along the axis: element j of item i is at (j / inner * n + i) * inner + j %
 * inner. */
typedef struct unique_items {
    const void *data;
    oc_dtype    dtype;
    size_t      n, inner, size; /* items; elements inside the axis; elements of an item */
} unique_items;

#define COMPARE(type)                                                        \
    {                                                                        \
        type x = ((const type *)u->data)[i], y = ((const type *)u->data)[k]; \
        return x < y ? -1 : x > y;                                           \
    }
static int compare_elements(const unique_items *u, size_t i, size_t k)
{
    switch (u->dtype) {
    case OC_F32: COMPARE(float)
    case OC_F64: COMPARE(double)
    case OC_I32: COMPARE(int32_t)
    case OC_I64: COMPARE(int64_t)
    case OC_U8: COMPARE(uint8_t)
    default: COMPARE(int8_t)
    }
}
#undef COMPARE

static int compare_items(const unique_items *u, size_t a, size_t b)
{
    for (size_t j = 0; j < u->size; j++) {
        size_t base = j / u->inner * u->n * u->inner + j % u->inner;
        int    c = compare_elements(u, base + a * u->inner, base + b * u->inner);
        if (c)
            return c;
    }
    return 0;
}

static int by_item(const void *a, const void *b, void *ctx)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int    c = compare_items(ctx, x, y);
    return c ? c : x < y ? -1 : x > y;
}

static int by_first(const void *a, const void *b, void *ctx)
{
    (void)ctx;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

typedef struct unique_state {
    unique_items u;
    size_t      *order; /* [n] items, equal ones together, earliest first */
    size_t      *first; /* [n_unique] earliest item of each kind, in output order */
    size_t       n_unique;
} unique_state;

static oc_status unique_describe(const oc_node *node, const oc_tensor_info *info, const void *data,
                                 unique_items *u, oc_error *err)
{
    uint32_t  axis = 0;
    oc_dtype  t = info->dtype;
    oc_status st = oc_shape_known(info, "the input", err);
    if (st != OC_OK)
        return st;
    if (t != OC_F32 && t != OC_F64 && t != OC_I32 && t != OC_I64 && t != OC_U8 && t != OC_I8)
        return OC_FAIL(err, OC_UNSUPPORTED, "Unique of %s", oc_dtype_name(t));
    size_t n = oc_elements(info);
    *u = (unique_items){data, t, n, 1, 1};
    if (oc_node_attr(node, "axis")) {
        st = oc_axis(oc_node_int(node, "axis", 0), info->shape.rank, &axis, err);
        if (st != OC_OK)
            return st;
        u->n = (size_t)info->shape.dim[axis];
        u->inner = oc_dims_product(&info->shape, axis + 1, info->shape.rank);
        u->size = u->n ? n / u->n : 0;
    }
    if (n && !data)
        return OC_FAIL(err, OC_DYNAMIC,
                       "the input is computed at run time: the output size depends on it");
    return OC_OK;
}

static oc_status unique_find(const oc_node *node, oc_arena *mem, unique_state *s, oc_error *err)
{
    s->order = oc_arena_alloc(mem, s->u.n + 1, sizeof(*s->order));
    s->first = oc_arena_alloc(mem, s->u.n + 1, sizeof(*s->first));
    if (!s->order || !s->first)
        return OC_FAIL(err, OC_NOMEM, "%zu items", s->u.n);
    for (size_t i = 0; i < s->u.n; i++)
        s->order[i] = i;
    qsort_r(s->order, s->u.n, sizeof(*s->order), by_item, &s->u);
    for (size_t i = 0; i < s->u.n; i++)
        if (i == 0 || compare_items(&s->u, s->order[i - 1], s->order[i]) != 0)
            s->first[s->n_unique++] = s->order[i];
    if (!oc_node_int(node, "sorted", 1))
        qsort_r(s->first, s->n_unique, sizeof(*s->first), by_first, NULL);
    return OC_OK;
}

static oc_status unique_infer(const oc_infer *ask, oc_error *err)
{
    unique_state s = {0};
    oc_arena     own = {0}, *mem = ask->mem ? ask->mem : &own;
    uint32_t     axis = 0;
    oc_status    st = unique_describe(ask->node, &ask->in[0], ask->in_data[0], &s.u, err);
    if (st != OC_OK || (st = unique_find(ask->node, mem, &s, err)) != OC_OK)
        goto out;
    ask->out[0] = ask->in[0];
    if (!oc_node_attr(ask->node, "axis"))
        ask->out[0].shape = (oc_shape){1, {(int64_t)s.n_unique}};
    else if ((st = oc_axis(oc_node_int(ask->node, "axis", 0), ask->in[0].shape.rank, &axis, err)) ==
             OC_OK)
        ask->out[0].shape.dim[axis] = (int64_t)s.n_unique;
    for (uint32_t i = 1; i < ask->n_out; i++)
        ask->out[i] = (oc_tensor_info){OC_I64, {1, {(int64_t)(i == 2 ? s.u.n : s.n_unique)}}};
out:
    oc_arena_finish(&own);
    return st;
}

static oc_status unique_prepare(const oc_prepare *p, oc_error *err)
{
    unique_state *s = p->state;
    oc_status     st = unique_describe(p->node, &p->in[0].info, p->in[0].data, &s->u, err);
    if (st != OC_OK)
        return st;
    p->work->phase[0].units = p->work->phase[0].grain = 1;
    return unique_find(p->node, p->mem, s, err);
}

static void unique_run(const oc_op_run *r)
{
    const unique_state *s = r->state;
    size_t              elem = oc_dtype_bytes(s->u.dtype), inner = s->u.inner;
    int64_t            *out[4] = {0};
    for (uint32_t i = 1; i < r->n_out; i++)
        out[i] = r->out[i].data;
    for (size_t k = 0; k < s->n_unique; k++) {
        for (size_t j = 0; j < s->u.size; j++)
            memcpy((char *)r->out[0].data +
                       ((j / inner * s->n_unique + k) * inner + j % inner) * elem,
                   (const char *)r->in[0].data +
                       ((j / inner * s->u.n + s->first[k]) * inner + j % inner) * elem,
                   elem);
        int64_t count = 0;
        for (size_t i = 0; i < s->u.n && (out[2] || out[3]); i++) {
            if (compare_items(&s->u, i, s->first[k]) != 0)
                continue;
            count++;
            if (out[2])
                out[2][i] = (int64_t)k;
        }
        if (out[1])
            out[1][k] = (int64_t)s->first[k];
        if (out[3])
            out[3][k] = count;
    }
}

const oc_op oc_op_compress = {
    .name = "Compress",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(compress_state),
    .infer = compress_infer,
    .prepare = compress_prepare,
    .run = compress_run,
};
const oc_op oc_op_nonzero = {
    .name = "NonZero",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .infer = nonzero_infer,
    .prepare = one_unit,
    .run = nonzero_run,
};
const oc_op oc_op_unique = {
    .name = "Unique",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 4,
    .state_size = sizeof(unique_state),
    .infer = unique_infer,
    .prepare = unique_prepare,
    .run = unique_run,
};

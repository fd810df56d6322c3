/* OneHot, Trilu, ReverseSequence.
 *   ONNX OneHot opset 9.., Trilu opset 14.., ReverseSequence opset 10..
 *
 *   OneHot           indices (any number type), depth (constant), values [off, on]: a new axis of
 *                    `depth`, on where it equals the index; an index out of range is off everywhere
 *   Trilu            matrices [.., M, N], k constant: the upper or lower triangle, 0 elsewhere
 *   ReverseSequence  the first lens[b] steps of batch b backwards; batch_axis and time_axis 0 and 1
 *   any element types; plain */
#include <string.h>

#include "ops/args.h"

/* An index as a number; truncated where it is a float. */
static bool number_at(oc_dtype dtype, const void *x, size_t i, int64_t *out)
{
    double real;
    switch (dtype) {
    case OC_U8: *out = ((const uint8_t *)x)[i]; return true;
    case OC_I8: *out = ((const int8_t *)x)[i]; return true;
    case OC_I16: *out = ((const int16_t *)x)[i]; return true;
    case OC_I32: *out = ((const int32_t *)x)[i]; return true;
    case OC_U32: *out = ((const uint32_t *)x)[i]; return true;
    case OC_I64: *out = ((const int64_t *)x)[i]; return true;
    case OC_F32: real = (double)((const float *)x)[i]; break;
    case OC_F64: real = ((const double *)x)[i]; break;
    default: return false;
    }
    *out = real > -9e18 && real < 9e18 ? (int64_t)real : INT64_MIN;
    return true;
}

typedef struct onehot_state {
    size_t  inner, elem;
    int64_t depth;
} onehot_state;

static oc_status onehot_infer(const oc_infer *ask, oc_error *err)
{
    const oc_tensor_info *index = &ask->in[0];
    int64_t               depth, zero;
    uint32_t              axis;
    const int64_t         none = 0;
    oc_status             st = oc_shape_known(index, "the tensor of indices", err);
    if (st != OC_OK)
        return st;
    if (!ask->in_data[1])
        return OC_FAIL(err, OC_DYNAMIC,
                       "the depth is computed at run time: the output shape depends on it");
    if (!number_at(ask->in[1].dtype, ask->in_data[1], 0, &depth) || depth < 0 || depth > INT32_MAX)
        return OC_FAIL(err, OC_FORMAT, "the depth is no sensible number");
    if (!number_at(index->dtype, &none, 0, &zero))
        return OC_FAIL(err, OC_UNSUPPORTED, "indices of %s", oc_dtype_name(index->dtype));
    if (index->shape.rank + 1 > OC_RANK_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "rank %u", index->shape.rank + 1);
    st = oc_axis(oc_node_int(ask->node, "axis", -1), index->shape.rank + 1, &axis, err);
    if (st != OC_OK)
        return st;
    oc_shape out = {.rank = index->shape.rank + 1};
    for (uint32_t i = 0, k = 0; i < out.rank; i++)
        out.dim[i] = i == axis ? depth : index->shape.dim[k++];
    ask->out[0] = (oc_tensor_info){ask->in[2].dtype, out};
    return OC_OK;
}

static oc_status onehot_prepare(const oc_prepare *p, oc_error *err)
{
    onehot_state   *s = p->state;
    const oc_shape *out = &p->out[0].info.shape;
    uint32_t        axis;
    oc_status       st = oc_axis(oc_node_int(p->node, "axis", -1), out->rank, &axis, err);
    if (st != OC_OK)
        return st;
    s->depth = out->dim[axis];
    s->inner = oc_dims_product(out, axis + 1, out->rank);
    s->elem = oc_dtype_bytes(p->out[0].info.dtype);
    p->work->phase[0].units = oc_elements(&p->out[0].info);
    p->work->phase[0].grain = 16 * 1024;
    return OC_OK;
}

static void onehot_run(const oc_op_run *r)
{
    const onehot_state *s = r->state;
    const char         *values = r->in[2].data;
    for (size_t i = r->part.begin; i < r->part.end; i++) {
        size_t  row = i / s->inner, k = row % (size_t)s->depth;
        int64_t index = 0;
        number_at(r->in[0].info.dtype, r->in[0].data,
                  row / (size_t)s->depth * s->inner + i % s->inner, &index);
        if (index < 0 && index >= -s->depth)
            index += s->depth;
        bool on = index == (int64_t)k;
        memcpy((char *)r->out[0].data + i * s->elem, values + (on ? s->elem : 0), s->elem);
    }
}

typedef struct trilu_state {
    int64_t rows, cols, k;
    size_t  elem;
    bool    upper;
} trilu_state;

static oc_status trilu_infer(const oc_infer *ask, oc_error *err)
{
    oc_args   a = oc_args_of_infer(ask);
    int64_t   k;
    oc_status st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK || (oc_args_has(&a, 1) && (st = oc_args_int(&a, 1, "k", &k, err)) != OC_OK))
        return st;
    if (ask->in[0].shape.rank < 2)
        return OC_FAIL(err, OC_FORMAT, "rank %u: no matrices", ask->in[0].shape.rank);
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static oc_status trilu_prepare(const oc_prepare *p, oc_error *err)
{
    trilu_state    *s = p->state;
    oc_args         a = oc_args_of_prepare(p);
    const oc_shape *in = &p->in[0].info.shape;
    if (oc_args_has(&a, 1)) {
        oc_status st = oc_args_int(&a, 1, "k", &s->k, err);
        if (st != OC_OK)
            return st;
    }
    s->rows = in->dim[in->rank - 2];
    s->cols = in->dim[in->rank - 1];
    s->elem = oc_dtype_bytes(p->in[0].info.dtype);
    s->upper = oc_node_int(p->node, "upper", 1) != 0;
    p->work->phase[0].units = s->cols ? oc_elements(&p->in[0].info) / (size_t)s->cols : 0;
    p->work->phase[0].grain = 64 * 1024 / ((size_t)s->cols * s->elem + 1) + 1;
    return OC_OK;
}

static void trilu_run(const oc_op_run *r)
{
    const trilu_state *s = r->state;
    size_t             row_bytes = (size_t)s->cols * s->elem;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        const char *x = (const char *)r->in[0].data + unit * row_bytes;
        char       *y = (char *)r->out[0].data + unit * row_bytes;
        int64_t     row = (int64_t)unit % s->rows;
        /* the first column right of the diagonal (lower) or on it (upper) */
        int64_t from = s->k > s->cols ? s->cols : s->k < -s->rows ? -s->rows : s->k;
        from += row + (s->upper ? 0 : 1);
        size_t cut = from < 0 ? 0 : from > s->cols ? (size_t)s->cols : (size_t)from;
        cut *= s->elem;
        if (s->upper) {
            memset(y, 0, cut);
            memcpy(y + cut, x + cut, row_bytes - cut);
        } else {
            memcpy(y, x, cut);
            memset(y + cut, 0, row_bytes - cut);
        }
    }
}

typedef struct reverse_state {
    size_t dim0, dim1, run_bytes;
    bool   time_first;
} reverse_state;

static oc_status reverse_infer(const oc_infer *ask, oc_error *err)
{
    int64_t         batch = oc_node_int(ask->node, "batch_axis", 1);
    int64_t         time = oc_node_int(ask->node, "time_axis", 0);
    const oc_shape *in = &ask->in[0].shape;
    oc_status       st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK || (st = oc_shape_known(&ask->in[1], "the lengths", err)) != OC_OK)
        return st;
    if (in->rank < 2 || batch + time != 1 || batch < 0 || batch > 1)
        return OC_FAIL(err, OC_FORMAT, "axes %lld and %lld of rank %u", (long long)batch,
                       (long long)time, in->rank);
    if (ask->in[1].dtype != OC_I64 || oc_elements(&ask->in[1]) != (size_t)in->dim[batch])
        return OC_FAIL(err, OC_FORMAT, "the lengths must be %lld int64", (long long)in->dim[batch]);
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static oc_status reverse_prepare(const oc_prepare *p, oc_error *err)
{
    (void)err;
    reverse_state  *s = p->state;
    const oc_shape *in = &p->in[0].info.shape;
    s->dim0 = (size_t)in->dim[0];
    s->dim1 = (size_t)in->dim[1];
    s->time_first = oc_node_int(p->node, "time_axis", 0) == 0;
    s->run_bytes = oc_dims_product(in, 2, in->rank) * oc_dtype_bytes(p->in[0].info.dtype);
    p->work->phase[0].units = s->run_bytes ? s->dim0 * s->dim1 : 0;
    p->work->phase[0].grain = 64 * 1024 / (s->run_bytes + 16) + 1;
    return OC_OK;
}

static void reverse_run(const oc_op_run *r)
{
    const reverse_state *s = r->state;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t  a = unit / s->dim1, b = unit % s->dim1, steps = s->time_first ? s->dim0 : s->dim1;
        size_t  batch = s->time_first ? b : a, t = s->time_first ? a : b;
        int64_t given = ((const int64_t *)r->in[1].data)[batch];
        size_t  length = given < 0 ? 0 : (size_t)given > steps ? steps : (size_t)given;
        size_t  from = t < length ? length - 1 - t : t;
        from = s->time_first ? from * s->dim1 + batch : batch * s->dim1 + from;
        memcpy((char *)r->out[0].data + unit * s->run_bytes,
               (const char *)r->in[0].data + from * s->run_bytes, s->run_bytes);
    }
}

const oc_op oc_op_onehot = {
    .name = "OneHot",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(onehot_state),
    .infer = onehot_infer,
    .prepare = onehot_prepare,
    .run = onehot_run,
};
const oc_op oc_op_trilu = {
    .name = "Trilu",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(trilu_state),
    .infer = trilu_infer,
    .prepare = trilu_prepare,
    .run = trilu_run,
};
const oc_op oc_op_reverse_sequence = {
    .name = "ReverseSequence",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(reverse_state),
    .infer = reverse_infer,
    .prepare = reverse_prepare,
    .run = reverse_run,
};

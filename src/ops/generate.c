/* ConstantOfShape, EyeLike, Range: tensors made of nothing but their parameters.
 *   ONNX ConstantOfShape opset 9.., EyeLike opset 9.., Range opset 11..
 *
 *   in   ConstantOfShape: the shape, constant int64; EyeLike: a matrix, of which only shape and
 *        type count; Range: start, limit, delta, constant scalars of one type
 *   out  plain */
#include <math.h>
#include <string.h>

#include "ops/args.h"

typedef struct fill_state {
    size_t  elem, n, cols;
    int64_t k;
    char    value[8];
} fill_state;

static oc_status constant_infer(const oc_infer *ask, oc_error *err)
{
    oc_args        a = oc_args_of_infer(ask);
    const oc_attr *value = oc_node_attr(ask->node, "value");
    int64_t        dims[OC_RANK_MAX];
    size_t         n = 0, total;
    oc_shape       out = {0};
    oc_status      st = oc_args_ints(&a, 0, "shape", dims, OC_RANK_MAX, &n, err);
    if (st != OC_OK)
        return st;
    out.rank = (uint32_t)n;
    memcpy(out.dim, dims, n * sizeof(*dims));
    if (!oc_shape_elements(&out, &total))
        return OC_FAIL(err, OC_FORMAT, "the shape has a negative dimension or is too large");
    if (value && (value->kind != OC_ATTR_TENSOR || oc_elements(&value->tensor.info) != 1))
        return OC_FAIL(err, OC_FORMAT, "the value must be a tensor of one element");
    ask->out[0] = (oc_tensor_info){value ? value->tensor.info.dtype : OC_F32, out};
    return OC_OK;
}

static void fill_work(const oc_prepare *p, fill_state *s)
{
    s->elem = oc_dtype_bytes(p->out[0].info.dtype);
    s->n = oc_elements(&p->out[0].info);
    p->work->phase[0].units = s->n;
    p->work->phase[0].grain = 64 * 1024;
}

static oc_status constant_prepare(const oc_prepare *p, oc_error *err)
{
    (void)err;
    fill_state    *s = p->state;
    const oc_attr *value = oc_node_attr(p->node, "value");
    fill_work(p, s);
    if (value)
        memcpy(s->value, value->tensor.data, s->elem);
    return OC_OK;
}

static void constant_run(const oc_op_run *r)
{
    const fill_state *s = r->state;
    char             *y = r->out[0].data;
    for (size_t i = r->part.begin; i < r->part.end; i++)
        memcpy(y + i * s->elem, s->value, s->elem);
}

static bool one_of(oc_dtype dtype, char *to)
{
    memset(to, 0, 8);
    switch (dtype) {
    case OC_F32: memcpy(to, &(float){1.0f}, 4); return true;
    case OC_F64: memcpy(to, &(double){1.0}, 8); return true;
    case OC_F16: memcpy(to, &(uint16_t){0x3c00}, 2); return true;
    default: break;
    }
    uint64_t one = 1; /* little endian: the first bytes are the number, whatever its width */
    memcpy(to, &one, 8);
    return dtype != OC_DTYPE_NONE;
}

static oc_status eye_infer(const oc_infer *ask, oc_error *err)
{
    /* the dtype attribute counts as TensorProto does */
    static const oc_dtype types[] = {
        [1] = OC_F32, [2] = OC_U8,   [3] = OC_I8,   [4] = OC_U16,  [5] = OC_I16,  [6] = OC_I32,
        [7] = OC_I64, [9] = OC_BOOL, [10] = OC_F16, [11] = OC_F64, [12] = OC_U32, [13] = OC_U64,
    };
    int64_t   dtype = oc_node_int(ask->node, "dtype", 0);
    oc_status st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK)
        return st;
    if (ask->in[0].shape.rank != 2)
        return OC_FAIL(err, OC_FORMAT, "the input has rank %u, must be 2", ask->in[0].shape.rank);
    ask->out[0] = ask->in[0];
    if (dtype < 0 || dtype > 13 || (dtype && !types[dtype]))
        return OC_FAIL(err, OC_UNSUPPORTED, "element type %lld", (long long)dtype);
    if (dtype)
        ask->out[0].dtype = types[dtype];
    return OC_OK;
}

static oc_status eye_prepare(const oc_prepare *p, oc_error *err)
{
    fill_state *s = p->state;
    fill_work(p, s);
    s->cols = (size_t)p->out[0].info.shape.dim[1];
    s->k = oc_node_int(p->node, "k", 0);
    if (!one_of(p->out[0].info.dtype, s->value))
        return OC_FAIL(err, OC_UNSUPPORTED, "a unit matrix of no type");
    return OC_OK;
}

static void eye_run(const oc_op_run *r)
{
    const fill_state *s = r->state;
    char             *y = r->out[0].data;
    memset(y + r->part.begin * s->elem, 0, (r->part.end - r->part.begin) * s->elem);
    for (size_t i = r->part.begin; i < r->part.end; i++)
        if ((int64_t)(i % s->cols) - (int64_t)(i / s->cols) == s->k)
            memcpy(y + i * s->elem, s->value, s->elem);
}

static bool scalar_of(const oc_args *a, uint32_t i, double *x, int64_t *k)
{
    const void *data = a->data[i];
    if (!data || oc_elements(a->in[i]) != 1)
        return false;
    switch (a->in[i]->dtype) {
    case OC_F32: *x = (double)*(const float *)data; break;
    case OC_F64: *x = *(const double *)data; break;
    case OC_I16: *k = *(const int16_t *)data; break;
    case OC_I32: *k = *(const int32_t *)data; break;
    case OC_I64: *k = *(const int64_t *)data; break;
    default: return false;
    }
    return true;
}

typedef struct range_state {
    double  start, delta;
    int64_t from, step;
} range_state;

static oc_status range_read(const oc_args *a, range_state *s, double *count, oc_error *err)
{
    double   x[3] = {0};
    int64_t  k[3] = {0};
    oc_dtype dtype = a->in[0]->dtype;
    for (uint32_t i = 0; i < 3; i++) {
        if (oc_elements(a->in[i]) == 1 && !a->data[i])
            return OC_FAIL(err, OC_DYNAMIC,
                           "input %u is computed at run time: the output shape depends on it", i);
        if (a->in[i]->dtype != dtype || !scalar_of(a, i, &x[i], &k[i]))
            return OC_FAIL(err, OC_FORMAT, "input %u must be a scalar of a type Range knows", i);
    }
    bool real = dtype == OC_F32 || dtype == OC_F64;
    if (real ? !(x[2] != 0.0) : k[2] == 0)
        return OC_FAIL(err, OC_FORMAT, "delta is 0");
    *count = real ? ceil((x[1] - x[0]) / x[2]) : ceil(((double)k[1] - (double)k[0]) / (double)k[2]);
    *count = *count > 0.0 ? *count : 0.0;
    if (!(*count < 1e12))
        return OC_FAIL(err, OC_FORMAT, "a range of %g elements", *count);
    *s = (range_state){x[0], x[2], k[0], k[2]};
    return OC_OK;
}

static oc_status range_infer(const oc_infer *ask, oc_error *err)
{
    oc_args     a = oc_args_of_infer(ask);
    range_state s;
    double      count;
    oc_status   st = range_read(&a, &s, &count, err);
    if (st != OC_OK)
        return st;
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, {1, {(int64_t)count}}};
    return OC_OK;
}

static oc_status range_prepare(const oc_prepare *p, oc_error *err)
{
    oc_args a = oc_args_of_prepare(p);
    double  count;
    p->work->phase[0].units = oc_elements(&p->out[0].info);
    p->work->phase[0].grain = 16 * 1024;
    return range_read(&a, p->state, &count, err);
}

static void range_run(const oc_op_run *r)
{
    const range_state *s = r->state;
    void              *y = r->out[0].data;
    for (size_t i = r->part.begin; i < r->part.end; i++) {
        int64_t k = s->from + (int64_t)i * s->step;
        switch (r->out[0].info.dtype) {
        case OC_F32: ((float *)y)[i] = (float)(s->start + (double)i * s->delta); break;
        case OC_F64: ((double *)y)[i] = s->start + (double)i * s->delta; break;
        case OC_I16: ((int16_t *)y)[i] = (int16_t)k; break;
        case OC_I32: ((int32_t *)y)[i] = (int32_t)k; break;
        default: ((int64_t *)y)[i] = k; break;
        }
    }
}

const oc_op oc_op_constant_of_shape = {
    .name = "ConstantOfShape",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(fill_state),
    .infer = constant_infer,
    .prepare = constant_prepare,
    .run = constant_run,
};
const oc_op oc_op_eye_like = {
    .name = "EyeLike",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(fill_state),
    .infer = eye_infer,
    .prepare = eye_prepare,
    .run = eye_run,
};
const oc_op oc_op_range = {
    .name = "Range",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(range_state),
    .infer = range_infer,
    .prepare = range_prepare,
    .run = range_run,
};

/* ArgMax, ArgMin: where along an axis the largest or smallest element is.      ONNX opset 1..
 *
 *   in   x  any numeric type
 *   out  y  int64; the axis is gone, or 1 with keepdims
 *
 * Of equal elements the first counts, or the last with select_last_index.  A NaN is never greater
 * or smaller than anything: it is found only at the start of a row. */
#include <string.h>

#include "ops/args.h"
#include "ops/op.h"
#include "tensor/half.h"

#define GRAIN 16384 /* elements of the input */

#define COLUMNS 64 /* neighbours looked through together, so that memory is read in order */

/* y[j] = where, of the n elements `step` apart from x[j] on, the extreme one is; width <= COLUMNS. */
typedef void find_fn(const void *x, size_t n, size_t step, size_t width, bool largest, bool last,
                     int64_t *y);

typedef struct arg_state {
    find_fn *find;
    size_t   n, inner, bytes;
    bool     largest, last;
} arg_state;

#define FIND_LOOP(C, LOAD, better)            \
    for (size_t i = 1; i < n; i++, x += step) \
        for (size_t j = 0; j < width; j++) {  \
            const C v = LOAD(x[j]);           \
            if (v better best[j]) {           \
                best[j] = v;                  \
                y[j] = (int64_t)i;            \
            }                                 \
        }

#define FIND(name, T, C, LOAD)                                                                     \
    static void name(const void *px, size_t n, size_t step, size_t width, bool largest, bool last, \
                     int64_t *y)                                                                   \
    {                                                                                              \
        const T *x = px;                                                                           \
        C        best[COLUMNS];                                                                    \
        for (size_t j = 0; j < width; j++) {                                                       \
            best[j] = LOAD(x[j]);                                                                  \
            y[j] = 0;                                                                              \
        }                                                                                          \
        x += step;                                                                                 \
        if (largest && last)                                                                       \
            FIND_LOOP(C, LOAD, >=)                                                                 \
        else if (largest)                                                                          \
            FIND_LOOP(C, LOAD, >)                                                                  \
        else if (last)                                                                             \
            FIND_LOOP(C, LOAD, <=)                                                                 \
        else                                                                                       \
            FIND_LOOP(C, LOAD, <)                                                                  \
    }
FIND(find_f32, float, float, )
FIND(find_f64, double, double, )
FIND(find_f16, oc_half, float, oc_half_to_float)
FIND(find_u8, uint8_t, uint8_t, )
FIND(find_i8, int8_t, int8_t, )
FIND(find_u16, uint16_t, uint16_t, )
FIND(find_i16, int16_t, int16_t, )
FIND(find_u32, uint32_t, uint32_t, )
FIND(find_i32, int32_t, int32_t, )
FIND(find_u64, uint64_t, uint64_t, )
FIND(find_i64, int64_t, int64_t, )

static find_fn *const finders[OC_BOOL + 1] = {
    [OC_F32] = find_f32, [OC_F64] = find_f64, [OC_F16] = find_f16, [OC_U8] = find_u8,
    [OC_I8] = find_i8,   [OC_U16] = find_u16, [OC_I16] = find_i16, [OC_U32] = find_u32,
    [OC_I32] = find_i32, [OC_U64] = find_u64, [OC_I64] = find_i64,
};

static oc_status arg_infer(const oc_infer *ask, oc_error *err)
{
    const bool      keep = oc_node_int(ask->node, "keepdims", 1) != 0;
    const oc_shape *x = &ask->in[0].shape;
    oc_shape        y = {0};
    uint32_t        axis = 0;
    oc_status       st;

    if (ask->in[0].dtype > OC_BOOL || !finders[ask->in[0].dtype])
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s", oc_dtype_name(ask->in[0].dtype));
    if ((st = oc_axis(oc_node_int(ask->node, "axis", 0), x->rank, &axis, err)) != OC_OK)
        return st;
    if (x->dim[axis] == 0)
        return OC_FAIL(err, OC_FORMAT, "axis %u is empty", axis);
    for (uint32_t d = 0; d < x->rank; d++)
        if (d != axis || keep)
            y.dim[y.rank++] = d == axis ? 1 : x->dim[d];
    ask->out[0] = (oc_tensor_info){OC_I64, y};
    return OC_OK;
}

static oc_status arg_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    arg_state      *s = p->state;
    uint32_t        axis = 0;
    oc_status       st = oc_axis(oc_node_int(p->node, "axis", 0), x->rank, &axis, err);

    if (st != OC_OK)
        return st;
    s->find = finders[p->in[0].info.dtype];
    s->n = (size_t)x->dim[axis];
    s->inner = oc_dims_product(x, axis + 1, x->rank);
    s->bytes = oc_dtype_bytes(p->in[0].info.dtype);
    s->largest = strcmp(p->node->op_type, "ArgMax") == 0;
    s->last = oc_node_int(p->node, "select_last_index", 0) != 0;
    p->work->phase[0].units = oc_elements(&p->out[0].info);
    p->work->phase[0].grain = GRAIN / (s->n + 1) + 1;
    return OC_OK;
}

static void arg_run(const oc_op_run *r)
{
    const arg_state *s = r->state;
    size_t           width;

    for (size_t u = r->part.begin; u < r->part.end; u += width) {
        const size_t at = u / s->inner * s->n * s->inner + u % s->inner;

        width = s->inner - u % s->inner;
        width = width > COLUMNS ? COLUMNS : width;
        width = width > r->part.end - u ? r->part.end - u : width;
        s->find((const char *)r->in[0].data + at * s->bytes, s->n, s->inner, width, s->largest,
                s->last, (int64_t *)r->out[0].data + u);
    }
}

#define ARG(symbol, text)                \
    const oc_op oc_op_##symbol = {       \
        .name = text,                    \
        .domain = "",                    \
        .n_in_min = 1,                   \
        .n_in_max = 1,                   \
        .n_out_min = 1,                  \
        .n_out_max = 1,                  \
        .state_size = sizeof(arg_state), \
        .infer = arg_infer,              \
        .prepare = arg_prepare,          \
        .run = arg_run,                  \
    }

ARG(arg_max, "ArgMax");
ARG(arg_min, "ArgMin");

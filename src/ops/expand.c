/* Expand, Tile: the input repeated.   ONNX Expand opset 8.., Tile opset 6..
 *
 *   in   data     any type; plain
 *        shape    (Expand) constant int64: broadcast with the input's shape, both ways
 *        repeats  (Tile) constant int64, one per axis
 *   out  plain */
#include "ops/args.h"
#include "ops/move.h"

static oc_status expand_infer(const oc_infer *ask, oc_error *err)
{
    oc_args         a = oc_args_of_infer(ask);
    const oc_shape *in = &ask->in[0].shape;
    int64_t         want[OC_RANK_MAX];
    size_t          n = 0, total;
    oc_status       st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK || (st = oc_args_ints(&a, 1, "shape", want, OC_RANK_MAX, &n, err)) != OC_OK)
        return st;
    oc_shape out = {.rank = in->rank > n ? in->rank : (uint32_t)n};
    for (uint32_t i = 0; i < out.rank; i++) {
        int64_t x = i + in->rank < out.rank ? 1 : in->dim[i + in->rank - out.rank];
        int64_t y = i + n < out.rank ? 1 : want[i + n - out.rank];
        if (y < 0 || (x != y && x != 1 && y != 1))
            return OC_FAIL(err, OC_FORMAT, "dimension %u: %lld cannot become %lld", i, (long long)x,
                           (long long)y);
        out.dim[i] = x == 1 ? y : x;
    }
    if (!oc_shape_elements(&out, &total))
        return OC_FAIL(err, OC_FORMAT, "the result is too large");
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, out};
    return OC_OK;
}

static oc_status expand_prepare(const oc_prepare *p, oc_error *err)
{
    oc_moves       *list = p->state;
    const oc_shape *in = &p->in[0].info.shape, *out = &p->out[0].info.shape;
    size_t          elem = oc_dtype_bytes(p->in[0].info.dtype);
    ptrdiff_t       src[OC_RANK_MAX], dst[OC_RANK_MAX];
    oc_status       st = oc_moves_init(list, p, 1, err);
    if (st != OC_OK)
        return st;
    oc_strides(in, elem, src);
    oc_strides(out, elem, dst);
    oc_move *m = oc_moves_add(list, 0, 0, elem);
    for (uint32_t i = 0; i < out->rank; i++) {
        bool repeat = i + in->rank < out->rank || in->dim[i + in->rank - out->rank] == 1;
        oc_move_loop(m, (size_t)out->dim[i], repeat ? 0 : src[i + in->rank - out->rank], dst[i]);
    }
    oc_moves_finish(list, p);
    return OC_OK;
}

static oc_status tile_infer(const oc_infer *ask, oc_error *err)
{
    oc_args   a = oc_args_of_infer(ask);
    int64_t   repeat[OC_RANK_MAX];
    size_t    n = 0, total;
    oc_status st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK || (st = oc_args_ints(&a, 1, "repeats", repeat, OC_RANK_MAX, &n, err)) != OC_OK)
        return st;
    oc_tensor_info out = ask->in[0];
    if (n != out.shape.rank)
        return OC_FAIL(err, OC_FORMAT, "%zu repeats for rank %u", n, out.shape.rank);
    for (uint32_t i = 0; i < out.shape.rank; i++)
        if (repeat[i] < 0 || __builtin_mul_overflow(out.shape.dim[i], repeat[i], &out.shape.dim[i]))
            return OC_FAIL(err, OC_FORMAT, "repeats[%u] is %lld", i, (long long)repeat[i]);
    if (!oc_shape_elements(&out.shape, &total))
        return OC_FAIL(err, OC_FORMAT, "the result is too large");
    ask->out[0] = out;
    return OC_OK;
}

static oc_status tile_prepare(const oc_prepare *p, oc_error *err)
{
    oc_moves       *list = p->state;
    const oc_shape *in = &p->in[0].info.shape, *out = &p->out[0].info.shape;
    size_t          elem = oc_dtype_bytes(p->in[0].info.dtype);
    ptrdiff_t       src[OC_RANK_MAX], dst[OC_RANK_MAX];
    oc_status       st = oc_moves_init(list, p, 1, err);
    if (st != OC_OK)
        return st;
    oc_strides(in, elem, src);
    oc_strides(out, elem, dst);
    oc_move *m = oc_moves_add(list, 0, 0, elem);
    for (uint32_t i = 0; i < out->rank; i++) {
        size_t n = (size_t)in->dim[i];
        oc_move_loop(m, n ? (size_t)out->dim[i] / n : 0, 0, (ptrdiff_t)n * dst[i]);
        oc_move_loop(m, n, src[i], dst[i]);
    }
    oc_moves_finish(list, p);
    return OC_OK;
}

const oc_op oc_op_expand = {
    .name = "Expand",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(oc_moves),
    .infer = expand_infer,
    .prepare = expand_prepare,
    .run = oc_moves_run,
};
const oc_op oc_op_tile = {
    .name = "Tile",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(oc_moves),
    .infer = tile_infer,
    .prepare = tile_prepare,
    .run = oc_moves_run,
};

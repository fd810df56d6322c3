/* Cast, CastLike: the elements of x as another type.      ONNX opset 6..
 *
 *   in   x  any type
 *        like (CastLike)  only its type counts
 *   out  y  the shape of x
 *
 * What happens to values that do not fit is told in kernels/any_cast.h. */
#include "kernels/any_cast.h"
#include "kernels/f16_cast.h"
#include "ops/op.h"

#define GRAIN 16384

typedef struct cast_state {
    oc_k_any_cast_fn    *kernel;
    const oc_k_f16_cast *f16; /* between f16 and f32 */
    size_t               x_bytes, y_bytes;
} cast_state;

/* TensorProto.DataType */
static oc_dtype dtype_of(int64_t onnx)
{
    static const oc_dtype map[] = {
        [1] = OC_F32, [2] = OC_U8,   [3] = OC_I8,   [4] = OC_U16,  [5] = OC_I16,  [6] = OC_I32,
        [7] = OC_I64, [9] = OC_BOOL, [10] = OC_F16, [11] = OC_F64, [12] = OC_U32, [13] = OC_U64,
    };

    return onnx >= 0 && onnx < (int64_t)(sizeof(map) / sizeof(map[0])) ? map[onnx] : OC_DTYPE_NONE;
}

static oc_status cast_infer(const oc_infer *ask, oc_error *err)
{
    const int64_t to = oc_node_int(ask->node, "to", 0);

    ask->out[0] = ask->in[0];
    ask->out[0].dtype = ask->n_in > 1 ? ask->in[1].dtype : dtype_of(to);
    if (ask->out[0].dtype == OC_DTYPE_NONE)
        return OC_FAIL(err, OC_UNSUPPORTED, "cast to element type %lld", (long long)to);
    return OC_OK;
}

static oc_status cast_prepare(const oc_prepare *p, oc_error *err)
{
    cast_state *s = p->state;

    s->kernel = oc_k_any_cast(p->in[0].info.dtype, p->out[0].info.dtype);
    if ((p->in[0].info.dtype == OC_F16 && p->out[0].info.dtype == OC_F32) ||
        (p->in[0].info.dtype == OC_F32 && p->out[0].info.dtype == OC_F16))
        s->f16 = oc_k_f16_cast_pick(p->isa);
    s->x_bytes = oc_dtype_bytes(p->in[0].info.dtype);
    s->y_bytes = oc_dtype_bytes(p->out[0].info.dtype);
    p->work->phase[0].grain = GRAIN;
    if (!s->kernel || !oc_shape_elements(&p->out[0].info.shape, &p->work->phase[0].units))
        return OC_FAIL(err, OC_INVALID, "the shape is too large");
    return OC_OK;
}

static void cast_run(const oc_op_run *r)
{
    const cast_state *s = r->state;
    const size_t      n = r->part.end - r->part.begin;
    const void       *x = (const char *)r->in[0].data + r->part.begin * s->x_bytes;
    void             *y = (char *)r->out[0].data + r->part.begin * s->y_bytes;

    if (s->f16 && s->x_bytes < s->y_bytes)
        s->f16->widen(n, x, y);
    else if (s->f16)
        s->f16->narrow(n, x, y);
    else
        s->kernel(n, x, y);
}

const oc_op oc_op_cast = {
    .name = "Cast",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(cast_state),
    .infer = cast_infer,
    .prepare = cast_prepare,
    .run = cast_run,
};
const oc_op oc_op_cast_like = {
    .name = "CastLike",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(cast_state),
    .infer = cast_infer,
    .prepare = cast_prepare,
    .run = cast_run,
};

/* Clip: y = min(max, max(min, x)).      ONNX opset 6..
 *
 *   in   x         floats or integers
 *        min, max  scalars of x's type, optional (opset 6 has them as attributes)
 *   out  y         the shape and type of x; may share x's memory
 *
 * min > max gives max everywhere.  Bounds that are not constant are read at each run. */
#include "kernels/any_binary.h"
#include "ops/blocked.h"
#include "ops/op.h"

#define GRAIN 32768

typedef struct clip_state {
    oc_unary            op; /* f32 */
    oc_k_f32_unary_fn  *f32;
    oc_k_any_binary_fn *min, *max; /* other types */
    oc_k_any_unary_fn  *any;       /* other types with bounds as attributes */
    bool                from_inputs, blocked;
    size_t              bytes;
    oc_blocked          grid;
} clip_state;

static oc_status clip_infer(const oc_infer *ask, oc_error *err)
{
    const oc_dtype dtype = ask->in[0].dtype;

    if (!oc_k_any_unary(OC_UNARY_CLIP, dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s", oc_dtype_name(dtype));
    for (uint32_t i = 1; i < ask->n_in; i++) {
        size_t n = 1;

        if (ask->in[i].dtype == OC_DTYPE_NONE)
            continue;
        if (ask->in[i].dtype != dtype || !oc_shape_elements(&ask->in[i].shape, &n) || n != 1)
            return OC_FAIL(err, OC_FORMAT, "%s must be one %s", i == 1 ? "min" : "max",
                           oc_dtype_name(dtype));
    }
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static bool clip_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8 || ask->in[0].info.dtype != OC_F32)
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static oc_status clip_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_dtype dtype = p->in[0].info.dtype;
    clip_state    *s = p->state;

    s->op = (oc_unary){OC_UNARY_CLIP, (double)oc_node_float(p->node, "min", -INFINITY),
                       (double)oc_node_float(p->node, "max", INFINITY)};
    s->from_inputs = p->n_in > 1;
    s->f32 = dtype == OC_F32 ? oc_k_f32_unary(p->isa) : NULL;
    s->any = oc_k_any_unary(OC_UNARY_CLIP, dtype);
    s->min = oc_k_any_binary(OC_BINARY_MIN, dtype);
    s->max = oc_k_any_binary(OC_BINARY_MAX, dtype);
    s->bytes = oc_dtype_bytes(dtype);
    s->blocked = p->out[0].layout == OC_LAYOUT_NC8;
    p->work->phase[0].grain = GRAIN;
    if (!oc_shape_elements(&p->out[0].info.shape, &p->work->phase[0].units))
        return OC_FAIL(err, OC_INVALID, "the shape is too large");
    if (s->blocked) {
        s->grid = oc_blocked_of(&p->out[0].info.shape);
        p->work->phase[0].units = oc_blocked_vectors(&s->grid);
        p->work->phase[0].grain = GRAIN / 8;
    }
    return OC_OK;
}

static const void *bound(const oc_op_run *r, uint32_t i)
{
    return i < r->n_in ? r->in[i].data : NULL;
}

static void run_f32(const clip_state *s, const oc_op_run *r)
{
    const size_t lanes = s->blocked ? 8 : 1, at = r->part.begin * lanes;
    const float *lo = bound(r, 1), *hi = bound(r, 2), *x = r->in[0].data;
    float       *y = r->out[0].data;
    oc_unary     op = s->op;

    if (lo)
        op.a = (double)*lo;
    if (hi)
        op.b = (double)*hi;
    s->f32(&op, (r->part.end - r->part.begin) * lanes, x + at, y + at);
    if (s->blocked && (op.a > 0 || op.b < 0))
        oc_blocked_zero_padding(&s->grid, y, r->part);
}

static void clip_run(const oc_op_run *r)
{
    const clip_state *s = r->state;
    const size_t      n = r->part.end - r->part.begin;
    const char       *x = (const char *)r->in[0].data + r->part.begin * s->bytes;
    char             *y = (char *)r->out[0].data + r->part.begin * s->bytes;
    const oc_unary    all = {OC_UNARY_CLIP, -INFINITY, INFINITY};

    if (s->f32) {
        run_f32(s, r);
    } else if (!s->from_inputs) {
        s->any(&s->op, n, x, y);
    } else { /* the bounds may not fit a double: compare in the type itself */
        s->any(&all, n, x, y);
        if (bound(r, 1))
            s->max(n, y, 1, bound(r, 1), 0, y);
        if (bound(r, 2))
            s->min(n, y, 1, bound(r, 2), 0, y);
    }
}

const oc_op oc_op_clip = {
    .name = "Clip",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(clip_state),
    .infer = clip_infer,
    .layout = clip_layout,
    .prepare = clip_prepare,
    .run = clip_run,
};

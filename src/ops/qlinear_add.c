/* QLinearAdd, QLinearMul: sums and products of quantised tensors.   com.microsoft 1
 *
 *   in   a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero; a and b u8 or i8, broadcast;
 *        scales and zero points constant, one each, zero points may be left out
 *   out  of a's type: a and b dequantised, added or multiplied, quantised again, in the order of
 *        float operations that ONNX Runtime has (see x8_qadd.h)
 *   attributes lo, hi (passes set them): bounds of the resulting bytes, Relu and Clip
 *
 *   Blocked u8: two of one shape, or b [n,C,1,1] against a. */
#include <math.h>
#include <string.h>

#include "kernels/x8_qadd.h"
#include "kernels/x8_qmul.h"
#include "ops/blocked.h"
#include "ops/broadcast.h"
#include "ops/qparam.h"

typedef struct qadd_state {
    oc_broadcast     map;
    bool             is_signed;
    oc_k_qadd        add;
    oc_k_x8_qadd_fn *kernel;
    oc_k_qmul        mul;
    oc_k_x8_qmul_fn *multiply;
    bool             blocked, by_channel; /* by_channel: b is [n,C,1,1] */
    size_t           pixels;              /* a block of a picture */
    uint8_t          lo, hi;
} qadd_state;

static oc_status qadd_infer(const oc_infer *ask, oc_error *err)
{
    oc_tensor_info both[2] = {ask->in[0], ask->in[3]};
    if (!oc_is_byte(both[0].dtype) || both[0].dtype != both[1].dtype)
        return OC_FAIL(err, OC_UNSUPPORTED, "a is %s, b %s", oc_dtype_name(both[0].dtype),
                       oc_dtype_name(both[1].dtype));
    oc_status st = oc_qparams_constant(ask, 0xf6, err);
    if (st != OC_OK)
        return st;
    ask->out[0].dtype = both[0].dtype;
    return oc_broadcast_shape(both, 2, &ask->out[0].shape, err);
}

static bool one_per_channel(const oc_shape *a, const oc_shape *b)
{
    return a->dim[0] == b->dim[0] && a->dim[1] == b->dim[1] && b->dim[2] == 1 && b->dim[3] == 1;
}

static bool qadd_layout(oc_layout_ask *ask)
{
    const oc_tensor_info *a = &ask->in[0].info, *b = &ask->in[3].info;
    if (a->dtype != OC_U8 || a->shape.rank != 4 || b->shape.rank != 4 ||
        (ask->in[0].layout != OC_LAYOUT_NC8 && ask->in[3].layout != OC_LAYOUT_NC8) ||
        !(oc_shape_equal(&a->shape, &b->shape) || one_per_channel(&a->shape, &b->shape)))
        return false;
    ask->want_in[0] = ask->want_in[3] = ask->want_out[0] = true;
    return true;
}

static oc_status qadd_prepare(const oc_prepare *p, oc_error *err)
{
    qadd_state     *s = p->state;
    oc_args         args = oc_args_of_prepare(p);
    oc_dtype        dtype = p->in[0].info.dtype;
    const oc_shape *shapes[2] = {&p->in[0].info.shape, &p->in[3].info.shape};
    oc_qparam       a, b, y;
    oc_status       st;
    if ((st = oc_qparam_read(&args, 1, 2, dtype, 1, "a", &a, err)) != OC_OK ||
        (st = oc_qparam_read(&args, 4, 5, dtype, 1, "b", &b, err)) != OC_OK ||
        (st = oc_qparam_read(&args, 6, 7, dtype, 1, "y", &y, err)) != OC_OK)
        return st;
    s->blocked = p->out[0].layout == OC_LAYOUT_NC8;
    s->by_channel = s->blocked && !oc_shape_equal(shapes[0], shapes[1]);
    s->lo = (uint8_t)oc_node_int(p->node, "lo", 0);
    s->hi = (uint8_t)oc_node_int(p->node, "hi", 255);
    oc_broadcast_init(&s->map, &p->out[0].info.shape, shapes, 2);
    s->kernel = oc_k_x8_qadd(p->isa);
    s->multiply = oc_k_x8_qmul(p->isa);
    s->is_signed = dtype == OC_I8;
    s->mul = (oc_k_qmul){.a_zero = oc_qparam_zero(&a, 0),
                         .b_zero = oc_qparam_zero(&b, 0),
                         .y_zero = oc_qparam_zero(&y, 0),
                         .ratio = a.scale[0] * b.scale[0] / y.scale[0],
                         .is_signed = s->is_signed};
    s->add = (oc_k_qadd){.ratio_a = a.scale[0] / y.scale[0],
                         .ratio_b = b.scale[0] / y.scale[0],
                         .is_signed = s->is_signed};
    /* one rounding less than it looks: ONNX Runtime's build fuses here, and a last bit decides
     * ties */
    s->add.fixed = (float)s->mul.y_zero - fmaf(s->add.ratio_a, (float)s->mul.a_zero,
                                               s->add.ratio_b * (float)s->mul.b_zero);
    p->work->phase[0].units = oc_elements(&p->out[0].info);
    p->work->phase[0].grain = 64 * 1024;
    if (s->blocked) { /* units: pixels of a block, or whole blocks */
        const oc_blocked g = oc_blocked_of(&p->out[0].info.shape);
        s->pixels = s->by_channel ? g.pixels : 1;
        p->work->phase[0].units = g.n * g.blocks * (s->by_channel ? 1 : g.pixels);
        p->work->phase[0].grain = 8 * 1024 / (s->pixels + 1) + 1;
    }
    return OC_OK;
}

static void bound(const qadd_state *s, size_t n, uint8_t *y)
{
    for (size_t i = 0; i < n && (s->lo > 0 || s->hi < 255); i++) {
        const uint8_t v = y[i] < s->lo ? s->lo : y[i];
        y[i] = v > s->hi ? s->hi : v;
    }
}

/* Blocked: bytes as they lie; b of a block's channels repeated for each pixel where it is small. */
static void run_blocked(const qadd_state *s, const oc_op_run *r, bool product)
{
    const uint8_t *a = r->in[0].data, *b = r->in[3].data;
    uint8_t       *y = r->out[0].data, eight[32 * 8];
    const size_t   part = s->by_channel ? s->pixels * 8 : (r->part.end - r->part.begin) * 8;
    for (size_t u = r->part.begin; u < r->part.end; u += s->by_channel ? 1 : part / 8) {
        const size_t at = u * s->pixels * 8;
        oc_k_qmul    q = s->mul;
        q.b_eight = s->by_channel;
        if (product)
            s->multiply(part, &q, a + at, s->by_channel ? b + u * 8 : b + at, y + at);
        for (size_t i = 0; !product && s->by_channel && i < sizeof(eight); i++)
            eight[i] = b[u * 8 + i % 8];
        for (size_t i = 0, n; !product && i < part; i += n) {
            n = s->by_channel && part - i > sizeof(eight) ? sizeof(eight) : part - i;
            s->kernel(n, &s->add, a + at + i, s->by_channel ? eight : b + at + i, y + at + i);
        }
        bound(s, part, y + at);
    }
}

static void add_part(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const oc_op_run  *r = ctx;
    const qadd_state *s = r->state;
    oc_k_qadd         q = s->add;
    q.a_one = oc_broadcast_inner(&s->map, 0) == 0;
    q.b_one = !q.a_one && oc_broadcast_inner(&s->map, 1) == 0;
    s->kernel(n, &q, (const uint8_t *)r->in[0].data + at[0], (const uint8_t *)r->in[3].data + at[1],
              (uint8_t *)r->out[0].data + out_at);
    bound(s, n, (uint8_t *)r->out[0].data + out_at);
}

static void multiply_part(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const oc_op_run  *r = ctx;
    const qadd_state *s = r->state;
    const uint8_t    *a = (const uint8_t *)r->in[0].data + at[0];
    const uint8_t    *b = (const uint8_t *)r->in[3].data + at[1];
    uint8_t          *y = (uint8_t *)r->out[0].data + out_at;
    const size_t      da = oc_broadcast_inner(&s->map, 0), db = oc_broadcast_inner(&s->map, 1);
    uint8_t           one[2][256]; /* an operand that does not move, repeated */
    if (da == 0)
        memset(one[0], *a, sizeof(one[0]));
    if (db == 0)
        memset(one[1], *b, sizeof(one[1]));
    for (size_t k = 0, part; k < n; k += part) {
        part = n - k < sizeof(one[0]) ? n - k : sizeof(one[0]);
        s->multiply(part, &s->mul, da ? a + k : one[0], db ? b + k : one[1], y + k);
    }
    bound(s, n, y);
}

static void qadd_run(const oc_op_run *r)
{
    const qadd_state *s = r->state;
    oc_op_run         copy = *r;
    if (s->blocked) {
        run_blocked(s, r, false);
        return;
    }
    oc_broadcast_run(&s->map, r->part, add_part, &copy);
}

static void qmul_run(const oc_op_run *r)
{
    const qadd_state *s = r->state;
    oc_op_run         copy = *r;
    if (s->blocked) {
        run_blocked(s, r, true);
        return;
    }
    oc_broadcast_run(&s->map, r->part, multiply_part, &copy);
}

const oc_op oc_op_qlinear_add = {
    .name = "QLinearAdd",
    .domain = "com.microsoft",
    .n_in_min = 7,
    .n_in_max = 8,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(qadd_state),
    .infer = qadd_infer,
    .layout = qadd_layout,
    .prepare = qadd_prepare,
    .run = qadd_run,
};
const oc_op oc_op_qlinear_mul = {
    .name = "QLinearMul",
    .domain = "com.microsoft",
    .n_in_min = 7,
    .n_in_max = 8,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(qadd_state),
    .infer = qadd_infer,
    .layout = qadd_layout,
    .prepare = qadd_prepare,
    .run = qmul_run,
};

/* QRound (ours): QuantizeLinear and DequantizeLinear of 16 bits in one, in float.
 *
 *   in   x  f32, any shape, plain or blocked
 *        scale  one f32, constant
 *   out  y = min(hi, max(lo, round_half_even(x / scale))) * scale; may share x's memory
 *   lo, hi  the least and largest level, less the zero point: lo <= 0 <= hi
 *
 * Levels of 16 bits fit a float, so the result is what the two nodes give; but NaN stays NaN. */
#include "kernels/f32_binary.h"
#include "kernels/f32_unary.h"
#include "ops/args.h"
#include "ops/blocked.h"
#include "ops/op.h"

#define CHUNK 1024 /* floats that stay in the first cache between the four kernels */

typedef struct round_state {
    oc_k_f32_binary_fn *binary;
    oc_k_f32_unary_fn  *unary;
    oc_unary            clip;
    size_t              lanes; /* floats of a unit */
} round_state;

static oc_status round_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->in[0].dtype != OC_F32 || ask->in[1].dtype != OC_F32 || oc_elements(&ask->in[1]) != 1)
        return OC_FAIL(err, OC_UNSUPPORTED, "x and one scale must be float32");
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static bool round_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8)
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static oc_status round_prepare(const oc_prepare *p, oc_error *err)
{
    round_state *s = p->state;
    const bool   blocked = p->out[0].layout == OC_LAYOUT_NC8;
    s->binary = oc_k_f32_binary(p->isa);
    s->unary = oc_k_f32_unary(p->isa);
    s->clip = (oc_unary){OC_UNARY_CLIP, (double)oc_node_int(p->node, "lo", 0),
                         (double)oc_node_int(p->node, "hi", UINT16_MAX)};
    s->lanes = blocked ? 8 : 1;
    if (!oc_shape_elements(&p->out[0].info.shape, &p->work->phase[0].units))
        return OC_FAIL(err, OC_INVALID, "the shape is too large");
    if (blocked) {
        const oc_blocked grid = oc_blocked_of(&p->out[0].info.shape);
        p->work->phase[0].units = oc_blocked_vectors(&grid);
    }
    p->work->phase[0].grain = 32 * CHUNK / s->lanes;
    return OC_OK;
}

static void round_run(const oc_op_run *r)
{
    const round_state *s = r->state;
    const oc_unary     nearest = {.kind = OC_UNARY_ROUND};
    const size_t       end = r->part.end * s->lanes;
    const float       *x = r->in[0].data;
    float             *y = r->out[0].data;
    oc_f32_binary      one = {.b_is = OC_OPERAND_ONE, .b = r->in[1].data};
    for (size_t at = r->part.begin * s->lanes; at < end; at += one.n) {
        one.n = end - at < CHUNK ? end - at : CHUNK;
        one.y = y + at;
        one.kind = OC_BINARY_DIV;
        one.a = x + at;
        s->binary(&one);
        s->unary(&s->clip, one.n, one.y, one.y);
        s->unary(&nearest, one.n, one.y, one.y);
        one.kind = OC_BINARY_MUL;
        one.a = one.y;
        s->binary(&one);
    }
}

const oc_op oc_op_q_round = {
    .name = "QRound",
    .domain = "ocellus",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(round_state),
    .infer = round_infer,
    .layout = round_layout,
    .prepare = round_prepare,
    .run = round_run,
};

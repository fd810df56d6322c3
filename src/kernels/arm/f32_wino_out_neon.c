/* Rows first into an array on the stack, then columns, activation and store; the two halves of the
 * eight channels one after the other. */
#include "kernels/arm/wino_neon.h"

#include "kernels/f32_wino_out.tmpl.h"

/* Of channels `channel` .. + 3; y and x are the tile's corner in the output. */
OC_INLINE void finish(const oc_act_kind kind, const oc_wino_out *t, uint32x4_t mask,
                      ptrdiff_t channel, ptrdiff_t y, ptrdiff_t x, const float *from)
{
    const ptrdiff_t   m = t->m, h = t->out_h - y < m ? t->out_h - y : m;
    const ptrdiff_t   w = t->out_w - x < m ? t->out_w - x : m;
    const float32x4_t bias = vld1q_f32(t->bias + channel);
    const float32x4_t a = vdupq_n_f32(t->act.a), b = vdupq_n_f32(t->act.b);

    for (ptrdiff_t i = 0; i < h; i++)
        for (ptrdiff_t j = 0; j < w; j++) {
            ptrdiff_t   at = ((y + i) * t->out_w + x + j) * 8 + channel;
            float32x4_t v = vaddq_f32(vld1q_f32(from + (i * m + j) * 4), bias);
            if (t->add)
                v = vaddq_f32(v, vld1q_f32(t->add + at));
            vst1q_f32(t->y + at, oc_v4_and(oc_v4_act(kind, a, b, v), mask));
        }
}

OC_INLINE void run(const oc_act_kind kind, const oc_wino_out *t)
{
    wino_out_fn *const tile = wino_out_of(t->m);
    const ptrdiff_t    m = t->m;
    const uint32x4x2_t mask = oc_v8_mask(t->lanes);

    for (size_t i = 0; i < t->tiles; i++) {
        const size_t    at = t->first + i;
        const ptrdiff_t y = (ptrdiff_t)(at / t->tiles_w) * m;
        const ptrdiff_t x = (ptrdiff_t)(at % t->tiles_w) * m;
        float           out[OC_WINO_OUT_MAX * OC_WINO_OUT_MAX * 4];

        for (int half = 0; half < 2; half++) {
            tile(t->u + i * 8 + half * 4, t->u_q, out);
            finish(kind, t, mask.val[half], half * 4, y, x, out);
        }
    }
}

void oc_k_f32_wino_out__neon(const oc_wino_out *t)
{
#define CASE(kind) \
    case kind: run(kind, t); return;
    switch (t->act.kind) {
        CASE(OC_ACT_NONE)
        CASE(OC_ACT_RELU)
        CASE(OC_ACT_CLIP)
        CASE(OC_ACT_LEAKY)
        CASE(OC_ACT_SIGMOID)
        CASE(OC_ACT_SILU)
        CASE(OC_ACT_HARDSIGMOID)
        CASE(OC_ACT_HARDSWISH)
        CASE(OC_ACT_TANH)
        CASE(OC_ACT_GELU)
        CASE(OC_ACT_MISH)
    }
#undef CASE
}

/* Rows first into an array on the stack, then columns, activation and store; the two halves of the
 * eight channels one after the other. */
#include "kernels/arm/act_neon.h"
#include "kernels/f32_wino_out.h"

/* out[k * s] = row k of A^T times m. */
OC_INLINE void rows(const float32x4_t m[6], float *out, ptrdiff_t s)
{
    float32x4_t s1 = vaddq_f32(m[1], m[2]), d1 = vsubq_f32(m[1], m[2]);
    float32x4_t s2 = vaddq_f32(m[3], m[4]), d2 = vsubq_f32(m[3], m[4]);

    vst1q_f32(out, vaddq_f32(vaddq_f32(m[0], s1), s2));
    const float32x4_t a = vdupq_n_f32(OC_WINO_A), b = vdupq_n_f32(OC_WINO_B);

    vst1q_f32(out + s, vfmaq_f32(vmulq_f32(a, d1), b, d2));
    vst1q_f32(out + 2 * s, vfmaq_f32(vaddq_f32(s2, s2), vdupq_n_f32(0.5f), s1));
    vst1q_f32(out + 3 * s, vfmaq_f32(vfmaq_f32(m[5], vdupq_n_f32(0.5f * OC_WINO_A), d1),
                                     vdupq_n_f32(2 * OC_WINO_B), d2));
}

/* The 16 results of four channels of a tile, without bias. */
OC_INLINE void tile(const float *m, ptrdiff_t m_q, float *out)
{
    float       mid[24 * 4];
    float32x4_t d[6];

    for (ptrdiff_t i = 0; i < 6; i++) {
        OC_UNROLL for (ptrdiff_t j = 0; j < 6; j++) d[j] = vld1q_f32(m + (i * 6 + j) * m_q);
        rows(d, mid + i * 16, 4);
    }
    for (ptrdiff_t j = 0; j < 4; j++) {
        OC_UNROLL for (ptrdiff_t i = 0; i < 6; i++) d[i] = vld1q_f32(mid + i * 16 + j * 4);
        rows(d, out + j * 4, 16);
    }
}

/* Of channels `channel` .. + 3; y and x are the tile's corner in the output. */
OC_INLINE void finish(const oc_act_kind kind, const oc_wino_out *t, uint32x4_t mask,
                      ptrdiff_t channel, ptrdiff_t y, ptrdiff_t x, const float *from)
{
    const ptrdiff_t   h = t->out_h - y < 4 ? t->out_h - y : 4;
    const ptrdiff_t   w = t->out_w - x < 4 ? t->out_w - x : 4;
    const float32x4_t bias = vld1q_f32(t->bias + channel);
    const float32x4_t a = vdupq_n_f32(t->act.a), b = vdupq_n_f32(t->act.b);

    for (ptrdiff_t i = 0; i < h; i++)
        for (ptrdiff_t j = 0; j < w; j++) {
            ptrdiff_t   at = ((y + i) * t->out_w + x + j) * 8 + channel;
            float32x4_t v = vaddq_f32(vld1q_f32(from + (i * 4 + j) * 4), bias);
            if (t->add)
                v = vaddq_f32(v, vld1q_f32(t->add + at));
            vst1q_f32(t->y + at, oc_v4_and(oc_v4_act(kind, a, b, v), mask));
        }
}

OC_INLINE void run(const oc_act_kind kind, const oc_wino_out *t)
{
    const uint32x4x2_t mask = oc_v8_mask(t->lanes);

    for (size_t i = 0; i < t->tiles; i++) {
        const size_t    at = t->first + i;
        const ptrdiff_t y = (ptrdiff_t)(at / t->tiles_w) * OC_WINO_OUT;
        const ptrdiff_t x = (ptrdiff_t)(at % t->tiles_w) * OC_WINO_OUT;
        float           out[16 * 4];

        for (int half = 0; half < 2; half++) {
            tile(t->m + i * 8 + half * 4, t->m_q, out);
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

/* Rows first into an array on the stack, then columns, activation and store. */
#include "kernels/x86/wino_avx2.h"

#include "kernels/f32_wino_out.tmpl.h"

OC_INLINE void finish(const oc_act_kind kind, const oc_wino_out *t, __m256 mask, ptrdiff_t y,
                      ptrdiff_t x, const float *from)
{
    const ptrdiff_t m = t->m, h = t->out_h - y < m ? t->out_h - y : m;
    const ptrdiff_t w = t->out_w - x < m ? t->out_w - x : m;
    const __m256    bias = _mm256_load_ps(t->bias);
    const __m256    a = _mm256_set1_ps(t->act.a), b = _mm256_set1_ps(t->act.b);

    for (ptrdiff_t i = 0; i < h; i++)
        for (ptrdiff_t j = 0; j < w; j++) {
            ptrdiff_t at = ((y + i) * t->out_w + x + j) * 8;
            __m256    v = _mm256_add_ps(_mm256_load_ps(from + (i * m + j) * 8), bias);
            if (t->add)
                v = _mm256_add_ps(v, _mm256_load_ps(t->add + at));
            _mm256_store_ps(t->y + at, _mm256_and_ps(mask, oc_v8_act(kind, a, b, v)));
        }
}

OC_INLINE void run(const oc_act_kind kind, const oc_wino_out *t)
{
    wino_out_fn *const tile = wino_out_of(t->m);
    const ptrdiff_t    m = t->m;
    const __m256i      lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256       mask =
        _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)t->lanes), lane));

    for (size_t i = 0; i < t->tiles; i++) {
        const size_t at = t->first + i;
        float        out[OC_WINO_OUT_MAX * OC_WINO_OUT_MAX * 8] __attribute__((aligned(32)));

        tile(t->u + i * 8, t->u_q, out);
        finish(kind, t, mask, (ptrdiff_t)(at / t->tiles_w) * m, (ptrdiff_t)(at % t->tiles_w) * m,
               out);
    }
}

void oc_k_f32_wino_out__avx2(const oc_wino_out *t)
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

/* Rows first into an array on the stack, then columns, activation and store. */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/f32_wino_out.h"
#include "kernels/x86/act_avx2.h"

/* out[k * s] = row k of A^T times m. */
OC_INLINE void rows(const __m256 m[6], float *out, ptrdiff_t s)
{
    __m256 s1 = _mm256_add_ps(m[1], m[2]), d1 = _mm256_sub_ps(m[1], m[2]);
    __m256 s2 = _mm256_add_ps(m[3], m[4]), d2 = _mm256_sub_ps(m[3], m[4]);

    _mm256_store_ps(out, _mm256_add_ps(_mm256_add_ps(m[0], s1), s2));
    const __m256 a = _mm256_set1_ps(OC_WINO_A), b = _mm256_set1_ps(OC_WINO_B);
    const __m256 a3 = _mm256_set1_ps(0.5f * OC_WINO_A), b3 = _mm256_set1_ps(2 * OC_WINO_B);

    _mm256_store_ps(out + s, _mm256_fmadd_ps(b, d2, _mm256_mul_ps(a, d1)));
    _mm256_store_ps(out + 2 * s, _mm256_fmadd_ps(_mm256_set1_ps(0.5f), s1, _mm256_add_ps(s2, s2)));
    _mm256_store_ps(out + 3 * s, _mm256_fmadd_ps(b3, d2, _mm256_fmadd_ps(a3, d1, m[5])));
}

/* The 16 results of a tile, without bias. */
OC_INLINE void tile(const float *m, ptrdiff_t m_q, float *out)
{
    float  mid[24 * 8] __attribute__((aligned(32)));
    __m256 d[6];

    for (ptrdiff_t i = 0; i < 6; i++) {
        OC_UNROLL for (ptrdiff_t j = 0; j < 6; j++) d[j] = _mm256_load_ps(m + (i * 6 + j) * m_q);
        rows(d, mid + i * 32, 8);
    }
    for (ptrdiff_t j = 0; j < 4; j++) {
        OC_UNROLL for (ptrdiff_t i = 0; i < 6; i++) d[i] = _mm256_load_ps(mid + i * 32 + j * 8);
        rows(d, out + j * 8, 32);
    }
}

OC_INLINE void finish(const oc_act_kind kind, const oc_wino_out *t, __m256 mask, ptrdiff_t y,
                      ptrdiff_t x, const float *from)
{
    const ptrdiff_t h = t->out_h - y < 4 ? t->out_h - y : 4;
    const ptrdiff_t w = t->out_w - x < 4 ? t->out_w - x : 4;
    const __m256    bias = _mm256_load_ps(t->bias);
    const __m256    a = _mm256_set1_ps(t->act.a), b = _mm256_set1_ps(t->act.b);

    for (ptrdiff_t i = 0; i < h; i++)
        for (ptrdiff_t j = 0; j < w; j++) {
            ptrdiff_t at = ((y + i) * t->out_w + x + j) * 8;
            __m256    v = _mm256_add_ps(_mm256_load_ps(from + (i * 4 + j) * 8), bias);
            if (t->add)
                v = _mm256_add_ps(v, _mm256_load_ps(t->add + at));
            _mm256_store_ps(t->y + at, _mm256_and_ps(mask, oc_v8_act(kind, a, b, v)));
        }
}

OC_INLINE void run(const oc_act_kind kind, const oc_wino_out *t)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256  mask =
        _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)t->lanes), lane));

    for (size_t i = 0; i < t->tiles; i++) {
        const size_t at = t->first + i;
        float        out[16 * 8] __attribute__((aligned(32)));

        tile(t->m + i * 8, t->m_q, out);
        finish(kind, t, mask, (ptrdiff_t)(at / t->tiles_w) * OC_WINO_OUT,
               (ptrdiff_t)(at % t->tiles_w) * OC_WINO_OUT, out);
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

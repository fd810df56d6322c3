/* Rows first into an array on the stack, then columns straight into place. */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/f32_wino_in.h"
#include "kernels/x86/act_avx2.h"

/* out[k * s] = row k of B^T times d. */
OC_INLINE void rows(const __m256 d[6], float *out, ptrdiff_t s)
{
    const __m256 a = _mm256_set1_ps(OC_WINO_A), b = _mm256_set1_ps(OC_WINO_B);
    const __m256 half = _mm256_set1_ps(0.5f), c = _mm256_set1_ps(2.5f);
    __m256       t0 = _mm256_sub_ps(d[4], _mm256_add_ps(d[2], d[2]));
    __m256       t1 = _mm256_fmsub_ps(a, d[3], _mm256_mul_ps(b, d[1]));
    __m256       t2 = _mm256_fnmadd_ps(half, d[2], d[4]);
    __m256       t3 = _mm256_fmsub_ps(b, d[3], _mm256_mul_ps(a, d[1]));

    _mm256_store_ps(out, _mm256_add_ps(d[0], _mm256_fnmadd_ps(c, d[2], d[4])));
    _mm256_store_ps(out + s, _mm256_add_ps(t0, t1));
    _mm256_store_ps(out + 2 * s, _mm256_sub_ps(t0, t1));
    _mm256_store_ps(out + 3 * s, _mm256_add_ps(t2, t3));
    _mm256_store_ps(out + 4 * s, _mm256_sub_ps(t2, t3));
    _mm256_store_ps(out + 5 * s, _mm256_add_ps(d[1], _mm256_fnmadd_ps(c, d[3], d[5])));
}

OC_INLINE void tile(const bool edge, const oc_wino_in *t, ptrdiff_t y, ptrdiff_t x, float *v)
{
    static const float zeros[8] __attribute__((aligned(32)));
    float              mid[36 * 8] __attribute__((aligned(32)));
    __m256             d[6];

    for (ptrdiff_t i = 0; i < 6; i++) {
        const float *from = t->x + ((y + i) * t->in_w + x) * 8;
        const bool   out = edge && (y + i < 0 || y + i >= t->in_h);
        OC_UNROLL for (ptrdiff_t j = 0; j < 6; j++)
        {
            bool none = edge && (out || x + j < 0 || x + j >= t->in_w);
            d[j] = _mm256_load_ps(none ? zeros : from + j * 8);
        }
        rows(d, mid + i * 48, 8);
    }
    for (ptrdiff_t j = 0; j < 6; j++) {
        OC_UNROLL for (ptrdiff_t i = 0; i < 6; i++) d[i] = _mm256_load_ps(mid + i * 48 + j * 8);
        rows(d, v + j * t->v_q, 6 * t->v_q);
    }
}

void oc_k_f32_wino_in__avx2(const oc_wino_in *t)
{
    for (size_t i = 0; i < t->tiles; i++) {
        const size_t    at = t->first + i;
        const ptrdiff_t y = (ptrdiff_t)(at / t->tiles_w) * OC_WINO_OUT - t->top;
        const ptrdiff_t x = (ptrdiff_t)(at % t->tiles_w) * OC_WINO_OUT - t->left;

        if (y >= 0 && x >= 0 && y + 6 <= t->in_h && x + 6 <= t->in_w)
            tile(false, t, y, x, t->v + i * 8);
        else
            tile(true, t, y, x, t->v + i * 8);
    }
}

#include <immintrin.h>

#include "kernels/x8_qadd.h"

static inline __m256 load8(const uint8_t *x, bool is_signed)
{
    __m128i v = _mm_loadl_epi64((const __m128i *)x);
    return _mm256_cvtepi32_ps(is_signed ? _mm256_cvtepi8_epi32(v) : _mm256_cvtepu8_epi32(v));
}

static float first(const void *x, bool is_signed)
{
    return is_signed ? (float)*(const int8_t *)x : (float)*(const uint8_t *)x;
}

void oc_k_x8_qadd__avx2(size_t n, const oc_k_qadd *q, const void *a, const void *b, void *y)
{
    float fixed_one = q->fixed;
    if (q->a_one)
        fixed_one = fixed_one + first(a, q->is_signed) * q->ratio_a;
    if (q->b_one)
        fixed_one = fixed_one + first(b, q->is_signed) * q->ratio_b;
    const __m256   ratio_a = _mm256_set1_ps(q->ratio_a), ratio_b = _mm256_set1_ps(q->ratio_b);
    const __m256   fixed = _mm256_set1_ps(fixed_one);
    const uint8_t *pa = a, *pb = b;
    uint8_t       *to = y;
    size_t         i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 r = fixed;
        if (!q->b_one)
            r = _mm256_fmadd_ps(load8(pb + i, q->is_signed), ratio_b, r);
        if (!q->a_one)
            r = _mm256_fmadd_ps(load8(pa + i, q->is_signed), ratio_a, r);
        __m256i k = _mm256_cvtps_epi32(r);
        __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(k), _mm256_extracti128_si256(k, 1));
        __m128i bytes =
            q->is_signed ? _mm_packs_epi16(words, words) : _mm_packus_epi16(words, words);
        _mm_storel_epi64((__m128i *)(to + i), bytes);
    }
    if (i < n)
        oc_k_x8_qadd__ref(n - i, q, pa + (q->a_one ? 0 : i), pb + (q->b_one ? 0 : i), to + i);
}

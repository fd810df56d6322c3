#include <immintrin.h>

#include "kernels/s32_requant.h"

void oc_k_s32_requant__avx2(size_t n, const int32_t *acc, const oc_k_requant *q, void *y)
{
    const __m256  lo = _mm256_set1_ps((float)((q->is_signed ? -128 : 0) - q->zero));
    const __m256  hi = _mm256_set1_ps((float)((q->is_signed ? 127 : 255) - q->zero));
    const __m256i bias = _mm256_set1_epi32(q->bias), zero = _mm256_set1_epi32(q->zero);
    __m256        scale = _mm256_set1_ps(q->scale);
    uint8_t      *to = y;
    size_t        i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i sum = _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)(acc + i)), bias);
        if (q->scale_each)
            scale = _mm256_loadu_ps(q->scale_each + i);
        __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale);
        v = _mm256_min_ps(_mm256_max_ps(v, lo), hi); /* a NaN becomes lo, as in the reference */
        __m256i r = _mm256_add_epi32(_mm256_cvtps_epi32(v), zero);
        __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(r), _mm256_extracti128_si256(r, 1));
        __m128i bytes =
            q->is_signed ? _mm_packs_epi16(words, words) : _mm_packus_epi16(words, words);
        _mm_storel_epi64((__m128i *)(to + i), bytes);
    }
    if (i < n) {
        oc_k_requant rest = *q;
        rest.scale_each = q->scale_each ? q->scale_each + i : NULL;
        oc_k_s32_requant__ref(n - i, acc + i, &rest, to + i);
    }
}

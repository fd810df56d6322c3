#include <immintrin.h>

#include "kernels/f32_quantize.h"

void oc_k_f32_quantize__avx2(size_t n, const float *x, float scale, int32_t zero, bool is_signed,
                             void *y)
{
    const __m256  lo = _mm256_set1_ps((float)((is_signed ? -128 : 0) - zero));
    const __m256  hi = _mm256_set1_ps((float)((is_signed ? 127 : 255) - zero));
    const __m256  by = _mm256_set1_ps(scale);
    const __m256i shift = _mm256_set1_epi32(zero);
    uint8_t      *to = y;
    size_t        i = 0;
    for (; i + 8 <= n; i += 8) {
        /* max gives back its second operand when either is NaN: a NaN becomes lo */
        __m256  v = _mm256_max_ps(_mm256_div_ps(_mm256_loadu_ps(x + i), by), lo);
        __m256i k = _mm256_add_epi32(_mm256_cvtps_epi32(_mm256_min_ps(v, hi)), shift);
        __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(k), _mm256_extracti128_si256(k, 1));
        __m128i bytes = is_signed ? _mm_packs_epi16(words, words) : _mm_packus_epi16(words, words);
        _mm_storel_epi64((__m128i *)(to + i), bytes);
    }
    if (i < n)
        oc_k_f32_quantize__ref(n - i, x + i, scale, zero, is_signed, to + i);
}

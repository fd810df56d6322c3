/* Sixteen bits hold 257 bytes' sum: two pixels at a time, widened every 256 of them. */
#include <immintrin.h>

#include "kernels/u8_sum8.h"

void oc_k_u8_sum8__avx2(size_t n, const uint8_t *x, int32_t sum[8])
{
    __m256i total = _mm256_setzero_si256();
    size_t  i = 0;
    while (n - i >= 2) {
        __m256i      part = _mm256_setzero_si256();
        const size_t end = n - i > 512 ? i + 512 : i + (n - i) / 2 * 2;
        for (; i < end; i += 2)
            part = _mm256_add_epi16(
                part, _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(x + i * 8))));
        total = _mm256_add_epi32(total, _mm256_cvtepu16_epi32(_mm256_castsi256_si128(part)));
        total = _mm256_add_epi32(total, _mm256_cvtepu16_epi32(_mm256_extracti128_si256(part, 1)));
    }
    if (i < n)
        total = _mm256_add_epi32(
            total, _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(x + i * 8))));
    _mm256_storeu_si256((__m256i *)sum, total);
}

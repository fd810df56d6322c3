#include <immintrin.h>

#include "kernels/s16_widen.h"

void oc_k_s16_widen__avx2(size_t n, const void *x, size_t step, int32_t zero, bool is_signed,
                          int16_t *to)
{
    const uint8_t *from = x;
    const __m256i  less = _mm256_set1_epi16((int16_t)zero);
    size_t         i = 0;
    if (step == 1)
        for (; i + 16 <= n; i += 16) {
            __m128i b = _mm_loadu_si128((const __m128i *)(from + i));
            __m256i v = is_signed ? _mm256_cvtepi8_epi16(b) : _mm256_cvtepu8_epi16(b);
            _mm256_storeu_si256((__m256i *)(to + i), _mm256_sub_epi16(v, less));
        }
    if (step == 2) /* 32 bytes are read for 16: the last one must be there too */
        for (; i + 17 <= n; i += 16) {
            __m256i v = _mm256_slli_epi16(_mm256_loadu_si256((const __m256i *)(from + 2 * i)), 8);
            v = is_signed ? _mm256_srai_epi16(v, 8) : _mm256_srli_epi16(v, 8);
            _mm256_storeu_si256((__m256i *)(to + i), _mm256_sub_epi16(v, less));
        }
    if (i < n)
        oc_k_s16_widen__ref(n - i, from + i * step, step, zero, is_signed, to + i);
}

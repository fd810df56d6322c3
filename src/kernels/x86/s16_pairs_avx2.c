/* Bytes of both rows side by side, then as 16 bits. */
#include "kernels/s16_pairs.h"
#include "kernels/x86/vec_avx2.h"

OC_INLINE void store(__m128i both, __m256i less, int16_t *to)
{
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_sub_epi16(_mm256_cvtepu8_epi16(both), less));
}

void oc_k_s16_pairs__avx2(size_t n, const uint8_t *x0, const uint8_t *x1, int32_t zero, int16_t *to)
{
    const __m256i less = _mm256_set1_epi16((int16_t)zero);
    const __m128i none = _mm_set1_epi8((char)zero);
    size_t        i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m128i a = x0 ? _mm_loadu_si128((const __m128i *)(const void *)(x0 + i)) : none;
        const __m128i b = x1 ? _mm_loadu_si128((const __m128i *)(const void *)(x1 + i)) : none;
        store(_mm_unpacklo_epi8(a, b), less, to + 2 * i);
        store(_mm_unpackhi_epi8(a, b), less, to + 2 * i + 16);
    }
    if (i < n) {
        const __m128i a = x0 ? _mm_loadl_epi64((const __m128i *)(const void *)(x0 + i)) : none;
        const __m128i b = x1 ? _mm_loadl_epi64((const __m128i *)(const void *)(x1 + i)) : none;
        store(_mm_unpacklo_epi8(a, b), less, to + 2 * i);
    }
}

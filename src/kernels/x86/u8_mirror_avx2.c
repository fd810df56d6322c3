/* Ten pixels at a time, five to a half: fifteen of sixteen bytes, the odd one at the far end. */
#include <immintrin.h>

#include "kernels/u8_mirror.h"

void oc_k_u8_mirror__avx2(size_t n, const uint8_t *x, uint8_t *out)
{
    const __m256i turn = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, 0));
    size_t i = 0;

    /* a load begins a byte before its pixels, a store ends a byte behind: inside while two are left */
    for (; i + 12 <= n; i += 10) {
        const uint8_t *p = x + 3 * (n - i);
        const __m128i  a = _mm_loadu_si128((const __m128i *)(const void *)(p - 16));
        const __m128i  b = _mm_loadu_si128((const __m128i *)(const void *)(p - 31));
        const __m256i  v = _mm256_shuffle_epi8(_mm256_set_m128i(b, a), turn);
        _mm_storeu_si128((__m128i *)(void *)(out + 3 * i), _mm256_castsi256_si128(v));
        _mm_storeu_si128((__m128i *)(void *)(out + 3 * i + 15), _mm256_extracti128_si256(v, 1));
    }
    if (i < n)
        oc_k_u8_mirror__ref(n - i, x, out + 3 * i);
}

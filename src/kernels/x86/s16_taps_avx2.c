/* Two taps at a time: their rows interleaved, then one madd. */
#include <immintrin.h>
#include <stdbool.h>

#include "kernels/s16_taps.h"

static inline __m256i load16(const int16_t *x)
{
    return _mm256_loadu_si256((const __m256i *)x);
}

static void sixteen(size_t taps, const int16_t *const *x, const int16_t *w, size_t i, int32_t *acc)
{
    __m256i lo = _mm256_setzero_si256(), hi = lo;
    for (size_t t = 0; t < taps; t += 2) {
        bool    two = t + 1 < taps;
        __m256i a = load16(x[t] + i), b = two ? load16(x[t + 1] + i) : _mm256_setzero_si256();
        __m256i both = _mm256_set1_epi32(
            (int32_t)((uint32_t)(uint16_t)w[t] | (uint32_t)(two ? (uint16_t)w[t + 1] : 0) << 16));
        lo = _mm256_add_epi32(lo, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), both));
        hi = _mm256_add_epi32(hi, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), both));
    }
    /* unpacking worked inside 128-bit halves: put them in order again */
    _mm256_storeu_si256((__m256i *)acc, _mm256_permute2x128_si256(lo, hi, 0x20));
    _mm256_storeu_si256((__m256i *)(acc + 8), _mm256_permute2x128_si256(lo, hi, 0x31));
}

void oc_k_s16_taps__avx2(size_t n, size_t taps, const int16_t *const *x, const int16_t *w,
                         int32_t *acc)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        sixteen(taps, x, w, i, acc + i);
    if (i < n && n >= 16) { /* once more, over some of what is done */
        sixteen(taps, x, w, n - 16, acc + n - 16);
        return;
    }
    for (; i < n; i++) {
        int32_t sum = 0;
        for (size_t t = 0; t < taps; t++)
            sum += x[t][i] * w[t];
        acc[i] = sum;
    }
}

/* madd multiplies pairs of 16-bit values and adds each pair into 32 bits: with differences of bytes
 * nothing can saturate, unlike the byte form of the instruction. */
#include <immintrin.h>
#include <string.h>

#include "kernels/s16_gemm_4x16.h"

static inline __m256i pair(const int16_t *w)
{
    int32_t both;
    memcpy(&both, w, sizeof(both));
    return _mm256_set1_epi32(both);
}

void oc_k_s16_gemm_4x16__avx2(size_t k2, const int16_t *w, const int16_t *a, int32_t *acc)
{
    __m256i lo[4], hi[4];
    for (int r = 0; r < 4; r++)
        lo[r] = hi[r] = _mm256_setzero_si256();
    for (size_t k = 0; k < k2; k++, w += 8, a += 32) {
        __m256i a0 = _mm256_loadu_si256((const __m256i *)a);
        __m256i a1 = _mm256_loadu_si256((const __m256i *)(a + 16));
        for (int r = 0; r < 4; r++) {
            __m256i both = pair(w + 2 * r);
            lo[r] = _mm256_add_epi32(lo[r], _mm256_madd_epi16(a0, both));
            hi[r] = _mm256_add_epi32(hi[r], _mm256_madd_epi16(a1, both));
        }
    }
    for (int r = 0; r < 4; r++) {
        _mm256_storeu_si256((__m256i *)(acc + r * 16), lo[r]);
        _mm256_storeu_si256((__m256i *)(acc + r * 16 + 8), hi[r]);
    }
}

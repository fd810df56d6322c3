#include <immintrin.h>

#include "kernels/u8_fir.h"

static inline __m256i part(const uint8_t *p, __m256i w)
{
    __m256i x = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
    return _mm256_mulhrs_epi16(_mm256_slli_epi16(x, 7), w);
}

/* The sum stays within 16 bits without a sign: 255 * 128, half a unit a tap, and 64. */
static inline __m256i finish(__m256i sum)
{
    return _mm256_srli_epi16(_mm256_adds_epu16(sum, _mm256_set1_epi16(64)), 7);
}

void oc_k_u8_fir__avx2(size_t n, size_t n_taps, const uint8_t *const *tap, const int16_t *w,
                       uint8_t *out)
{
    size_t i = 0;

    for (; i + 64 <= n; i += 64) {
        __m256i s[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                        _mm256_setzero_si256()};
        for (size_t k = 0; k < n_taps; k++) {
            const __m256i  wk = _mm256_set1_epi16(w[k]);
            const uint8_t *p = tap[k] + i;
            s[0] = _mm256_add_epi16(s[0], part(p, wk));
            s[1] = _mm256_add_epi16(s[1], part(p + 16, wk));
            s[2] = _mm256_add_epi16(s[2], part(p + 32, wk));
            s[3] = _mm256_add_epi16(s[3], part(p + 48, wk));
        }
        for (int h = 0; h < 2; h++) {
            __m256i b = _mm256_packus_epi16(finish(s[2 * h]), finish(s[2 * h + 1]));
            _mm256_storeu_si256((__m256i *)(void *)(out + i + 32 * h),
                                _mm256_permute4x64_epi64(b, 0xd8));
        }
    }
    for (; i + 16 <= n; i += 16) {
        __m256i s = _mm256_setzero_si256();
        for (size_t k = 0; k < n_taps; k++)
            s = _mm256_add_epi16(s, part(tap[k] + i, _mm256_set1_epi16(w[k])));
        s = finish(s);
        _mm_storeu_si128(
            (__m128i *)(void *)(out + i),
            _mm_packus_epi16(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1)));
    }
    for (; i < n; i++) {
        int32_t sum = 64;
        for (size_t k = 0; k < n_taps; k++)
            sum += (tap[k][i] * 128 * w[k] + (1 << 14)) >> 15;
        sum >>= 7;
        out[i] = (uint8_t)(sum > 255 ? 255 : sum);
    }
}

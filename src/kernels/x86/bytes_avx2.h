/* bytes_avx2.h -- four vectors of eight floats become 32 bytes in one register. */
#ifndef OC_KERNELS_X86_BYTES_AVX2_H
#define OC_KERNELS_X86_BYTES_AVX2_H

#include "kernels/x86/vec_avx2.h"

/* Beyond 2^31 the conversion would turn the sign. */
OC_INLINE __m256i bytes_rounded(vf v)
{
    return _mm256_cvtps_epi32(_mm256_min_ps(v, _mm256_set1_ps(65536.0f)));
}

/* saturate(round_half_even(v) + zero) to 0..255; no NaN. */
OC_INLINE void bytes_of_4(vf v0, vf v1, vf v2, vf v3, int32_t zero, uint8_t *to)
{
    const __m256i plus = _mm256_set1_epi16((int16_t)zero);
    const __m256i a = _mm256_packs_epi32(bytes_rounded(v0), bytes_rounded(v1));
    const __m256i b = _mm256_packs_epi32(bytes_rounded(v2), bytes_rounded(v3));
    const __m256i y = _mm256_packus_epi16(_mm256_adds_epi16(a, plus), _mm256_adds_epi16(b, plus));
    _mm256_storeu_si256((__m256i *)(void *)to,
                        _mm256_permutevar8x32_epi32(y, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}

#define BYTES_OF_4(a, b, c, d, zero, to) bytes_of_4(a, b, c, d, zero, to)

#endif

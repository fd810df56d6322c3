/* rgb_avx2.h -- eight RGB pixels as three vectors of the vocabulary, and back. */
#ifndef OC_KERNELS_X86_RGB_AVX2_H
#define OC_KERNELS_X86_RGB_AVX2_H

#include "kernels/x86/vec_avx2.h"

/* Reads 24 bytes: four pixels of twelve from either end. */
OC_INLINE void vf_load_rgb(const uint8_t *p, vf *r, vf *g, vf *b)
{
    const __m256i v = _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(const void *)(p + 8)),
                                       _mm_loadu_si128((const __m128i *)(const void *)p));
    const __m256i m =
        _mm256_setr_epi8(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1, 4, -1, -1, -1,
                         7, -1, -1, -1, 10, -1, -1, -1, 13, -1, -1, -1);
    const __m256i one =
        _mm256_set1_epi32(1); /* the next byte; -1 gives way: its upper bytes stay */

    *r = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, m));
    *g = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, _mm256_add_epi32(m, one)));
    *b = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, _mm256_add_epi32(m, _mm256_set1_epi32(2))));
}

/* Values 0..255, rounded half to even; writes 24 bytes. */
OC_INLINE void vf_store_rgb(uint8_t *p, vf r, vf g, vf b)
{
    const __m256i close = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    __m256i v = _mm256_or_si256(_mm256_cvtps_epi32(r), _mm256_slli_epi32(_mm256_cvtps_epi32(g), 8));

    v = _mm256_or_si256(v, _mm256_slli_epi32(_mm256_cvtps_epi32(b), 16));
    v = _mm256_shuffle_epi8(v, close);
    v = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_castsi256_si128(v));
    _mm_storel_epi64((__m128i *)(void *)(p + 16), _mm256_extracti128_si256(v, 1));
}

#endif

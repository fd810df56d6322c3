/* Four pixels in a register; a shuffle per piece puts zeros where it does not speak. */
#include <immintrin.h>

#include "kernels/u8_lanes.h"

void oc_k_u8_lanes__avx2(size_t n, size_t n_pieces, const oc_k_byte_lanes *pieces, uint8_t *dst)
{
    __m256i mask[8];
    size_t  p = 0;
    for (size_t k = 0; k < n_pieces; k++) {
        int8_t m[32];
        for (int i = 0; i < 32; i++) {
            const int32_t lane = pieces[k].lane[i % 8];
            m[i] = (int8_t)(lane < 0 ? -1 : lane + i % 16 / 8 * 8);
        }
        mask[k] = _mm256_loadu_si256((const __m256i *)m);
    }
    for (; p + 4 <= n; p += 4) {
        __m256i v = _mm256_setzero_si256();
        for (size_t k = 0; k < n_pieces; k++)
            v = _mm256_or_si256(
                v, _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(pieces[k].src + p * 8)),
                                       mask[k]));
        _mm256_storeu_si256((__m256i *)(dst + p * 8), v);
    }
    for (; p < n; p++) {
        __m128i v = _mm_setzero_si128();
        for (size_t k = 0; k < n_pieces; k++)
            v = _mm_or_si128(
                v, _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)(pieces[k].src + p * 8)),
                                    _mm256_castsi256_si128(mask[k])));
        _mm_storel_epi64((__m128i *)(dst + p * 8), v);
    }
}

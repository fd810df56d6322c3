/* Sixteen shuffles of sixteen entries each.  A shuffle looks at the low four bits and gives zero where
 * the top bit is set: x less 16 r, plus 0x70 with saturation, has it clear for 16 r .. 16 r + 15 alone. */
#include "kernels/u8_lookup.h"
#include "kernels/x86/vec_avx2.h"

OC_INLINE void look_up(const uint8_t table[256], const uint8_t *x, uint8_t *y, const int vectors)
{
    const __m256i sixteen = _mm256_set1_epi8(16), bias = _mm256_set1_epi8(0x70);
    __m256i       v[4], sum[4];

    OC_UNROLL for (int i = 0; i < vectors; i++)
    {
        v[i] = _mm256_loadu_si256((const __m256i *)(x + 32 * i));
        sum[i] = _mm256_setzero_si256();
    }
    for (int r = 0; r < 16; r++) {
        const __m256i row =
            _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * r)));
        OC_UNROLL for (int i = 0; i < vectors; i++)
        {
            sum[i] =
                _mm256_or_si256(sum[i], _mm256_shuffle_epi8(row, _mm256_adds_epu8(v[i], bias)));
            v[i] = _mm256_sub_epi8(v[i], sixteen);
        }
    }
    OC_UNROLL for (int i = 0; i < vectors; i++)
        _mm256_storeu_si256((__m256i *)(y + 32 * i), sum[i]);
}

void oc_k_u8_lookup__avx2(size_t n, const uint8_t table[256], const uint8_t *x, uint8_t *y)
{
    size_t i = 0;
    for (; i + 128 <= n; i += 128)
        look_up(table, x + i, y + i, 4);
    for (; i + 32 <= n; i += 32)
        look_up(table, x + i, y + i, 1);
    for (; i < n; i++)
        y[i] = table[x[i]];
}

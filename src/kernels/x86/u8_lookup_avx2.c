/* Sixteen shuffles of sixteen entries each, by the low four bits; of two neighbours the next bit takes
 * one, and so on: a blend looks at the top bit of each byte. */
#include "kernels/u8_lookup.h"
#include "kernels/x86/vec_avx2.h"

OC_INLINE __m256i row(const uint8_t *table, __m256i low)
{
    const __m128i sixteen = _mm_loadu_si128((const __m128i *)(const void *)table);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(sixteen), low);
}

/* The entries of 64 that bits 4 and 5 choose. */
OC_INLINE __m256i rows(const uint8_t *table, __m256i low, __m256i bit4, __m256i bit5)
{
    return _mm256_blendv_epi8(_mm256_blendv_epi8(row(table, low), row(table + 16, low), bit4),
                              _mm256_blendv_epi8(row(table + 32, low), row(table + 48, low), bit4),
                              bit5);
}

OC_INLINE __m256i look_up(const uint8_t table[256], __m256i x)
{
    const __m256i low = _mm256_and_si256(x, _mm256_set1_epi8(15));
    const __m256i bit4 = _mm256_slli_epi16(x, 3), bit5 = _mm256_slli_epi16(x, 2);
    const __m256i bit6 = _mm256_slli_epi16(x, 1);
    return _mm256_blendv_epi8(
        _mm256_blendv_epi8(rows(table, low, bit4, bit5), rows(table + 64, low, bit4, bit5), bit6),
        _mm256_blendv_epi8(rows(table + 128, low, bit4, bit5), rows(table + 192, low, bit4, bit5),
                           bit6),
        x);
}

void oc_k_u8_lookup__avx2(size_t n, const uint8_t table[256], const uint8_t *x, uint8_t *y)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        _mm256_storeu_si256(
            (__m256i *)(void *)(y + i),
            look_up(table, _mm256_loadu_si256((const __m256i *)(const void *)(x + i))));
    for (; i < n; i++)
        y[i] = table[x[i]];
}

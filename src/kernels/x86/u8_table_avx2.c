/* The table as sixteen shuffles of sixteen.  A byte counts in the one whose number is its upper half:
 * there exclusive-or leaves the lower half, and adding 0x70 sets the top bit everywhere else, which makes
 * the shuffle give 0. */
#include <immintrin.h>

#include "kernels/u8_table.h"

void oc_k_u8_table__avx2(size_t n, const uint8_t *x, const uint8_t *table, uint8_t *out)
{
    const __m256i over = _mm256_set1_epi8(0x70);
    __m256i       part[16];
    size_t        i = 0;

    for (int k = 0; k < 16; k++)
        part[k] = _mm256_broadcastsi128_si256(
            _mm_loadu_si128((const __m128i *)(const void *)(table + 16 * k)));
    for (; i + 64 <= n; i += 64) {
        const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(x + i));
        const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(x + i + 32));
        __m256i       p = _mm256_setzero_si256(), q = p;
        for (int k = 0; k < 16; k++) {
            const __m256i upper = _mm256_set1_epi8((char)(k << 4));
            const __m256i ia = _mm256_adds_epu8(_mm256_xor_si256(a, upper), over);
            const __m256i ib = _mm256_adds_epu8(_mm256_xor_si256(b, upper), over);
            p = _mm256_or_si256(p, _mm256_shuffle_epi8(part[k], ia));
            q = _mm256_or_si256(q, _mm256_shuffle_epi8(part[k], ib));
        }
        _mm256_storeu_si256((__m256i *)(void *)(out + i), p);
        _mm256_storeu_si256((__m256i *)(void *)(out + i + 32), q);
    }
    if (i < n)
        oc_k_u8_table__ref(n - i, x + i, table, out + i);
}

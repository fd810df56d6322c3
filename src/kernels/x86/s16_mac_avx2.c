/* Six rows by sixteen columns in registers, pairs of k by madd. */
#include <string.h>

#include "kernels/s16_mac.h"
#include "kernels/tmpl/u8_mac_tiles.h"
#include "kernels/x86/vec_avx2.h"

OC_INLINE void tile(const oc_s16_mac *m, size_t first, const int px)
{
    const int16_t *w = m->w, *x[6];
    __m256i        sum[6][2];

    OC_UNROLL for (int p = 0; p < px; p++)
    {
        x[p] = m->x + (first + (size_t)p) * m->x_px;
        sum[p][0] = sum[p][1] = _mm256_setzero_si256();
    }
    for (size_t k = 0; k < m->k2; k++, w += 32) {
        const __m256i w0 = _mm256_loadu_si256((const __m256i *)w);
        const __m256i w1 = _mm256_loadu_si256((const __m256i *)(w + 16));
        OC_UNROLL for (int p = 0; p < px; p++)
        {
            int32_t pair;
            memcpy(&pair, x[p] + 2 * k, sizeof(pair));
            const __m256i v = _mm256_set1_epi32(pair);
            sum[p][0] = _mm256_add_epi32(sum[p][0], _mm256_madd_epi16(v, w0));
            sum[p][1] = _mm256_add_epi32(sum[p][1], _mm256_madd_epi16(v, w1));
        }
    }
    OC_UNROLL for (int p = 0; p < px; p++)
    {
        _mm256_storeu_si256((__m256i *)(m->acc + (first + (size_t)p) * 16), sum[p][0]);
        _mm256_storeu_si256((__m256i *)(m->acc + (first + (size_t)p) * 16 + 8), sum[p][1]);
    }
}

void oc_k_s16_mac__avx2(const oc_s16_mac *m)
{
    OC_MAC8_TILES(tile, m)
}

/* Tiles of 6 pixels by 16 channels: twelve sums in registers.
 *
 * A narrow group: u8 times s8, pairs added in 16 bits, those in 32.  A wide one: even and odd bytes of
 * x as 16 bits, against 16-bit weights. */
#include <string.h>

#include "kernels/tmpl/u8_mac_tiles.h"
#include "kernels/u8_mac.h"
#include "kernels/x86/vec_avx2.h"

const oc_mac8_form oc_u8_mac_form__avx2 = {.deep = 4, .w_min = -128, .w_max = 127, .pair_max = 128};

OC_INLINE __m256i load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

OC_INLINE __m256i four_bytes(const uint8_t *x)
{
    int32_t v;
    memcpy(&v, x, sizeof(v));
    return _mm256_set1_epi32(v);
}

OC_INLINE void tile(const oc_mac8 *m, size_t first, const int px, const int blocks)
{
    const __m256i  ones = _mm256_set1_epi16(1), low = _mm256_set1_epi16(255);
    const int32_t *at = m->at;
    const uint8_t *x[OC_MAC8_TILE];
    __m256i        sum[OC_MAC8_TILE][2];

    OC_UNROLL for (int p = 0; p < px; p++)
    {
        x[p] = m->x[first + (size_t)p];
        OC_UNROLL for (int b = 0; b < blocks; b++) sum[p][b] = load(m->start + 8 * b);
    }
    const int8_t *w = m->narrow;
    for (size_t g = 0; g < m->n_narrow; g++, w += 32 * blocks) {
        const ptrdiff_t place = at[g];
        __m256i         wv[2];
        OC_UNROLL for (int b = 0; b < blocks; b++) wv[b] = load(w + 32 * b);
        OC_UNROLL for (int p = 0; p < px; p++)
        {
            const __m256i v = four_bytes(x[p] + place);
            OC_UNROLL for (int b = 0; b < blocks; b++) sum[p][b] = _mm256_add_epi32(
                sum[p][b], _mm256_madd_epi16(_mm256_maddubs_epi16(v, wv[b]), ones));
        }
    }
    const int16_t *w2 = m->wide;
    at += m->n_narrow;
    for (size_t g = 0; g < m->n_wide; g++, w2 += 32 * blocks) {
        const ptrdiff_t place = at[g];
        OC_UNROLL for (int p = 0; p < px; p++)
        {
            const __m256i v = four_bytes(x[p] + place);
            const __m256i even = _mm256_and_si256(v, low), odd = _mm256_srli_epi16(v, 8);
            OC_UNROLL for (int b = 0; b < blocks; b++)
            {
                const __m256i e = _mm256_madd_epi16(even, load(w2 + 16 * b));
                const __m256i o = _mm256_madd_epi16(odd, load(w2 + 16 * (blocks + b)));
                sum[p][b] = _mm256_add_epi32(sum[p][b], _mm256_add_epi32(e, o));
            }
        }
    }
    int32_t *acc = m->acc + first * 8 * (size_t)blocks;
    OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int b = 0; b < blocks; b++)
        _mm256_storeu_si256((__m256i *)(acc + 8 * (p * blocks + b)), sum[p][b]);
}

#define TILE_16(m, first, px) tile(m, first, px, 2)
#define TILE_8(m, first, px) tile(m, first, px, 1)

void oc_k_u8_mac__avx2(const oc_mac8 *m)
{
    if (m->blocks == 2)
        OC_MAC8_TILES(TILE_16, m)
    else
        OC_MAC8_TILES(TILE_8, m)
}

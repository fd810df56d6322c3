/* Tiles of 4 pixels by 16 channels: eight sums in registers, and the weights of a group beside them.
 * An addition takes one cycle: more sums would hide nothing, and leave weights in memory.
 *
 * A couple of groups: u8 times s8, both added in 16 bits, pairs of those in 32.  A single one likewise.
 * A wide one: even and odd bytes of x as 16 bits, against 16-bit weights. */
#include <string.h>

#include "kernels/u8_mac.h"
#include "kernels/x86/vec_avx2.h"

#define TILE 4 /* pixels */

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
    const uint8_t *x[TILE];
    __m256i        sum[TILE][2];

    OC_UNROLL for (int p = 0; p < px; p++)
    {
        x[p] = m->x[first + (size_t)p];
        OC_UNROLL for (int b = 0; b < blocks; b++) sum[p][b] = load(m->start + 8 * b);
    }
    const int8_t *w = m->narrow;
    size_t        g = 0;
    for (; g < m->n_coupled; g += 2, w += 64 * blocks) {
        const ptrdiff_t place = at[g], place2 = at[g + 1];
        __m256i         wv[2], wv2[2];
        OC_UNROLL for (int b = 0; b < blocks; b++)
        {
            wv[b] = load(w + 32 * b);
            wv2[b] = load(w + 32 * (blocks + b));
        }
        OC_UNROLL for (int p = 0; p < px; p++)
        {
            const __m256i v = four_bytes(x[p] + place), v2 = four_bytes(x[p] + place2);
            OC_UNROLL for (int b = 0; b < blocks; b++)
            {
                const __m256i both = _mm256_add_epi16(_mm256_maddubs_epi16(v, wv[b]),
                                                      _mm256_maddubs_epi16(v2, wv2[b]));
                sum[p][b] = _mm256_add_epi32(sum[p][b], _mm256_madd_epi16(both, ones));
            }
        }
    }
    for (; g < m->n_narrow; g++, w += 32 * blocks) {
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
    for (g = 0; g < m->n_wide; g++, w2 += 32 * blocks) {
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

/* As equal as can be. */
OC_INLINE void tiles(const oc_mac8 *m, const int blocks)
{
    for (size_t p = 0, n, left = (m->px + TILE - 1) / TILE; p < m->px; p += n, left--) {
        n = (m->px - p + left - 1) / left;
        switch (n) {
        case 1: tile(m, p, 1, blocks); break;
        case 2: tile(m, p, 2, blocks); break;
        case 3: tile(m, p, 3, blocks); break;
        default: tile(m, p, TILE, blocks); break;
        }
    }
}

void oc_k_u8_mac__avx2(const oc_mac8 *m)
{
    if (m->blocks == 2)
        tiles(m, 2);
    else
        tiles(m, 1);
}

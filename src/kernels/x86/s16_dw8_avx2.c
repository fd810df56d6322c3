/* Two pixels in a register, one in each half; two taps interleaved, then one madd.  Up to six pixels
 * at a time. */
#include "kernels/s16_dw8.h"
#include "kernels/x86/vec_avx2.h"

/* next: neighbours, in one load */
OC_INLINE __m256i two_pixels(const int16_t *x, ptrdiff_t step, const int next)
{
    if (next)
        return _mm256_loadu_si256((const __m256i *)x);
    const __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)x));
    return _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(x + step)), 1);
}

OC_INLINE __m256i both_halves(const void *p)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p));
}

/* `last`: how many of the last two pixels there are */
OC_INLINE void tile(const oc_dw8 *d, size_t first, const int pairs, const int last, const int next)
{
    const ptrdiff_t step = next ? 8 : d->x_px;
    const int16_t  *x = d->x + (ptrdiff_t)first * step, *w = d->w;
    __m256i         lo[3], hi[3];

    OC_UNROLL for (int p = 0; p < pairs; p++)
    {
        lo[p] = both_halves(d->start);
        hi[p] = both_halves(d->start + 4);
    }
    for (size_t t = 0; t < d->taps; t += 2, w += 16) {
        const int16_t *a = x + d->at[t], *b = x + d->at[t + 1];
        const __m256i  wlo = both_halves(w), whi = both_halves(w + 8);
        OC_UNROLL for (int p = 0; p < pairs; p++)
        {
            const int       alone = p == pairs - 1 && last == 1;
            const ptrdiff_t to = alone ? 0 : step;
            const __m256i   va = two_pixels(a + 2 * p * step, to, next && !alone);
            const __m256i   vb = two_pixels(b + 2 * p * step, to, next && !alone);
            lo[p] = _mm256_add_epi32(lo[p], _mm256_madd_epi16(_mm256_unpacklo_epi16(va, vb), wlo));
            hi[p] = _mm256_add_epi32(hi[p], _mm256_madd_epi16(_mm256_unpackhi_epi16(va, vb), whi));
        }
    }
    OC_UNROLL for (int p = 0; p < pairs; p++)
    {
        int32_t *acc = d->acc + (first + 2 * (size_t)p) * 8;
        _mm256_storeu_si256((__m256i *)acc, _mm256_permute2x128_si256(lo[p], hi[p], 0x20));
        if (p < pairs - 1 || last == 2)
            _mm256_storeu_si256((__m256i *)(acc + 8),
                                _mm256_permute2x128_si256(lo[p], hi[p], 0x31));
    }
}

#define TILES(next)                        \
    for (; p + 6 <= d->px; p += 6)         \
        tile(d, p, 3, 2, next);            \
    switch (d->px - p) {                   \
    case 1: tile(d, p, 1, 1, next); break; \
    case 2: tile(d, p, 1, 2, next); break; \
    case 3: tile(d, p, 2, 1, next); break; \
    case 4: tile(d, p, 2, 2, next); break; \
    case 5: tile(d, p, 3, 1, next); break; \
    default: break;                        \
    }

void oc_k_s16_dw8__avx2(const oc_dw8 *d)
{
    size_t p = 0;
    if (d->x_px == 8) {
        TILES(1)
    } else {
        TILES(0)
    }
}

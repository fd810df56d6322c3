/* Seven or eight pixels in registers, whichever leaves less over: maps of 7, 14, 28 .. pixels are as
 * frequent as those of 8, 16, 32.  The last tile of a row is moved back over its neighbour instead of
 * being narrower.  Pairs of rows by madd. */
#include "kernels/s16_dw.h"
#include "kernels/x86/vec_avx2.h"

#define TAPS_MAX 5 /* with a tile of their own */

OC_INLINE __m256i load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

OC_INLINE __m256i plus(__m256i sum, __m256i v, __m256i w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(v, w));
}

OC_INLINE void store(const oc_s16_dw *d, size_t first, const int px, const __m256i *sum)
{
    OC_UNROLL for (int p = 0; p < px; p++)
        _mm256_storeu_si256((__m256i *)(void *)(d->y + (first + (size_t)p) * 8), sum[p]);
}

/* Taps and stride known: an input is loaded once for all the outputs that it is in. */
OC_INLINE void tile(const oc_s16_dw *d, size_t first, const int px, const int taps, const int sx)
{
    const int16_t *w = d->w, *row = d->v + first * (size_t)sx * 16;
    const __m256i  start = load(d->start);
    __m256i        sum[8], wv[TAPS_MAX];

    OC_UNROLL for (int p = 0; p < px; p++) sum[p] = start;
    for (size_t j = 0; j < d->pairs; j++, row += d->v_row, w += 16 * taps) {
        OC_UNROLL for (int k = 0; k < taps; k++) wv[k] = load(w + 16 * k);
        OC_UNROLL for (int q = 0; q < (px - 1) * sx + taps; q++)
        {
            const __m256i v = load(row + 16 * q);
            OC_UNROLL for (int k = q % sx; k < taps; k += sx) if (q >= k && (q - k) / sx < px)
                sum[(q - k) / sx] = plus(sum[(q - k) / sx], v, wv[k]);
        }
    }
    store(d, first, px, sum);
}

static void tile_any(const oc_s16_dw *d, size_t first)
{
    const int16_t *w = d->w, *row = d->v + first * d->sx * 16;
    __m256i        sum = load(d->start);

    for (size_t j = 0; j < d->pairs; j++, row += d->v_row)
        for (size_t k = 0; k < d->taps; k++, w += 16)
            sum = plus(sum, load(row + k * 16), load(w));
    store(d, first, 1, &sum);
}

OC_INLINE void tiles(const oc_s16_dw *d, const int px, const int taps, const int sx)
{
    const size_t n = (size_t)px;
    for (size_t p = 0; p < d->px; p += n)
        tile(d, p + n <= d->px ? p : d->px - n, px, taps, sx);
}

#define TILES(taps, sx)                                 \
    static void tiles_##taps##_##sx(const oc_s16_dw *d) \
    {                                                   \
        if ((d->px + 6) / 7 * 7 <= (d->px + 7) / 8 * 8) \
            tiles(d, 7, taps, sx);                      \
        else                                            \
            tiles(d, 8, taps, sx);                      \
    }
TILES(3, 1)
TILES(3, 2)
TILES(5, 1)
TILES(5, 2)

void oc_k_s16_dw__avx2(const oc_s16_dw *d)
{
    const size_t kind = d->px < 7 ? 0 : d->taps * 10 + d->sx;
    switch (kind) {
    case 31: tiles_3_1(d); break;
    case 32: tiles_3_2(d); break;
    case 51: tiles_5_1(d); break;
    case 52: tiles_5_2(d); break;
    default:
        for (size_t p = 0; p < d->px; p++)
            tile_any(d, p);
        break;
    }
}

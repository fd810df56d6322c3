/* Sixteen pixels at a time: an 8 x 16 matrix of bytes turned over by interleaving. */
#include <immintrin.h>

#include "kernels/u8_nc8.h"

static void to_blocked(const oc_bytes8 *t, size_t p)
{
    __m128i row[8], two[8], four[8];
    for (unsigned c = 0; c < 8; c++)
        row[c] = c < t->lanes ? _mm_loadu_si128((const __m128i *)(t->planar + c * t->plane + p))
                              : _mm_set1_epi8((char)t->fill);
    for (int i = 0; i < 4; i++) {
        two[2 * i] = _mm_unpacklo_epi8(row[2 * i], row[2 * i + 1]);
        two[2 * i + 1] = _mm_unpackhi_epi8(row[2 * i], row[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++)
        for (int h = 0; h < 2; h++) {
            four[4 * i + 2 * h] = _mm_unpacklo_epi16(two[4 * i + h], two[4 * i + 2 + h]);
            four[4 * i + 2 * h + 1] = _mm_unpackhi_epi16(two[4 * i + h], two[4 * i + 2 + h]);
        }
    for (int i = 0; i < 4; i++) {
        __m128i *to = (__m128i *)(t->blocked + (p + 4 * (size_t)i) * 8);
        _mm_storeu_si128(to, _mm_unpacklo_epi32(four[i], four[4 + i]));
        _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(four[i], four[4 + i]));
    }
}

static void to_planar(const oc_bytes8 *t, size_t p)
{
    __m128i v[8], s[8];
    for (int i = 0; i < 8; i++) /* pixels 2 i and 2 i + 1 */
        v[i] = _mm_loadu_si128((const __m128i *)(t->blocked + (p + 2 * (size_t)i) * 8));
    for (int round = 0; round < 4; round++) { /* interleaving halves, four times, turns it over */
        for (int i = 0; i < 4; i++) {
            s[2 * i] = _mm_unpacklo_epi8(v[i], v[i + 4]);
            s[2 * i + 1] = _mm_unpackhi_epi8(v[i], v[i + 4]);
        }
        for (int i = 0; i < 8; i++)
            v[i] = s[i];
    }
    for (unsigned c = 0; c < t->lanes; c++)
        _mm_storeu_si128((__m128i *)(t->planar + c * t->plane + p), v[c]);
}

void oc_k_u8_nc8__avx2(const oc_bytes8 *t)
{
    size_t p = 0;
    for (; p + 16 <= t->n; p += 16)
        if (t->to_blocked)
            to_blocked(t, p);
        else
            to_planar(t, p);
    if (p < t->n) {
        oc_bytes8 rest = *t;
        rest.planar += p;
        rest.blocked += p * 8;
        rest.n -= p;
        oc_k_u8_nc8__ref(&rest);
    }
}

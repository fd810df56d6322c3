/* Vertical first, over the source row: 16-bit values of 128 a grey level.  Then four outputs at a
 * time: their pixels lie within 16 bytes unless the picture shrinks by more than two, so that one
 * shuffle brings the pairs that a multiply-add reduces; otherwise a gather does. */
#include <immintrin.h>

#include "kernels/u8_bilinear.h"

#define Q 7 /* 255 << 7 fits 16 bits with a sign */

static inline __m256i blend16(__m256i a, __m256i b, __m256i w)
{
    __m256i d = _mm256_slli_epi16(_mm256_sub_epi16(b, a), Q);

    return _mm256_add_epi16(_mm256_slli_epi16(a, Q), _mm256_mulhrs_epi16(d, w));
}

/* 16 pixels as 16-bit values, of which every step-th byte counts.  Reads 16 * step bytes; step 3:
 * 48 + 0. */
static inline __m256i load1(const uint8_t *p)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline __m256i load2(const uint8_t *p)
{
    return _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(const void *)p),
                            _mm256_set1_epi16(0xff));
}

static inline __m256i load3(const uint8_t *p)
{
    const __m128i m0 = _mm_setr_epi8(0, -1, 3, -1, 6, -1, 9, -1, 12, -1, 15, -1, -1, -1, -1, -1);
    const __m128i m1 =
        _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 10, -1, 13, -1);
    const __m128i *q = (const __m128i *)(const void *)p;
    const __m128i *r = (const __m128i *)(const void *)(p + 8);
    __m128i        lo = _mm_or_si128(_mm_shuffle_epi8(_mm_loadu_si128(q), m0),
                                     _mm_shuffle_epi8(_mm_loadu_si128(r), m1));
    q = (const __m128i *)(const void *)(p + 24);
    r = (const __m128i *)(const void *)(p + 32);
    __m128i hi = _mm_or_si128(_mm_shuffle_epi8(_mm_loadu_si128(q), m0),
                              _mm_shuffle_epi8(_mm_loadu_si128(r), m1));
    return _mm256_set_m128i(hi, lo);
}

static inline __m256i load4(const uint8_t *p)
{
    const __m256i mask = _mm256_set1_epi32(0xff);
    __m256i       a = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i       b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

    a = _mm256_packus_epi32(_mm256_and_si256(a, mask), _mm256_and_si256(b, mask));
    return _mm256_permute4x64_epi64(a, 0xd8);
}

#define VERTICAL(step, load)                                                                       \
    static void vertical##step(const oc_u8_bilinear_row *row, size_t n)                            \
    {                                                                                              \
        const int16_t wi = (int16_t)(row->w * 32767.0f + 0.5f);                                    \
        const __m256i w = _mm256_set1_epi16(wi);                                                   \
        size_t        i = 0;                                                                       \
        /* the last pixel's bytes end with its own: (n - 1) * step + 1 may be read */              \
        for (; (i + 16) * (step) <= (n - 1) * (step) + 1; i += 16)                                 \
            _mm256_storeu_si256((__m256i *)(void *)(row->scratch + i),                             \
                                blend16(load(row->a + i * (step)), load(row->b + i * (step)), w)); \
        for (; i < n; i++) {                                                                       \
            int a = row->a[i * (step)], d = (row->b[i * (step)] - a) * (1 << Q);                   \
            row->scratch[i] = (int16_t)(a * (1 << Q) + ((d * wi + (1 << 14)) >> 15));              \
        }                                                                                          \
    }

VERTICAL(1, load1)
VERTICAL(2, load2)
VERTICAL(3, load3)
VERTICAL(4, load4)

static inline __m256 finish(__m256i pixels, const int16_t *pair)
{
    __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)pair);

    return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_madd_epi16(pixels, w)),
                         _mm256_set1_ps(1.0f / (1 << (Q + 14))));
}

static void horizontal_shuffle(const oc_u8_taps *t, const int16_t *v, float *out)
{
    for (size_t i = 0; i < t->n; i += 8) {
        const int32_t *g = t->group + i / 4;
        __m256i p = _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(const void *)(v + g[1])),
                                     _mm_loadu_si128((const __m128i *)(const void *)(v + g[0])));
        const __m256i *s = (const __m256i *)(const void *)(t->shuffle + 4 * i);
        p = _mm256_shuffle_epi8(p, _mm256_loadu_si256(s));
        _mm256_storeu_ps(out + i, finish(p, t->pair + 2 * i));
    }
}

static void horizontal_gather(const oc_u8_taps *t, const int16_t *v, float *out)
{
    for (size_t i = 0; i < t->n; i += 8) {
        __m256i at = _mm256_loadu_si256((const __m256i *)(const void *)(t->at + i));
        __m256i p = _mm256_i32gather_epi32((const int *)(const void *)v, at, 2);
        _mm256_storeu_ps(out + i, finish(p, t->pair + 2 * i));
    }
}

void oc_k_u8_bilinear__avx2(const oc_u8_bilinear_row *row, float *out)
{
    const oc_u8_taps *t = row->taps;

    switch (row->step) {
    case 1: vertical1(row, t->n_src); break;
    case 2: vertical2(row, t->n_src); break;
    case 3: vertical3(row, t->n_src); break;
    default: vertical4(row, t->n_src); break;
    }
    /* loads reach beyond the last pixel, with weight 0 */
    for (size_t i = 0; i < 8; i++)
        row->scratch[t->n_src + i] = 0;
    if (t->grouped)
        horizontal_shuffle(t, row->scratch, out);
    else
        horizontal_gather(t, row->scratch, out);
}

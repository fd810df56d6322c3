/* Transposes of 8 x 8: eight pixels of eight planes at a time. */
#include <immintrin.h>

#include "kernels/f32_nc8.h"
#include "kernels/tmpl/inline.h"

OC_INLINE void transpose(__m256 r[8])
{
    __m256 a[8], b[8];

    OC_UNROLL for (int i = 0; i < 4; i++)
    {
        a[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    OC_UNROLL for (int i = 0; i < 2; i++)
    {
        b[4 * i] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0x44);
        b[4 * i + 1] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0xee);
        b[4 * i + 2] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0x44);
        b[4 * i + 3] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0xee);
    }
    OC_UNROLL for (int i = 0; i < 4; i++)
    {
        r[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        r[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}

static void to_blocked(const oc_nc8 *t)
{
    __m256 r[8];
    size_t i = 0;

    if (t->lanes == 8)
        for (; i + 8 <= t->n; i += 8) {
            OC_UNROLL for (int c = 0; c < 8; c++) r[c] =
                _mm256_loadu_ps(t->planar + (size_t)c * t->plane + i);
            transpose(r);
            OC_UNROLL for (size_t c = 0; c < 8; c++)
                _mm256_store_ps(t->blocked + (i + c) * 8, r[c]);
        }
    for (; i + 8 <= t->n; i += 8) {
        for (unsigned c = 0; c < 8; c++)
            r[c] =
                c < t->lanes ? _mm256_loadu_ps(t->planar + c * t->plane + i) : _mm256_setzero_ps();
        transpose(r);
        OC_UNROLL for (size_t c = 0; c < 8; c++) _mm256_store_ps(t->blocked + (i + c) * 8, r[c]);
    }
    oc_nc8 rest = *t;
    rest.planar += i;
    rest.blocked += i * 8;
    rest.n -= i;
    oc_k_f32_nc8__ref(&rest);
}

static void to_planar(const oc_nc8 *t)
{
    __m256 r[8];
    size_t i = 0;

    for (; i + 8 <= t->n; i += 8) {
        OC_UNROLL for (size_t c = 0; c < 8; c++) r[c] = _mm256_load_ps(t->blocked + (i + c) * 8);
        transpose(r);
        for (unsigned c = 0; c < t->lanes; c++)
            _mm256_storeu_ps(t->planar + c * t->plane + i, r[c]);
    }
    oc_nc8 rest = *t;
    rest.planar += i;
    rest.blocked += i * 8;
    rest.n -= i;
    oc_k_f32_nc8__ref(&rest);
}

void oc_k_f32_nc8__avx2(const oc_nc8 *t)
{
    if (t->to_blocked)
        to_blocked(t);
    else
        to_planar(t);
}

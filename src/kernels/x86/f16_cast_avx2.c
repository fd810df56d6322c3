#include <immintrin.h>

#include "kernels/f16_cast.h"

static void widen(size_t n, const oc_half *x, float *y)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
    if (i < n)
        oc_half_to_floats(n - i, x + i, y + i);
}

static void narrow(size_t n, const float *x, oc_half *y)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(y + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    if (i < n)
        oc_half_from_floats(n - i, x + i, y + i);
}

const oc_k_f16_cast oc_k_f16_cast__avx2 = {widen, narrow};

/* Eight lanes of a point at a time; with one lane, eight points at a time by gathering. */
#include <immintrin.h>

#include "kernels/f32_taps.h"

static void wide(const oc_k_taps *t, const float *x, float *y)
{
    for (size_t i = 0; i < t->n; i++) {
        const int32_t *index = t->index + i * t->taps;
        const float   *w = t->w + i * t->taps;
        size_t         l = 0;
        for (; l + 8 <= t->lanes; l += 8) {
            __m256 sum = _mm256_mul_ps(_mm256_set1_ps(w[0]),
                                       _mm256_loadu_ps(x + (size_t)index[0] * t->lanes + l));
            for (size_t k = 1; k < t->taps; k++)
                sum = _mm256_add_ps(
                    sum, _mm256_mul_ps(_mm256_set1_ps(w[k]),
                                       _mm256_loadu_ps(x + (size_t)index[k] * t->lanes + l)));
            _mm256_storeu_ps(y + i * t->lanes + l, sum);
        }
        for (; l < t->lanes; l++) {
            float sum = w[0] * x[(size_t)index[0] * t->lanes + l];
            for (size_t k = 1; k < t->taps; k++)
                sum += w[k] * x[(size_t)index[k] * t->lanes + l];
            y[i * t->lanes + l] = sum;
        }
    }
}

/* The k-th index and weight of eight points lie `taps` apart. */
static size_t narrow(const oc_k_taps *t, const float *x, float *y)
{
    const int32_t step = (int32_t)t->taps;
    const __m256i each =
        _mm256_setr_epi32(0, step, 2 * step, 3 * step, 4 * step, 5 * step, 6 * step, 7 * step);
    size_t i = 0;
    for (; i + 8 <= t->n; i += 8) {
        __m256 sum = _mm256_setzero_ps();
        for (size_t k = 0; k < t->taps; k++) {
            size_t  at = i * t->taps + k;
            __m256i index = _mm256_i32gather_epi32(t->index + at, each, 4);
            __m256  w = _mm256_i32gather_ps(t->w + at, each, 4);
            __m256  v = _mm256_mul_ps(w, _mm256_i32gather_ps(x, index, 4));
            sum = k ? _mm256_add_ps(sum, v) : v;
        }
        _mm256_storeu_ps(y + i, sum);
    }
    return i;
}

void oc_k_f32_taps__avx2(const oc_k_taps *t, const float *x, float *y)
{
    oc_k_taps rest = *t;
    size_t    done = t->lanes == 1 ? narrow(t, x, y) : 0;
    rest.n -= done;
    rest.index += done * t->taps;
    rest.w += done * t->taps;
    if (rest.n)
        wide(&rest, x, y + done);
}

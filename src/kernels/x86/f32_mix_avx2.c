#include <immintrin.h>

#include "kernels/f32_mix.h"

void oc_k_f32_mix__avx2(size_t n, size_t n_rows, const float *const *x, const float *w, float *y)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256 wk = _mm256_set1_ps(w[0]);
        __m256 a = _mm256_mul_ps(wk, _mm256_loadu_ps(x[0] + i));
        __m256 b = _mm256_mul_ps(wk, _mm256_loadu_ps(x[0] + i + 8));
        for (size_t k = 1; k < n_rows; k++) {
            wk = _mm256_set1_ps(w[k]);
            a = _mm256_add_ps(a, _mm256_mul_ps(wk, _mm256_loadu_ps(x[k] + i)));
            b = _mm256_add_ps(b, _mm256_mul_ps(wk, _mm256_loadu_ps(x[k] + i + 8)));
        }
        _mm256_storeu_ps(y + i, a);
        _mm256_storeu_ps(y + i + 8, b);
    }
    for (; i < n; i++) {
        float sum = w[0] * x[0][i];
        for (size_t k = 1; k < n_rows; k++)
            sum += w[k] * x[k][i];
        y[i] = sum;
    }
}

#include "kernels/f32_reduce.h"
#include "kernels/f32_softmax.h"
#include "kernels/x86/act_avx2.h"

void oc_k_f32_softmax__avx2(size_t n, const float *x, float *y)
{
    float  acc[8], last[8];
    __m256 top, sum = _mm256_setzero_ps(), scale;
    size_t i;

    oc_reduce_start(OC_REDUCE_MAX, acc);
    oc_k_f32_reduce__avx2(OC_REDUCE_MAX, n, x, NULL, acc);
    top = _mm256_set1_ps(oc_reduce_fold(OC_REDUCE_MAX, acc));
    for (i = 0; i + 8 <= n; i += 8) {
        const __m256 e = oc_v8_exp(_mm256_sub_ps(_mm256_loadu_ps(x + i), top));

        sum = _mm256_add_ps(sum, e);
        _mm256_storeu_ps(y + i, e);
    }
    _mm256_storeu_ps(acc, sum);
    if (i < n) {
        for (size_t k = 0; k < 8; k++)
            last[k] = i + k < n ? x[i + k] : 0.0f;
        _mm256_storeu_ps(last, oc_v8_exp(_mm256_sub_ps(_mm256_loadu_ps(last), top)));
        for (size_t k = i; k < n; k++) {
            y[k] = last[k - i];
            acc[k - i] += last[k - i];
        }
    }
    scale = _mm256_set1_ps(oc_reduce_fold(OC_REDUCE_SUM, acc));
    for (i = 0; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_div_ps(_mm256_loadu_ps(y + i), scale));
    for (; i < n; i++)
        y[i] /= _mm256_cvtss_f32(scale);
}

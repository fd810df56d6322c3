#include "kernels/f32_dot.h"
#include "kernels/x86/act_avx2.h"

OC_INLINE float fold(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* `at` rows side by side share the loads of x.  However many they are, a row's own sums are the same
 * two chains and one masked tail. */
OC_INLINE void dots(size_t at, size_t n, const float *x, const float *y, size_t stride, float *out)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    __m256               even[4], odd[4];
    size_t               i = 0;

    for (size_t r = 0; r < at; r++)
        even[r] = odd[r] = _mm256_setzero_ps();
    for (; i + 16 <= n; i += 16) {
        const __m256 x0 = _mm256_loadu_ps(x + i), x1 = _mm256_loadu_ps(x + i + 8);

        for (size_t r = 0; r < at; r++) {
            const float *row = y + r * stride + i;

            even[r] = _mm256_fmadd_ps(x0, _mm256_loadu_ps(row), even[r]);
            odd[r] = _mm256_fmadd_ps(x1, _mm256_loadu_ps(row + 8), odd[r]);
        }
    }
    for (; i < n; i += 8) {
        const size_t  left = n - i < 8 ? n - i : 8;
        const __m256i mask = _mm256_loadu_si256((const __m256i *)(lanes + 8 - left));
        const __m256  x0 = _mm256_maskload_ps(x + i, mask);

        for (size_t r = 0; r < at; r++)
            even[r] = _mm256_fmadd_ps(x0, _mm256_maskload_ps(y + r * stride + i, mask), even[r]);
    }
    for (size_t r = 0; r < at; r++)
        out[r] = fold(_mm256_add_ps(even[r], odd[r]));
}

void oc_k_f32_dot__avx2(size_t rows, size_t n, const float *x, const float *y, size_t stride,
                        float *out)
{
    size_t r = 0;

    for (; r + 4 <= rows; r += 4)
        dots(4, n, x, y + r * stride, stride, out + r);
    for (; r < rows; r++)
        dots(1, n, x, y + r * stride, stride, out + r);
}

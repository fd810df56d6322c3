#include <immintrin.h>

#include "kernels/f32_affine.h"

static __m256 first(const float *p, oc_operand is)
{
    return is == OC_OPERAND_ONE ? _mm256_broadcast_ss(p) : _mm256_loadu_ps(p);
}

static inline __m256 affine(const float *x, __m256 m, __m256 a, __m256 b)
{
    return _mm256_fmadd_ps(_mm256_sub_ps(_mm256_loadu_ps(x), m), a, b);
}

/* Fewer than 8: padded in a buffer, so that a tail rounds as the body does. */
static void tail(const oc_f32_affine *w, size_t at)
{
    float x[8] = {0}, m[8] = {0}, a[8] = {0}, b[8] = {0};

    for (size_t i = at; i < w->n; i++) {
        const size_t k = oc_operand_at(w->is, i);

        x[i - at] = w->x[i];
        m[i - at] = w->m[k];
        a[i - at] = w->a[k];
        b[i - at] = w->b[k];
    }
    _mm256_storeu_ps(x, affine(x, _mm256_loadu_ps(m), _mm256_loadu_ps(a), _mm256_loadu_ps(b)));
    for (size_t i = at; i < w->n; i++)
        w->y[i] = x[i - at];
}

void oc_k_f32_affine__avx2(const oc_f32_affine *w)
{
    const size_t n = w->n;
    size_t       i = 0;

    if (w->is == OC_OPERAND_FULL) {
        for (; i + 8 <= n; i += 8)
            _mm256_storeu_ps(w->y + i,
                             affine(w->x + i, _mm256_loadu_ps(w->m + i), _mm256_loadu_ps(w->a + i),
                                    _mm256_loadu_ps(w->b + i)));
    } else if (n >= 8) {
        const __m256 m = first(w->m, w->is), a = first(w->a, w->is), b = first(w->b, w->is);

        for (; i + 8 <= n; i += 8)
            _mm256_storeu_ps(w->y + i, affine(w->x + i, m, a, b));
    }
    if (i < n)
        tail(w, i);
}

#include "kernels/f32_reduce.h"
#include "kernels/x86/act_avx2.h"

OC_INLINE __m256 keep_nan(__m256 r, __m256 a)
{
    return _mm256_blendv_ps(r, a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

OC_INLINE __m256 step(oc_reduce_kind kind, __m256 a, __m256 v, __m256 c)
{
    switch (kind) {
    case OC_REDUCE_SUM: return _mm256_add_ps(a, v);
    case OC_REDUCE_SUM_ABS: return _mm256_add_ps(a, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v));
    case OC_REDUCE_SUM_SQUARE: return _mm256_fmadd_ps(v, v, a);
    case OC_REDUCE_SQUARE_DIFF: v = _mm256_sub_ps(v, c); return _mm256_fmadd_ps(v, v, a);
    case OC_REDUCE_EXP_DIFF: return _mm256_add_ps(a, oc_v8_exp(_mm256_sub_ps(v, c)));
    case OC_REDUCE_MAX: return keep_nan(_mm256_max_ps(a, v), a);
    case OC_REDUCE_MIN: return keep_nan(_mm256_min_ps(a, v), a);
    default: return _mm256_mul_ps(a, v);
    }
}

OC_INLINE __m256 join(oc_reduce_kind kind, __m256 a, __m256 b)
{
    if (kind == OC_REDUCE_MAX || kind == OC_REDUCE_MIN || kind == OC_REDUCE_PROD)
        return step(kind, a, b, b);
    return _mm256_add_ps(a, b);
}

/* Four chains hide the latency of the additions. */
OC_INLINE void reduce(oc_reduce_kind kind, size_t n, const float *x, __m256 c, __m256 start,
                      float *acc)
{
    __m256 a0 = _mm256_loadu_ps(acc), a1 = start, a2 = start, a3 = start;
    size_t i = 0;

    for (; i + 32 <= n; i += 32) {
        a0 = step(kind, a0, _mm256_loadu_ps(x + i), c);
        a1 = step(kind, a1, _mm256_loadu_ps(x + i + 8), c);
        a2 = step(kind, a2, _mm256_loadu_ps(x + i + 16), c);
        a3 = step(kind, a3, _mm256_loadu_ps(x + i + 24), c);
    }
    for (; i + 8 <= n; i += 8)
        a0 = step(kind, a0, _mm256_loadu_ps(x + i), c);
    a0 = join(kind, join(kind, a0, a1), join(kind, a2, a3));
    if (i < n) {
        float rest[8] = {0}, before[8], after[8];

        for (size_t k = i; k < n; k++)
            rest[k - i] = x[k];
        _mm256_storeu_ps(before, a0);
        _mm256_storeu_ps(after, step(kind, a0, _mm256_loadu_ps(rest), c));
        for (size_t k = 0; k < 8; k++)
            acc[k] = k < n - i ? after[k] : before[k];
        return;
    }
    _mm256_storeu_ps(acc, a0);
}

#define KIND(name) \
    case OC_REDUCE_##name: reduce(OC_REDUCE_##name, n, x, vc, vs, acc); break

void oc_k_f32_reduce__avx2(oc_reduce_kind kind, size_t n, const float *x, const float *c,
                           float *acc)
{
    const __m256 vc = c ? _mm256_loadu_ps(c) : _mm256_setzero_ps();
    float        start[8];
    __m256       vs;

    oc_reduce_start(kind, start);
    vs = _mm256_loadu_ps(start);
    switch (kind) {
        KIND(SUM);
        KIND(SUM_ABS);
        KIND(SUM_SQUARE);
        KIND(SQUARE_DIFF);
        KIND(EXP_DIFF);
        KIND(MAX);
        KIND(MIN);
        KIND(PROD);
    }
}

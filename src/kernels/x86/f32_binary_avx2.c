#include <immintrin.h>
#include <stdbool.h>

#include "kernels/f32_binary.h"

/* Where the vector of element i lies: a FULL operand moves along, the others stay in place (mask 0) and
 * are spread over `lanes` once. */
static const float *source(const float *p, oc_operand is, float lanes[8], size_t *mask)
{
    *mask = is == OC_OPERAND_FULL ? ~(size_t)0 : 0;
    if (is == OC_OPERAND_FULL || is == OC_OPERAND_EACH8)
        return p;
    _mm256_storeu_ps(lanes, is == OC_OPERAND_ONE ? _mm256_broadcast_ss(p) : _mm256_loadu_ps(p));
    return lanes;
}

/* The first n < 8 lanes. */
static inline __m256i first(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* min and max give back their second operand when either is NaN: a NaN in `a` is put back. */
static inline __m256 keep_nan(__m256 r, __m256 a)
{
    return _mm256_blendv_ps(r, a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

static inline __m256 prelu(__m256 a, __m256 b)
{
    return _mm256_blendv_ps(a, _mm256_mul_ps(a, b),
                            _mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_LT_OQ));
}

static inline __m256 keep_equal(__m256 a, __m256 b)
{
    return _mm256_blendv_ps(_mm256_mul_ps(a, _mm256_setzero_ps()), a,
                            _mm256_cmp_ps(a, b, _CMP_EQ_OQ));
}

#define ONE(at_a, at_b, expression)          \
    {                                        \
        const __m256 a = at_a, b = at_b;     \
        _mm256_storeu_ps(y + i, expression); \
    }
#define AT(p, mask) _mm256_loadu_ps((p) + (i & (mask)))
#define SPREAD(p, mask, each8) (each8 ? _mm256_broadcast_ss((p) + i / 8) : AT(p, mask))
#define LAST(p, mask, each8) \
    (each8 ? _mm256_broadcast_ss((p) + i / 8) : _mm256_maskload_ps((p) + (i & (mask)), rest))

#define LOOP(expression)                                                      \
    if (each8_a || each8_b)                                                   \
        for (; i + 8 <= n; i += 8)                                            \
            ONE(SPREAD(pa, ma, each8_a), SPREAD(pb, mb, each8_b), expression) \
    else                                                                      \
        for (; i + 8 <= n; i += 8)                                            \
            ONE(AT(pa, ma), AT(pb, mb), expression)                           \
    if (i < n) {                                                              \
        const __m256i rest = first(n - i);                                    \
        const __m256  a = LAST(pa, ma, each8_a), b = LAST(pb, mb, each8_b);   \
        _mm256_maskstore_ps(y + i, rest, expression);                         \
    }                                                                         \
    break

void oc_k_f32_binary__avx2(const oc_f32_binary *w)
{
    const bool   each8_a = w->a_is == OC_OPERAND_EACH8, each8_b = w->b_is == OC_OPERAND_EACH8;
    const size_t n = w->n;
    float       *y = w->y, lanes[2][8];
    size_t       i = 0, ma, mb;
    const float *pa = source(w->a, w->a_is, lanes[0], &ma);
    const float *pb = source(w->b, w->b_is, lanes[1], &mb);

    switch (w->kind) {
    case OC_BINARY_ADD: LOOP(_mm256_add_ps(a, b));
    case OC_BINARY_SUB: LOOP(_mm256_sub_ps(a, b));
    case OC_BINARY_MUL: LOOP(_mm256_mul_ps(a, b));
    case OC_BINARY_DIV: LOOP(_mm256_div_ps(a, b));
    case OC_BINARY_MIN: LOOP(keep_nan(_mm256_min_ps(a, b), a));
    case OC_BINARY_MAX: LOOP(keep_nan(_mm256_max_ps(a, b), a));
    case OC_BINARY_PRELU: LOOP(prelu(a, b));
    case OC_BINARY_KEEP_EQUAL: LOOP(keep_equal(a, b));
    default: oc_k_f32_binary__ref(w); break;
    }
}

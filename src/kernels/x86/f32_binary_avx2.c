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

static void tail(const oc_f32_binary *w, size_t done)
{
    oc_f32_binary rest = *w;

    /* LANES starts over at `done`, a multiple of 8. */
    rest.n = w->n - done;
    rest.y = w->y + done;
    rest.a = w->a + (w->a_is == OC_OPERAND_LANES ? 0 : oc_operand_at(w->a_is, done));
    rest.b = w->b + (w->b_is == OC_OPERAND_LANES ? 0 : oc_operand_at(w->b_is, done));
    oc_k_f32_binary__ref(&rest);
}

#define ONE(at_a, at_b, expression)          \
    {                                        \
        const __m256 a = at_a, b = at_b;     \
        _mm256_storeu_ps(y + i, expression); \
    }
#define AT(p, mask) _mm256_loadu_ps((p) + (i & (mask)))
#define SPREAD(p, mask, each8) (each8 ? _mm256_broadcast_ss((p) + i / 8) : AT(p, mask))

#define LOOP(expression)                                                      \
    if (each8_a || each8_b)                                                   \
        for (; i + 8 <= n; i += 8)                                            \
            ONE(SPREAD(pa, ma, each8_a), SPREAD(pb, mb, each8_b), expression) \
    else                                                                      \
        for (; i + 8 <= n; i += 8)                                            \
            ONE(AT(pa, ma), AT(pb, mb), expression)                           \
    break

void oc_k_f32_binary__avx2(const oc_f32_binary *w)
{
    const bool   each8_a = w->a_is == OC_OPERAND_EACH8, each8_b = w->b_is == OC_OPERAND_EACH8;
    const size_t n = w->n;
    float       *y = w->y, lanes[2][8];
    const float *pa, *pb;
    size_t       i = 0, ma, mb;

    if (n >= 8 && w->kind != OC_BINARY_POW) { /* LANES may be read whole only then */
        pa = source(w->a, w->a_is, lanes[0], &ma);
        pb = source(w->b, w->b_is, lanes[1], &mb);
        switch (w->kind) {
        case OC_BINARY_ADD: LOOP(_mm256_add_ps(a, b));
        case OC_BINARY_SUB: LOOP(_mm256_sub_ps(a, b));
        case OC_BINARY_MUL: LOOP(_mm256_mul_ps(a, b));
        case OC_BINARY_DIV: LOOP(_mm256_div_ps(a, b));
        case OC_BINARY_MIN: LOOP(keep_nan(_mm256_min_ps(a, b), a));
        case OC_BINARY_MAX: LOOP(keep_nan(_mm256_max_ps(a, b), a));
        case OC_BINARY_PRELU: LOOP(prelu(a, b));
        default: break;
        }
    }
    if (i < n)
        tail(w, i);
}

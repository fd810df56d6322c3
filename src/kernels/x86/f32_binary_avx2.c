#include <immintrin.h>

#include "kernels/f32_binary.h"

/* A FULL operand moves along; the others are spread over 8 floats once, or one float per vector. */
typedef struct source {
    const float *p;
    size_t       mask; /* of the index: 0 keeps the pointer in place */
    bool         each8;
    float        lanes[8];
} source;

static void source_init(source *s, const float *p, oc_operand is)
{
    s->each8 = is == OC_OPERAND_EACH8;
    s->mask = is == OC_OPERAND_FULL ? ~(size_t)0 : 0;
    s->p = p;
    if (is == OC_OPERAND_ONE || is == OC_OPERAND_LANES) {
        _mm256_storeu_ps(s->lanes, is == OC_OPERAND_ONE ? _mm256_broadcast_ss(p)
                                                        : _mm256_loadu_ps(p));
        s->p = s->lanes;
    }
}

static inline __m256 source_at(const source *s, size_t i)
{
    return s->each8 ? _mm256_broadcast_ss(s->p + i / 8) : _mm256_loadu_ps(s->p + (i & s->mask));
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

#define LOOP(expression)                                                    \
    for (; i + 8 <= n; i += 8) {                                            \
        const __m256 a = source_at(&sa, i), b = source_at(&sb, i);          \
        _mm256_storeu_ps(y + i, expression);                                \
    }                                                                       \
    break

void oc_k_f32_binary__avx2(const oc_f32_binary *w)
{
    const size_t n = w->n;
    float *y = w->y;
    size_t i = 0;
    source sa, sb;

    if (n >= 8 && w->kind != OC_BINARY_POW) { /* LANES may be read whole only then */
        source_init(&sa, w->a, w->a_is);
        source_init(&sb, w->b, w->b_is);
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

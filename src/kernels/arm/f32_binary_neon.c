#include <arm_neon.h>
#include <stdbool.h>

#include "kernels/f32_binary.h"

/* Where the vectors of element i lie: a FULL operand moves along, the others stay in place (mask 0)
 * and are spread over eight `lanes` once. */
static const float *source(const float *p, oc_operand is, float lanes[8], size_t *mask)
{
    *mask = is == OC_OPERAND_FULL ? ~(size_t)0 : 0;
    if (is == OC_OPERAND_FULL || is == OC_OPERAND_EACH8)
        return p;
    for (size_t i = 0; i < 8; i++)
        lanes[i] = p[is == OC_OPERAND_ONE ? 0 : i];
    return lanes;
}

static inline float32x4_t prelu(float32x4_t a, float32x4_t b)
{
    return vbslq_f32(vcltzq_f32(a), vmulq_f32(a, b), a);
}

static inline float32x4_t keep_equal(float32x4_t a, float32x4_t b)
{
    return vbslq_f32(vceqq_f32(a, b), a, vmulq_n_f32(a, 0.0f));
}

#define ONE(at_a, at_b, to, expression)       \
    {                                         \
        const float32x4_t a = at_a, b = at_b; \
        vst1q_f32(to, expression);            \
    }
#define AT(p, mask, h) vld1q_f32((p) + (i & (mask)) + (h))
#define SPREAD(p, mask, each8, h) (each8 ? vld1q_dup_f32((p) + i / 8) : AT(p, mask, h))

/* The last elements go through buffers and the same loop. */
#define LOOP(expression)                                                                       \
    if (each8_a || each8_b)                                                                    \
        for (; i + 8 <= n; i += 8) {                                                           \
            ONE(SPREAD(pa, ma, each8_a, 0), SPREAD(pb, mb, each8_b, 0), y + i, expression)     \
            ONE(SPREAD(pa, ma, each8_a, 4), SPREAD(pb, mb, each8_b, 4), y + i + 4, expression) \
        }                                                                                      \
    else                                                                                       \
        for (; i + 8 <= n; i += 8) {                                                           \
            ONE(AT(pa, ma, 0), AT(pb, mb, 0), y + i, expression)                               \
            ONE(AT(pa, ma, 4), AT(pb, mb, 4), y + i + 4, expression)                           \
        }                                                                                      \
    if (i < n) {                                                                               \
        float ra[8] = {0}, rb[8] = {0};                                                        \
        for (size_t k = i; k < n; k++) {                                                       \
            ra[k - i] = w->a[oc_operand_at(w->a_is, k)];                                       \
            rb[k - i] = w->b[oc_operand_at(w->b_is, k)];                                       \
        }                                                                                      \
        ONE(vld1q_f32(ra), vld1q_f32(rb), ra, expression)                                      \
        ONE(vld1q_f32(ra + 4), vld1q_f32(rb + 4), ra + 4, expression)                          \
        for (size_t k = i; k < n; k++)                                                         \
            y[k] = ra[k - i];                                                                  \
    }                                                                                          \
    break

void oc_k_f32_binary__neon(const oc_f32_binary *w)
{
    const bool   each8_a = w->a_is == OC_OPERAND_EACH8, each8_b = w->b_is == OC_OPERAND_EACH8;
    const size_t n = w->n;
    float       *y = w->y, lanes[2][8];
    size_t       i = 0, ma, mb;
    const float *pa = source(w->a, w->a_is, lanes[0], &ma);
    const float *pb = source(w->b, w->b_is, lanes[1], &mb);

    switch (w->kind) {
    case OC_BINARY_ADD: LOOP(vaddq_f32(a, b));
    case OC_BINARY_SUB: LOOP(vsubq_f32(a, b));
    case OC_BINARY_MUL: LOOP(vmulq_f32(a, b));
    case OC_BINARY_DIV: LOOP(vdivq_f32(a, b));
    case OC_BINARY_MIN: LOOP(vminq_f32(a, b)); /* NaN when either is */
    case OC_BINARY_MAX: LOOP(vmaxq_f32(a, b));
    case OC_BINARY_PRELU: LOOP(prelu(a, b));
    case OC_BINARY_KEEP_EQUAL: LOOP(keep_equal(a, b));
    default: oc_k_f32_binary__ref(w); break;
    }
}

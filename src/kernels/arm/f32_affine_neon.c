#include <arm_neon.h>

#include "kernels/f32_affine.h"

static inline float32x4_t affine(const float *x, float32x4_t m, float32x4_t a, float32x4_t b)
{
    return vfmaq_f32(b, vsubq_f32(vld1q_f32(x), m), a);
}

/* Vectors of elements i % 8 = 0..3 and 4..7 of an operand that does not move. */
static inline float32x4x2_t fixed(const float *p, oc_operand is)
{
    if (is == OC_OPERAND_ONE)
        return (float32x4x2_t){{vld1q_dup_f32(p), vld1q_dup_f32(p)}};
    return (float32x4x2_t){{vld1q_f32(p), vld1q_f32(p + 4)}};
}

/* Fewer than 8: padded in buffers, so that a tail rounds as the body does. */
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
    for (size_t h = 0; h < 8; h += 4)
        vst1q_f32(x + h, affine(x + h, vld1q_f32(m + h), vld1q_f32(a + h), vld1q_f32(b + h)));
    for (size_t i = at; i < w->n; i++)
        w->y[i] = x[i - at];
}

void oc_k_f32_affine__neon(const oc_f32_affine *w)
{
    const size_t n = w->n;
    const float *x = w->x;
    float       *y = w->y;
    size_t       i = 0;

    if (w->is == OC_OPERAND_FULL) {
        for (; i + 8 <= n; i += 8)
            for (size_t k = i; k < i + 8; k += 4)
                vst1q_f32(y + k, affine(x + k, vld1q_f32(w->m + k), vld1q_f32(w->a + k),
                                        vld1q_f32(w->b + k)));
    } else if (n >= 8) {
        const float32x4x2_t m = fixed(w->m, w->is), a = fixed(w->a, w->is), b = fixed(w->b, w->is);

        for (; i + 8 <= n; i += 8) {
            vst1q_f32(y + i, affine(x + i, m.val[0], a.val[0], b.val[0]));
            vst1q_f32(y + i + 4, affine(x + i + 4, m.val[1], a.val[1], b.val[1]));
        }
    }
    if (i < n)
        tail(w, i);
}

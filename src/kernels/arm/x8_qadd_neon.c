#include "kernels/arm/bytes_neon.h"
#include "kernels/x8_qadd.h"

/* Eight bytes as floats. */
static inline void load8(const uint8_t *x, bool is_signed, float32x4_t v[2])
{
    const int16x8_t w = oc_v8_widen(vld1_u8(x), is_signed);
    v[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(w)));
    v[1] = vcvtq_f32_s32(vmovl_s16(vget_high_s16(w)));
}

static float first(const void *x, bool is_signed)
{
    return is_signed ? (float)*(const int8_t *)x : (float)*(const uint8_t *)x;
}

void oc_k_x8_qadd__neon(size_t n, const oc_k_qadd *q, const void *a, const void *b, void *y)
{
    const float       lo = q->is_signed ? -128.0f : 0.0f, hi = q->is_signed ? 127.0f : 255.0f;
    const float32x4_t ratio_a = vdupq_n_f32(q->ratio_a), ratio_b = vdupq_n_f32(q->ratio_b);
    const uint8_t    *pa = a, *pb = b;
    uint8_t          *to = y;
    float             fixed = q->fixed;
    size_t            i = 0;

    if (q->a_one)
        fixed = fixed + first(a, q->is_signed) * q->ratio_a;
    if (q->b_one)
        fixed = fixed + first(b, q->is_signed) * q->ratio_b;
    for (; i + 8 <= n; i += 8) {
        float32x4_t r[2] = {vdupq_n_f32(fixed), vdupq_n_f32(fixed)}, v[2];
        if (!q->b_one) {
            load8(pb + i, q->is_signed, v);
            r[0] = vfmaq_f32(r[0], v[0], ratio_b);
            r[1] = vfmaq_f32(r[1], v[1], ratio_b);
        }
        if (!q->a_one) {
            load8(pa + i, q->is_signed, v);
            r[0] = vfmaq_f32(r[0], v[0], ratio_a);
            r[1] = vfmaq_f32(r[1], v[1], ratio_a);
        }
        oc_v8_store_bytes(to + i, oc_v8_round(r[0], r[1], lo, hi, 0), q->is_signed);
    }
    if (i < n)
        oc_k_x8_qadd__ref(n - i, q, pa + (q->a_one ? 0 : i), pb + (q->b_one ? 0 : i), to + i);
}

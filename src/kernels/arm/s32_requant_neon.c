#include "kernels/arm/bytes_neon.h"
#include "kernels/s32_requant.h"

void oc_k_s32_requant__neon(size_t n, const int32_t *acc, const oc_k_requant *q, void *y)
{
    const float     lo = (float)((q->is_signed ? -128 : 0) - q->zero);
    const float     hi = (float)((q->is_signed ? 127 : 255) - q->zero);
    const int32x4_t bias = vdupq_n_s32(q->bias);
    float32x4_t     s0 = vdupq_n_f32(q->scale), s1 = s0;
    uint8_t        *to = y;
    size_t          i = 0;

    for (; i + 8 <= n; i += 8) {
        const int32x4_t a = vaddq_s32(vld1q_s32(acc + i), bias);
        const int32x4_t b = vaddq_s32(vld1q_s32(acc + i + 4), bias);

        if (q->scale_each) {
            s0 = vld1q_f32(q->scale_each + i);
            s1 = vld1q_f32(q->scale_each + i + 4);
        }
        oc_v8_store_bytes(to + i,
                          oc_v8_round(vmulq_f32(vcvtq_f32_s32(a), s0),
                                      vmulq_f32(vcvtq_f32_s32(b), s1), lo, hi, q->zero),
                          q->is_signed);
    }
    if (i < n) {
        oc_k_requant rest = *q;
        rest.scale_each = q->scale_each ? q->scale_each + i : NULL;
        oc_k_s32_requant__ref(n - i, acc + i, &rest, to + i);
    }
}

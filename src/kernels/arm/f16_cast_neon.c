/* Conversions are part of every AArch64; arithmetic in half precision is not, and not used. */
#include <arm_neon.h>

#include "kernels/f16_cast.h"

static void widen(size_t n, const oc_half *x, float *y)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        const uint16x8_t v = vld1q_u16((const uint16_t *)x + i);
        vst1q_f32(y + i, vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(v))));
        vst1q_f32(y + i + 4, vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(v))));
    }
    if (i < n)
        oc_half_to_floats(n - i, x + i, y + i);
}

static void narrow(size_t n, const float *x, oc_half *y)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        const uint16x4_t lo = vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i)));
        const uint16x4_t hi = vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i + 4)));
        vst1q_u16((uint16_t *)y + i, vcombine_u16(lo, hi));
    }
    if (i < n)
        oc_half_from_floats(n - i, x + i, y + i);
}

const oc_k_f16_cast oc_k_f16_cast__neon = {widen, narrow};

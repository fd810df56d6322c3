/* bytes_neon.h -- eight bytes to and from 32-bit values, for the quantised kernels. */
#ifndef OC_KERNELS_ARM_BYTES_NEON_H
#define OC_KERNELS_ARM_BYTES_NEON_H

#include <arm_neon.h>
#include <stdbool.h>

/* Eight bytes as 16-bit values. */
static inline int16x8_t oc_v8_widen(uint8x8_t x, bool is_signed)
{
    return is_signed ? vmovl_s8(vreinterpret_s8_u8(x)) : vreinterpretq_s16_u16(vmovl_u8(x));
}

/* round_half_even of eight floats, clamped to [lo, hi] first (a NaN counts as lo), plus zero. */
static inline int16x8_t oc_v8_round(float32x4_t a, float32x4_t b, float lo, float hi, int32_t zero)
{
    const float32x4_t vlo = vdupq_n_f32(lo), vhi = vdupq_n_f32(hi);
    const int32x4_t   vzero = vdupq_n_s32(zero);

    /* maxnm gives back the number when the other is a NaN */
    a = vminq_f32(vmaxnmq_f32(a, vlo), vhi);
    b = vminq_f32(vmaxnmq_f32(b, vlo), vhi);
    return vcombine_s16(vqmovn_s32(vaddq_s32(vcvtnq_s32_f32(a), vzero)),
                        vqmovn_s32(vaddq_s32(vcvtnq_s32_f32(b), vzero)));
}

static inline void oc_v8_store_bytes(uint8_t *to, int16x8_t v, bool is_signed)
{
    vst1_u8(to, is_signed ? vreinterpret_u8_s8(vqmovn_s16(v)) : vqmovun_s16(v));
}

#endif

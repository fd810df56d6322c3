/* vec_neon.h -- the vocabulary of kernels/tmpl/ for ARMv8-A: eight floats, in two registers.
 *
 * What each word means stands in docs/kernels.md; x86/vec_avx2.h and vec_avx512.h have the same.
 * Two of a kind side by side keep cores busy that do not look far ahead. */
#ifndef OC_KERNELS_ARM_VEC_NEON_H
#define OC_KERNELS_ARM_VEC_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/tmpl/inline.h"

#define VF_ISA neon
#define VF 8
#define VF_PX 1 /* blocks of eight in a vector */

typedef struct vf {
    float32x4_t a, b;
} vf;
typedef struct vf_mask {
    uint32x4_t a, b;
} vf_mask; /* all ones or zeros, lane by lane */

OC_INLINE vf vf_load(const float *p)
{
    return (vf){vld1q_f32(p), vld1q_f32(p + 4)};
}
OC_INLINE void vf_store(float *p, vf v)
{
    vst1q_f32(p, v.a);
    vst1q_f32(p + 4, v.b);
}
/* Some of a vector goes through a buffer. */
OC_INLINE vf vf_load_n(const float *p, size_t n)
{
    float part[8] = {0};

    for (size_t i = 0; i < n; i++)
        part[i] = p[i];
    return vf_load(part);
}
OC_INLINE void vf_store_n(float *p, size_t n, vf v)
{
    float part[8];

    vf_store(part, v);
    for (size_t i = 0; i < n; i++)
        p[i] = part[i];
}
OC_INLINE vf vf_set(float x)
{
    return (vf){vdupq_n_f32(x), vdupq_n_f32(x)};
}
OC_INLINE vf vf_zero(void)
{
    return vf_set(0.0f);
}
OC_INLINE vf vf_load1(const float *p)
{
    const float32x4_t v = vld1q_dup_f32(p);
    return (vf){v, v};
}
OC_INLINE vf vf_load8(const float *p)
{
    return vf_load(p);
}
OC_INLINE vf vf_spread8(const float *p)
{
    return vf_load1(p);
}

/* Pixels of eight floats. */
OC_INLINE vf vf_load_px(const float *p, ptrdiff_t step)
{
    (void)step;
    return vf_load(p);
}
OC_INLINE void vf_store_px(float *p, ptrdiff_t step, vf v)
{
    (void)step;
    vf_store(p, v);
}
OC_INLINE vf vf_load_one(const float *p)
{
    return vf_load(p);
}
OC_INLINE vf vf_load_at(const float *first, const float *second)
{
    (void)second;
    return vf_load(first);
}
OC_INLINE void vf_store_one(float *p, vf v)
{
    vf_store(p, v);
}
OC_INLINE vf_mask vf_first8(unsigned lanes)
{
    static const uint32_t order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint32x4_t      n = vdupq_n_u32(lanes);
    return (vf_mask){vcltq_u32(vld1q_u32(order), n), vcltq_u32(vld1q_u32(order + 4), n)};
}
OC_INLINE vf_mask vf_upto(size_t n)
{
    return vf_first8((unsigned)n);
}

OC_INLINE vf vf_add(vf x, vf y)
{
    return (vf){vaddq_f32(x.a, y.a), vaddq_f32(x.b, y.b)};
}
OC_INLINE vf vf_sub(vf x, vf y)
{
    return (vf){vsubq_f32(x.a, y.a), vsubq_f32(x.b, y.b)};
}
OC_INLINE vf vf_mul(vf x, vf y)
{
    return (vf){vmulq_f32(x.a, y.a), vmulq_f32(x.b, y.b)};
}
OC_INLINE vf vf_div(vf x, vf y)
{
    return (vf){vdivq_f32(x.a, y.a), vdivq_f32(x.b, y.b)};
}
OC_INLINE vf vf_fma(vf x, vf y, vf z)
{
    return (vf){vfmaq_f32(z.a, x.a, y.a), vfmaq_f32(z.b, x.b, y.b)};
}
OC_INLINE vf vf_fnma(vf x, vf y, vf z)
{
    return (vf){vfmsq_f32(z.a, x.a, y.a), vfmsq_f32(z.b, x.b, y.b)};
}
OC_INLINE vf vf_sqrt(vf x)
{
    return (vf){vsqrtq_f32(x.a), vsqrtq_f32(x.b)};
}
OC_INLINE vf vf_abs(vf x)
{
    return (vf){vabsq_f32(x.a), vabsq_f32(x.b)};
}
OC_INLINE vf vf_neg(vf x)
{
    return (vf){vnegq_f32(x.a), vnegq_f32(x.b)};
}
OC_INLINE vf vf_floor(vf x)
{
    return (vf){vrndmq_f32(x.a), vrndmq_f32(x.b)};
}
OC_INLINE vf vf_ceil(vf x)
{
    return (vf){vrndpq_f32(x.a), vrndpq_f32(x.b)};
}
OC_INLINE vf vf_round(vf x)
{
    return (vf){vrndnq_f32(x.a), vrndnq_f32(x.b)};
}
OC_INLINE vf vf_with_sign(vf x, vf from)
{
    const uint32x4_t sign = vdupq_n_u32(0x80000000u);
    return (vf){vbslq_f32(sign, from.a, x.a), vbslq_f32(sign, from.b, x.b)};
}

OC_INLINE vf_mask vf_lt(vf x, vf y)
{
    return (vf_mask){vcltq_f32(x.a, y.a), vcltq_f32(x.b, y.b)};
}
OC_INLINE vf_mask vf_gt(vf x, vf y)
{
    return (vf_mask){vcgtq_f32(x.a, y.a), vcgtq_f32(x.b, y.b)};
}
OC_INLINE vf_mask vf_eq(vf x, vf y)
{
    return (vf_mask){vceqq_f32(x.a, y.a), vceqq_f32(x.b, y.b)};
}
OC_INLINE vf vf_select(vf_mask m, vf yes, vf no)
{
    return (vf){vbslq_f32(m.a, yes.a, no.a), vbslq_f32(m.b, yes.b, no.b)};
}
OC_INLINE float32x4_t vf_and(uint32x4_t m, float32x4_t x)
{
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), m));
}
OC_INLINE vf vf_keep(vf_mask m, vf x)
{
    return (vf){vf_and(m.a, x.a), vf_and(m.b, x.b)};
}
OC_INLINE vf vf_keep_nan(vf y, vf x)
{
    return vf_select(vf_eq(x, x), y, x);
}

/* Both hand a NaN on, whichever side it comes from. */
OC_INLINE vf vf_max(vf x, vf y)
{
    return (vf){vmaxq_f32(x.a, y.a), vmaxq_f32(x.b, y.b)};
}
OC_INLINE vf vf_min(vf x, vf y)
{
    return (vf){vminq_f32(x.a, y.a), vminq_f32(x.b, y.b)};
}
OC_INLINE vf vf_at_least(vf lo, vf x)
{
    return vf_max(lo, x);
}
OC_INLINE vf vf_at_most(vf hi, vf x)
{
    return vf_min(hi, x);
}
/* A comparison with a NaN is false: what was there stays. */
OC_INLINE vf vf_max_known(vf acc, vf x)
{
    return vf_select(vf_gt(x, acc), x, acc);
}

/* Two factors, so that results among the denormals are right too. */
OC_INLINE float32x4_t vf_scale4(float32x4_t x, float32x4_t n)
{
    const int32x4_t   k = vcvtq_s32_f32(n), bias = vdupq_n_s32(127), k1 = vshrq_n_s32(k, 1);
    const float32x4_t s1 = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(k1, bias), 23));
    const int32x4_t   k2 = vaddq_s32(vsubq_s32(k, k1), bias);
    return vmulq_f32(vmulq_f32(x, s1), vreinterpretq_f32_s32(vshlq_n_s32(k2, 23)));
}
OC_INLINE vf vf_scale(vf x, vf y)
{
    return (vf){vf_scale4(x.a, y.a), vf_scale4(x.b, y.b)};
}
OC_INLINE float32x4_t vf_scale_by_low_bits4(float32x4_t x, float32x4_t bits)
{
    const int32x4_t k = vshlq_n_s32(vreinterpretq_s32_f32(bits), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(x), k));
}
OC_INLINE vf vf_scale_by_low_bits(vf x, vf y)
{
    return (vf){vf_scale_by_low_bits4(x.a, y.a), vf_scale_by_low_bits4(x.b, y.b)};
}

/* Sums of eights: one block. */
OC_INLINE vf vf_other8(vf v)
{
    return v;
}
OC_INLINE float vf_sum(vf v)
{
    return vaddvq_f32(vaddq_f32(v.a, v.b));
}

/* Bytes and integers. */
OC_INLINE vf vf_from_bytes(const uint8_t *p, bool is_signed)
{
    const uint8x8_t x = vld1_u8(p);
    const int16x8_t w =
        is_signed ? vmovl_s8(vreinterpret_s8_u8(x)) : vreinterpretq_s16_u16(vmovl_u8(x));
    return (vf){vcvtq_f32_s32(vmovl_s16(vget_low_s16(w))),
                vcvtq_f32_s32(vmovl_s16(vget_high_s16(w)))};
}
OC_INLINE void vf_to_bytes(uint8_t *p, vf v, int32_t zero, bool is_signed)
{
    const int32x4_t plus = vdupq_n_s32(zero);
    const int16x8_t w = vcombine_s16(vqmovn_s32(vqaddq_s32(vcvtnq_s32_f32(v.a), plus)),
                                     vqmovn_s32(vqaddq_s32(vcvtnq_s32_f32(v.b), plus)));
    vst1_u8(p, is_signed ? vreinterpret_u8_s8(vqmovn_s16(w)) : vqmovun_s16(w));
}
OC_INLINE vf vf_from_ints(const int32_t *p, int32_t plus)
{
    const int32x4_t add = vdupq_n_s32(plus);
    return (vf){vcvtq_f32_s32(vaddq_s32(vld1q_s32(p), add)),
                vcvtq_f32_s32(vaddq_s32(vld1q_s32(p + 4), add))};
}
/* Conversions are part of every AArch64; arithmetic in half precision is not. */
OC_INLINE vf vf_from_halfs(const uint16_t *p)
{
    const uint16x8_t v = vld1q_u16(p);
    return (vf){vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(v))),
                vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(v)))};
}
OC_INLINE void vf_to_halfs(uint16_t *p, vf v)
{
    vst1q_u16(p, vcombine_u16(vreinterpret_u16_f16(vcvt_f16_f32(v.a)),
                              vreinterpret_u16_f16(vcvt_f16_f32(v.b))));
}

#endif

/* wino_neon.h -- what f32_wino_in.tmpl.h and f32_wino_out.tmpl.h ask for, with four floats. */
#ifndef OC_KERNELS_ARM_WINO_NEON_H
#define OC_KERNELS_ARM_WINO_NEON_H

#include "kernels/arm/act_neon.h"

#define WV 4
typedef float32x4_t wv;

OC_INLINE wv wv_load(const float *p)
{
    return vld1q_f32(p);
}
OC_INLINE void wv_store(float *p, wv v)
{
    vst1q_f32(p, v);
}
OC_INLINE wv wv_set(float f)
{
    return vdupq_n_f32(f);
}
OC_INLINE wv wv_add(wv a, wv b)
{
    return vaddq_f32(a, b);
}
OC_INLINE wv wv_sub(wv a, wv b)
{
    return vsubq_f32(a, b);
}
OC_INLINE wv wv_mul(wv a, wv b)
{
    return vmulq_f32(a, b);
}
OC_INLINE wv wv_fma(wv a, wv b, wv c)
{
    return vfmaq_f32(c, a, b);
}

#endif

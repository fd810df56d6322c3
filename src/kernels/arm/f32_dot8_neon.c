#include "kernels/arm/vec_neon.h"

/* As in f32_mac_neon.c: the early scheduler would spill accumulators. */
#if !defined(__clang__)
#pragma GCC optimize("no-schedule-insns")
#endif

/* Both halves of a pixel go into one sum of four lanes: two outputs fit the registers. */
#define DOT_OUTS 2
typedef float32x4_t dot_sum;

OC_INLINE dot_sum dot_zero(void)
{
    return vdupq_n_f32(0.0f);
}

OC_INLINE dot_sum dot_fma(dot_sum sum, vf x, vf w)
{
    return vfmaq_f32(vfmaq_f32(sum, x.a, w.a), x.b, w.b);
}

OC_INLINE vf dot_across(const dot_sum a[8])
{
    return (vf){vpaddq_f32(vpaddq_f32(a[0], a[1]), vpaddq_f32(a[2], a[3])),
                vpaddq_f32(vpaddq_f32(a[4], a[5]), vpaddq_f32(a[6], a[7]))};
}

#include "kernels/tmpl/f32_dot8.tmpl.h"

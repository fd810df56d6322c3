#include "kernels/arm/act_neon.h"
#include "kernels/f32_reduce.h"
#include "kernels/f32_softmax.h"

void oc_k_f32_softmax__neon(size_t n, const float *x, float *y)
{
    float       acc[8], last[4] = {0};
    float32x4_t top, scale, sum = vdupq_n_f32(0.0f);
    size_t      i;

    oc_reduce_start(OC_REDUCE_MAX, acc);
    oc_k_f32_reduce__neon(OC_REDUCE_MAX, n, x, NULL, acc);
    top = vdupq_n_f32(oc_reduce_fold(OC_REDUCE_MAX, acc));
    oc_reduce_start(OC_REDUCE_SUM, acc);
    for (i = 0; i + 4 <= n; i += 4) {
        const float32x4_t e = oc_v4_exp(vsubq_f32(vld1q_f32(x + i), top));

        sum = vaddq_f32(sum, e);
        vst1q_f32(y + i, e);
    }
    vst1q_f32(acc, sum);
    if (i < n) {
        for (size_t k = i; k < n; k++)
            last[k - i] = x[k];
        vst1q_f32(last, oc_v4_exp(vsubq_f32(vld1q_f32(last), top)));
        for (size_t k = i; k < n; k++) {
            y[k] = last[k - i];
            acc[k - i] += last[k - i];
        }
    }
    scale = vdupq_n_f32(oc_reduce_fold(OC_REDUCE_SUM, acc));
    for (i = 0; i + 4 <= n; i += 4)
        vst1q_f32(y + i, vdivq_f32(vld1q_f32(y + i), scale));
    for (; i < n; i++)
        y[i] /= vgetq_lane_f32(scale, 0);
}

#include <arm_neon.h>

#include "kernels/f32_mix.h"

/* Multiplied and added apart, not fused: the contract asks for the same bits everywhere. */
void oc_k_f32_mix__neon(size_t n, size_t n_rows, const float *const *x, const float *w, float *y)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        float32x4_t a = vmulq_n_f32(vld1q_f32(x[0] + i), w[0]);
        float32x4_t b = vmulq_n_f32(vld1q_f32(x[0] + i + 4), w[0]);
        for (size_t k = 1; k < n_rows; k++) {
            a = vaddq_f32(a, vmulq_n_f32(vld1q_f32(x[k] + i), w[k]));
            b = vaddq_f32(b, vmulq_n_f32(vld1q_f32(x[k] + i + 4), w[k]));
        }
        vst1q_f32(y + i, a);
        vst1q_f32(y + i + 4, b);
    }
    for (; i < n; i++) {
        float sum = w[0] * x[0][i];
        for (size_t k = 1; k < n_rows; k++)
            sum += w[k] * x[k][i];
        y[i] = sum;
    }
}

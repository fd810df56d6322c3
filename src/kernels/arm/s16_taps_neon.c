#include <arm_neon.h>

#include "kernels/s16_taps.h"

static inline void eight(size_t taps, const int16_t *const *x, const int16_t *w, size_t i,
                         int32_t *acc)
{
    int32x4_t lo = vdupq_n_s32(0), hi = lo;

    for (size_t t = 0; t < taps; t++) {
        const int16x8_t v = vld1q_s16(x[t] + i);
        lo = vmlal_n_s16(lo, vget_low_s16(v), w[t]);
        hi = vmlal_high_n_s16(hi, v, w[t]);
    }
    vst1q_s32(acc, lo);
    vst1q_s32(acc + 4, hi);
}

void oc_k_s16_taps__neon(size_t n, size_t taps, const int16_t *const *x, const int16_t *w,
                         int32_t *acc)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        eight(taps, x, w, i, acc + i);
    if (i < n && n >= 8) { /* once more, over some of what is done */
        eight(taps, x, w, n - 8, acc + n - 8);
        return;
    }
    for (; i < n; i++) {
        int32_t sum = 0;
        for (size_t t = 0; t < taps; t++)
            sum += x[t][i] * w[t];
        acc[i] = sum;
    }
}

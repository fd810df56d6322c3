/* Four lanes of a point at a time; with one lane, four points at a time. */
#include <arm_neon.h>

#include "kernels/f32_taps.h"

/* Multiplied and added apart, not fused: the contract asks for the same bits everywhere. */
static void wide(const oc_k_taps *t, const float *x, float *y)
{
    for (size_t i = 0; i < t->n; i++) {
        const int32_t *index = t->index + i * t->taps;
        const float   *w = t->w + i * t->taps;
        size_t         l = 0;

        for (; l + 4 <= t->lanes; l += 4) {
            const float *at = x + l;
            float32x4_t  sum = vmulq_n_f32(vld1q_f32(at + (size_t)index[0] * t->lanes), w[0]);
            for (size_t k = 1; k < t->taps; k++)
                sum =
                    vaddq_f32(sum, vmulq_n_f32(vld1q_f32(at + (size_t)index[k] * t->lanes), w[k]));
            vst1q_f32(y + i * t->lanes + l, sum);
        }
        for (; l < t->lanes; l++) {
            float sum = w[0] * x[(size_t)index[0] * t->lanes + l];
            for (size_t k = 1; k < t->taps; k++)
                sum += w[k] * x[(size_t)index[k] * t->lanes + l];
            y[i * t->lanes + l] = sum;
        }
    }
}

/* Four floats that lie anywhere. */
static inline float32x4_t gather(const float *x, const int32_t *index, size_t step)
{
    float32x4_t v = vld1q_dup_f32(x + index[0]);

    v = vld1q_lane_f32(x + index[step], v, 1);
    v = vld1q_lane_f32(x + index[2 * step], v, 2);
    return vld1q_lane_f32(x + index[3 * step], v, 3);
}

/* Tap k of four points: weights lie `taps` apart, and are loaded by the instruction that takes
 * every second, third or fourth float apart. */
static inline void weights(const float *w, size_t taps, float32x4_t out[4])
{
    const float32x4x2_t two = taps == 2 ? vld2q_f32(w) : (float32x4x2_t){0};
    const float32x4x3_t three = taps == 3 ? vld3q_f32(w) : (float32x4x3_t){0};
    const float32x4x4_t four = taps == 4 ? vld4q_f32(w) : (float32x4x4_t){0};

    for (size_t k = 0; k < taps; k++)
        out[k] = taps == 1   ? vld1q_f32(w)
                 : taps == 2 ? two.val[k]
                 : taps == 3 ? three.val[k]
                             : four.val[k];
}

static inline __attribute__((always_inline)) size_t narrow(const size_t taps, const oc_k_taps *t,
                                                           const float *x, float *y)
{
    size_t i = 0;

    for (; i + 4 <= t->n; i += 4) {
        const int32_t *index = t->index + i * taps;
        float32x4_t    w[4], sum;

        weights(t->w + i * taps, taps, w);
        sum = vmulq_f32(w[0], gather(x, index, taps));
        for (size_t k = 1; k < taps; k++)
            sum = vaddq_f32(sum, vmulq_f32(w[k], gather(x, index + k, taps)));
        vst1q_f32(y + i, sum);
    }
    return i;
}

/* More taps than one instruction takes apart: weights are gathered as the values are. */
static size_t many(const oc_k_taps *t, const float *x, float *y)
{
    size_t i = 0;

    for (; i + 4 <= t->n; i += 4) {
        const int32_t *index = t->index + i * t->taps;
        const int32_t  at[4] = {0, (int32_t)t->taps, 2 * (int32_t)t->taps, 3 * (int32_t)t->taps};
        const float   *w = t->w + i * t->taps;
        float32x4_t    sum = vmulq_f32(gather(w, at, 1), gather(x, index, t->taps));
        for (size_t k = 1; k < t->taps; k++)
            sum = vaddq_f32(sum, vmulq_f32(gather(w + k, at, 1), gather(x, index + k, t->taps)));
        vst1q_f32(y + i, sum);
    }
    return i;
}

void oc_k_f32_taps__neon(const oc_k_taps *t, const float *x, float *y)
{
    oc_k_taps rest = *t;
    size_t    done = 0;

    if (t->lanes == 1)
        done = t->taps == 1   ? narrow(1, t, x, y)
               : t->taps == 2 ? narrow(2, t, x, y)
               : t->taps == 3 ? narrow(3, t, x, y)
               : t->taps == 4 ? narrow(4, t, x, y)
                              : many(t, x, y);
    rest.n -= done;
    rest.index += done * t->taps;
    rest.w += done * t->taps;
    if (rest.n)
        wide(&rest, x, y + done);
}

#include <string.h>

#include "kernels/arm/act_neon.h"
#include "kernels/f32_dot.h"

/* `at` rows side by side share the loads of x.  However many they are, a row's own sums are the
 * same two chains and one padded tail. */
OC_INLINE void dots(const size_t at, size_t n, const float *x, const float *y, size_t stride,
                    float *out)
{
    float32x4_t even[4], odd[4];
    size_t      i = 0;

    OC_UNROLL for (size_t r = 0; r < at; r++) even[r] = odd[r] = vdupq_n_f32(0.0f);
    for (; i + 8 <= n; i += 8) {
        const float32x4_t x0 = vld1q_f32(x + i), x1 = vld1q_f32(x + i + 4);

        OC_UNROLL for (size_t r = 0; r < at; r++)
        {
            const float *row = y + r * stride + i;

            even[r] = vfmaq_f32(even[r], x0, vld1q_f32(row));
            odd[r] = vfmaq_f32(odd[r], x1, vld1q_f32(row + 4));
        }
    }
    for (; i < n; i += 4) {
        const size_t left = n - i < 4 ? n - i : 4;
        float        px[4] = {0}, py[4] = {0};

        memcpy(px, x + i, left * sizeof(*x));
        OC_UNROLL for (size_t r = 0; r < at; r++)
        {
            memcpy(py, y + r * stride + i, left * sizeof(*y));
            even[r] = vfmaq_f32(even[r], vld1q_f32(px), vld1q_f32(py));
        }
    }
    OC_UNROLL for (size_t r = 0; r < at; r++) out[r] = vaddvq_f32(vaddq_f32(even[r], odd[r]));
}

void oc_k_f32_dot__neon(size_t rows, size_t n, const float *x, const float *y, size_t stride,
                        float *out)
{
    size_t r = 0;

    for (; r + 4 <= rows; r += 4)
        dots(4, n, x, y + r * stride, stride, out + r);
    for (; r < rows; r++)
        dots(1, n, x, y + r * stride, stride, out + r);
}

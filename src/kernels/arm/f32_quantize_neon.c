#include "kernels/arm/bytes_neon.h"
#include "kernels/f32_quantize.h"

void oc_k_f32_quantize__neon(size_t n, const float *x, float scale, int32_t zero, bool is_signed,
                             void *y)
{
    const float       lo = (float)((is_signed ? -128 : 0) - zero);
    const float       hi = (float)((is_signed ? 127 : 255) - zero);
    const float32x4_t by = vdupq_n_f32(scale);
    uint8_t          *to = y;
    size_t            i = 0;

    for (; i + 8 <= n; i += 8)
        oc_v8_store_bytes(to + i,
                          oc_v8_round(vdivq_f32(vld1q_f32(x + i), by),
                                      vdivq_f32(vld1q_f32(x + i + 4), by), lo, hi, zero),
                          is_signed);
    if (i < n)
        oc_k_f32_quantize__ref(n - i, x + i, scale, zero, is_signed, to + i);
}

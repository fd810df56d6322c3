#include "kernels/yuv_pixels.h"

#include <math.h>

void oc_yuv_store(oc_dtype kind, void *out, size_t i, float v)
{
    switch (kind) {
    case OC_U8: ((uint8_t *)out)[i] = (uint8_t)rintf(v < 0 ? 0 : v > 255 ? 255 : v); break;
    case OC_I32:
        /* the largest float below 2^31 */
        v = v < -2147483648.0f ? -2147483648.0f : v > 2147483520.0f ? 2147483520.0f : v;
        ((int32_t *)out)[i] = (int32_t)rintf(v);
        break;
    default: ((float *)out)[i] = v; break;
    }
}

oc_k_yuv_pixels_fn *oc_k_yuv_pixels(oc_isa have)
{
    oc_k_yuv_pixels_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_yuv_pixels__##name;
#include "kernels/yuv_pixels.inc"
#undef OC_K
    return best;
}

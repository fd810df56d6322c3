/* A pixel at a time: a load of eight bytes brings it and its right neighbour.  Three channels fill
 * little of a register, yet the whole is free of branches inside the picture. */
#include <arm_neon.h>

#include "kernels/u8_warp.h"

static inline int16x8_t blend_row(const uint8_t *p, uint8x8_t left, uint8x8_t right)
{
    const uint8x8_t a = vld1_u8(p), b = vext_u8(a, a, 3);
    return vreinterpretq_s16_u16(vmlal_u8(vmull_u8(a, left), b, right));
}

void oc_k_u8_warp__neon(const oc_u8_picture *from, size_t n, const int32_t *u, const int32_t *v,
                        uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t x = u[i] >> 6, y = v[i] >> 6;
        /* eight bytes from the last pixel but two on end inside the row */
        if (x < 0 || y < 0 || x >= from->width - 2 || y >= from->height - 1) {
            oc_k_u8_warp__ref(from, 1, u + i, v + i, out + 3 * i);
            continue;
        }
        const uint8_t  *p = from->data + (ptrdiff_t)y * from->stride + 3 * (ptrdiff_t)x;
        const uint8x8_t right = vdup_n_u8((uint8_t)(u[i] & 63));
        const uint8x8_t left = vsub_u8(vdup_n_u8(64), right);
        const int16x8_t top = blend_row(p, left, right);
        const int16x8_t bottom = blend_row(p + from->stride, left, right);
        const int16_t   fy = (int16_t)((v[i] & 63) << 9);
        const int16x8_t s = vaddq_s16(top, vqrdmulhq_n_s16(vsubq_s16(bottom, top), fy));
        const uint8x8_t r = vqrshrun_n_s16(s, 6);
        vst1_lane_u8(out + 3 * i, r, 0);
        vst1_lane_u8(out + 3 * i + 1, r, 1);
        vst1_lane_u8(out + 3 * i + 2, r, 2);
    }
}

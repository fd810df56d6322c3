/* rgb_neon.h -- eight RGB pixels as three vectors of the vocabulary, and back. */
#ifndef OC_KERNELS_ARM_RGB_NEON_H
#define OC_KERNELS_ARM_RGB_NEON_H

#include "kernels/arm/vec_neon.h"

OC_INLINE void vf_load_rgb(const uint8_t *p, vf *r, vf *g, vf *b)
{
    const uint8x8x3_t v = vld3_u8(p);
    uint8_t           t[3][8];

    vst1_u8(t[0], v.val[0]);
    vst1_u8(t[1], v.val[1]);
    vst1_u8(t[2], v.val[2]);
    *r = vf_from_bytes(t[0], false);
    *g = vf_from_bytes(t[1], false);
    *b = vf_from_bytes(t[2], false);
}

/* Values 0..255, rounded half to even. */
OC_INLINE void vf_store_rgb(uint8_t *p, vf r, vf g, vf b)
{
    uint8_t     t[3][8];
    uint8x8x3_t v;

    vf_to_bytes(t[0], r, 0, false);
    vf_to_bytes(t[1], g, 0, false);
    vf_to_bytes(t[2], b, 0, false);
    v.val[0] = vld1_u8(t[0]);
    v.val[1] = vld1_u8(t[1]);
    v.val[2] = vld1_u8(t[2]);
    vst3_u8(p, v);
}

#endif

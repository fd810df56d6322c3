/* Transposes of 4 x 4: four pixels of four planes at a time. */
#include <arm_neon.h>

#include "kernels/f32_nc8.h"
#include "kernels/tmpl/inline.h"

OC_INLINE void transpose(float32x4_t r[4])
{
    const float32x4x2_t a = vtrnq_f32(r[0], r[1]), b = vtrnq_f32(r[2], r[3]);

    r[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    r[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    r[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    r[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}

/* Four pixels from i on of planes c .. c + 3, of which those below `lanes` exist. */
OC_INLINE void four_to_blocked(const oc_nc8 *t, const unsigned lanes, unsigned c, size_t i)
{
    float32x4_t r[4];

    OC_UNROLL for (unsigned k = 0; k < 4; k++) r[k] =
        c + k < lanes ? vld1q_f32(t->planar + (c + k) * t->plane + i) : vdupq_n_f32(0.0f);
    transpose(r);
    OC_UNROLL for (unsigned k = 0; k < 4; k++) vst1q_f32(t->blocked + (i + k) * 8 + c, r[k]);
}

OC_INLINE void four_to_planar(const oc_nc8 *t, const unsigned lanes, unsigned c, size_t i)
{
    float32x4_t r[4];

    OC_UNROLL for (unsigned k = 0; k < 4; k++) r[k] = vld1q_f32(t->blocked + (i + k) * 8 + c);
    transpose(r);
    OC_UNROLL for (unsigned k = 0; k < 4; k++) if (c + k < lanes)
        vst1q_f32(t->planar + (c + k) * t->plane + i, r[k]);
}

/* All whole fours of pixels; where they end. */
OC_INLINE size_t fours(const oc_nc8 *t, const unsigned lanes)
{
    size_t i = 0;

    if (t->to_blocked)
        for (; i + 4 <= t->n; i += 4) {
            four_to_blocked(t, lanes, 0, i);
            four_to_blocked(t, lanes, 4, i);
        }
    else
        for (; i + 4 <= t->n; i += 4) {
            four_to_planar(t, lanes, 0, i);
            if (lanes > 4)
                four_to_planar(t, lanes, 4, i);
        }
    return i;
}

void oc_k_f32_nc8__neon(const oc_nc8 *t)
{
    const size_t done = t->lanes == 8 ? fours(t, 8) : fours(t, t->lanes);
    oc_nc8       rest = *t;

    rest.planar += done;
    rest.blocked += done * 8;
    rest.n -= done;
    oc_k_f32_nc8__ref(&rest);
}

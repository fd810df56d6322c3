#include <arm_neon.h>
#include <string.h>

#include "kernels/tmpl/inline.h"
#include "kernels/yuv_pixels.h"

/* Channel k of four pixels, normalised. */
OC_INLINE float32x4_t channel(const oc_yuv_pixels *how, int k, float32x4_t a, float32x4_t b,
                              float32x4_t c)
{
    const float *m = how->m[k];
    float32x4_t  p = vfmaq_n_f32(vdupq_n_f32(how->off[k]), c, m[2]);

    p = vfmaq_n_f32(p, b, m[1]);
    p = vfmaq_n_f32(p, a, m[0]);
    p = vminq_f32(vmaxq_f32(p, vdupq_n_f32(0.0f)), vdupq_n_f32(255.0f));
    return vmulq_n_f32(vsubq_f32(p, vdupq_n_f32(how->mean[k])), how->scale[k]);
}

OC_INLINE int32x4_t to_i32(float32x4_t v)
{
    v = vminq_f32(vmaxq_f32(v, vdupq_n_f32(-2147483648.0f)), vdupq_n_f32(2147483520.0f));
    return vcvtnq_s32_f32(v);
}

OC_INLINE uint8x8_t to_u8(const float32x4_t v[2])
{
    return vqmovun_s16(
        vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(v[0])), vqmovn_s32(vcvtnq_s32_f32(v[1]))));
}

/* Eight elements of one kind, in one row. */
OC_INLINE void store_plane(oc_dtype kind, void *out, size_t at, const float32x4_t v[2])
{
    for (size_t h = 0; h < 2; h++) {
        if (kind == OC_F32)
            vst1q_f32((float *)out + at + 4 * h, v[h]);
        else if (kind == OC_I32)
            vst1q_s32((int32_t *)out + at + 4 * h, to_i32(v[h]));
    }
    if (kind == OC_U8)
        vst1_u8((uint8_t *)out + at, to_u8(v));
}

/* Eight pixels of three elements next to each other. */
OC_INLINE void store_triples(oc_dtype kind, void *out, size_t at, float32x4_t v[3][2])
{
    if (kind == OC_U8) {
        const uint8x8x3_t bytes = {{to_u8(v[0]), to_u8(v[1]), to_u8(v[2])}};
        vst3_u8((uint8_t *)out + 3 * at, bytes);
        return;
    }
    for (size_t h = 0; h < 2; h++) {
        const size_t        to = 3 * (at + 4 * h);
        const float32x4x3_t floats = {{v[0][h], v[1][h], v[2][h]}};
        const int32x4x3_t   ints = {{to_i32(v[0][h]), to_i32(v[1][h]), to_i32(v[2][h])}};
        if (kind == OC_F32)
            vst3q_f32((float *)out + to, floats);
        else
            vst3q_s32((int32_t *)out + to, ints);
    }
}

/* Pixels i .. i + 7 to place `at` of the output. */
OC_INLINE void eight(const oc_yuv_pixels *how, oc_dtype kind, const float *const c[3], size_t i,
                     void *const out[3], size_t at)
{
    const int   n_out = (int)how->n_out;
    float32x4_t v[3][2];

    for (int h = 0; h < 2; h++) {
        const size_t      from = i + 4 * (size_t)h;
        const float32x4_t a = vld1q_f32(c[0] + from), b = vld1q_f32(c[1] + from);
        const float32x4_t d = vld1q_f32(c[2] + from);
        for (int k = 0; k < n_out; k++)
            v[k][h] = channel(how, k, a, b, d);
    }
    if (how->interleaved && n_out == 3) {
        store_triples(kind, out[0], at, v);
        return;
    }
    for (int k = 0; k < n_out; k++)
        store_plane(kind, out[k], at, v[k]);
}

OC_INLINE void run(size_t n, const float *const c[3], const oc_yuv_pixels *how, oc_dtype kind,
                   void *const out[3])
{
    const size_t bytes = kind == OC_U8 ? 1 : 4;
    size_t       i = 0;

    for (; i + 8 <= n; i += 8)
        eight(how, kind, c, i, out, i);
    if (i == n)
        return;
    float       tail[3][24]; /* what does not fill eight goes by here */
    void *const to[3] = {tail[0], tail[1], tail[2]};
    eight(how, kind, c, i, to, 0);
    if (how->interleaved || how->n_out == 1) {
        memcpy((char *)out[0] + i * how->n_out * bytes, tail[0], (n - i) * how->n_out * bytes);
        return;
    }
    for (int k = 0; k < 3; k++)
        memcpy((char *)out[k] + i * bytes, tail[k], (n - i) * bytes);
}

void oc_k_yuv_pixels__neon(size_t n, const float *const c[3], const oc_yuv_pixels *how,
                           void *const out[3])
{
    if (how->kind == OC_F32)
        run(n, c, how, OC_F32, out);
    else if (how->kind == OC_I32)
        run(n, c, how, OC_I32, out);
    else
        run(n, c, how, OC_U8, out);
}

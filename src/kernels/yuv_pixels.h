/* yuv_pixels: channels of a row to what a network reads.
 *
 *   p[k]       = min(255, max(0, m[k][0] c0[i] + m[k][1] c1[i] + m[k][2] c2[i] + off[k]))
 *   element[k] = (p[k] - mean[k]) * scale[k]                        k < n_out, 0 <= i < n
 *
 *   c0..c2   rows of floats, readable up to n rounded up to 8; may be the same row
 *   n_out    1 or 3
 *   kind     element type; integers are rounded to nearest (ties to even) and clamped
 *   out      interleaved: out[0][i * n_out + k]; else out[k][i].  Exactly n * n_out elements are
 *            written; no alignment beyond the element's
 *   all finite */
#ifndef OC_KERNELS_YUV_PIXELS_H
#define OC_KERNELS_YUV_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"
#include "ocellus/tensor.h"

typedef struct oc_yuv_pixels {
    float    m[3][3], off[3];
    float    mean[3], scale[3];
    uint32_t n_out;
    bool     interleaved;
    oc_dtype kind; /* F32, U8, I32 */
} oc_yuv_pixels;

typedef void oc_k_yuv_pixels_fn(size_t n, const float *const c[3], const oc_yuv_pixels *how,
                                void *const out[3]);

#define OC_K(name, isa) oc_k_yuv_pixels_fn oc_k_yuv_pixels__##name;
#include "kernels/yuv_pixels.inc"
#undef OC_K

oc_k_yuv_pixels_fn *oc_k_yuv_pixels(oc_isa have);

/* One element, as the kernels store it. */
void oc_yuv_store(oc_dtype kind, void *out, size_t i, float value);

#endif

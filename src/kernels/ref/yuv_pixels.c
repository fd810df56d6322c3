#include "kernels/yuv_pixels.h"

void oc_k_yuv_pixels__ref(size_t n, const float *const c[3], const oc_yuv_pixels *how,
                          void *const out[3])
{
    for (size_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < how->n_out; k++) {
            const float *m = how->m[k];
            float        p = m[0] * c[0][i] + m[1] * c[1][i] + m[2] * c[2][i] + how->off[k];
            p = p < 0 ? 0 : p > 255 ? 255 : p;
            float v = (p - how->mean[k]) * how->scale[k];
            if (how->interleaved)
                oc_yuv_store(how->kind, out[0], i * how->n_out + k, v);
            else
                oc_yuv_store(how->kind, out[k], i, v);
        }
    }
}

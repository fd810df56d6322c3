#include "kernels/u8_max8.h"

void oc_k_u8_max8__ref(const oc_pool8 *p, size_t oy, const uint8_t *x, uint8_t *row, uint8_t *y)
{
    (void)row;
    for (ptrdiff_t i = 0; i < p->out_w * 8; i++) {
        uint8_t most = 0;
        for (ptrdiff_t ky = 0; ky < p->k_h; ky++)
            for (ptrdiff_t kx = 0; kx < p->k_w; kx++) {
                const ptrdiff_t iy = (ptrdiff_t)oy * p->stride_h - p->pad_t + ky * p->dil_h;
                const ptrdiff_t ix = i / 8 * p->stride_w - p->pad_l + kx * p->dil_w;
                if (iy < 0 || iy >= p->in_h || ix < 0 || ix >= p->in_w)
                    continue;
                const uint8_t v = x[(iy * p->in_w + ix) * 8 + i % 8];
                most = v > most ? v : most;
            }
        y[i] = most;
    }
}

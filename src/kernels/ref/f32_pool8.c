#include "kernels/f32_pool8.h"

#include <math.h>

void oc_k_f32_pool8__ref(const oc_pool8 *p, size_t oy, const float *x, float *y)
{
    const ptrdiff_t row = (ptrdiff_t)oy * p->stride_h - p->pad_t;
    ptrdiff_t       y0, y1, x0, x1, unused, rows, cols;

    oc_pool_taps(row, p->k_h, p->dil_h, p->in_h, &y0, &y1);
    oc_pool_taps(row + p->pad_t, p->k_h, p->dil_h, p->in_h + p->pad_t + p->pad_b, &unused, &rows);
    for (ptrdiff_t ox = 0; ox < p->out_w; ox++) {
        const ptrdiff_t col = ox * p->stride_w - p->pad_l;
        ptrdiff_t       count;

        oc_pool_taps(col, p->k_w, p->dil_w, p->in_w, &x0, &x1);
        oc_pool_taps(col + p->pad_l, p->k_w, p->dil_w, p->in_w + p->pad_l + p->pad_r, &unused,
                     &cols);
        count = p->include_pad ? rows * cols : (y1 - y0) * (x1 - x0);
        for (int lane = 0; lane < 8; lane++) {
            float acc = p->average ? 0.0f : -INFINITY;

            for (ptrdiff_t ky = y0; ky < y1; ky++)
                for (ptrdiff_t kx = x0; kx < x1; kx++) {
                    const float v =
                        x[((row + ky * p->dil_h) * p->in_w + col + kx * p->dil_w) * 8 + lane];

                    acc = p->average ? acc + v : v > acc ? v : acc;
                }
            y[ox * 8 + lane] = p->average ? (count ? acc / (float)count : 0.0f) : acc;
        }
    }
}

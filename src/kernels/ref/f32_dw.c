#include "kernels/f32_dw.h"

#include "kernels/ref/act.h"

static void sum_pixel(const oc_dw *d, ptrdiff_t row, ptrdiff_t col, float sum[8])
{
    const ptrdiff_t iy = row * d->sy - d->top, ix = col * d->sx - d->left;
    const ptrdiff_t ky1 = oc_tap_end(iy, d->dy, d->kh, d->in_h);
    const ptrdiff_t kx1 = oc_tap_end(ix, d->dx, d->kw, d->in_w);

    for (ptrdiff_t ky = oc_tap_begin(iy, d->dy, d->kh); ky < ky1; ky++)
        for (ptrdiff_t kx = oc_tap_begin(ix, d->dx, d->kw); kx < kx1; kx++) {
            const float *x = d->x + ((iy + ky * d->dy) * d->in_w + ix + kx * d->dx) * 8;
            const float *w = d->w + (ky * d->kw + kx) * 8;
            for (unsigned o = 0; o < 8; o++)
                sum[o] += x[o] * w[o];
        }
}

void oc_k_f32_dw__ref(const oc_dw *d)
{
    for (ptrdiff_t row = d->row_begin; row < d->row_end; row++)
        for (ptrdiff_t col = 0; col < d->out_w; col++) {
            ptrdiff_t at = (row * d->out_w + col) * 8;
            float     sum[8];
            for (unsigned o = 0; o < 8; o++)
                sum[o] = d->bias ? d->bias[o] : 0.0f;
            sum_pixel(d, row, col, sum);
            for (unsigned o = 0; o < 8; o++) {
                float v = sum[o] + (d->add ? d->add[at + o] : 0.0f);
                d->y[at + o] = o < d->lanes ? oc_act_apply(d->act, v) : 0.0f;
            }
        }
}

#include "kernels/f32_mac.h"

#include "kernels/ref/act.h"

/* sum[] += x[p][..] * w, over all k in the order of the contract.  In double: the reference is what
 * the others are held against, and a long serial sum in float is worse than their many short ones. */
static void sum_pixel(const oc_mac *m, size_t p, double *sum)
{
    const unsigned width = m->blocks * 8;
    const float   *w = m->w;

    for (size_t k = 0; m->at && k < m->n_at; k++, w += width)
        for (unsigned o = 0; o < width; o++)
            sum[o] += (double)m->x[(ptrdiff_t)p * m->x_px + m->at[k]] * (double)w[o];
    if (m->at)
        return;
    for (size_t i0 = 0; i0 < m->n0; i0++)
        for (size_t i1 = 0; i1 < m->n1; i1++)
            for (size_t i2 = 0; i2 < m->n2; i2++) {
                const float *x = m->x + (ptrdiff_t)p * m->x_px + (ptrdiff_t)i0 * m->x0 +
                                 (ptrdiff_t)i1 * m->x1 + (ptrdiff_t)i2 * m->x2;
                unsigned ks = i2 + 1 == m->n2 ? m->k_last : 8;
                for (unsigned k = 0; k < ks; k++, w += width)
                    for (unsigned o = 0; o < width; o++)
                        sum[o] += (double)x[k] * (double)w[o];
            }
}

void oc_k_f32_mac__ref(const oc_mac *m)
{
    double sum[OC_MAC_BLOCKS_MAX * 8];

    for (size_t p = 0; p < m->px; p++) {
        for (unsigned o = 0; o < m->blocks * 8; o++)
            sum[o] = m->bias ? (double)m->bias[o] : 0.0;
        sum_pixel(m, p, sum);
        for (unsigned b = 0; b < m->blocks; b++) {
            ptrdiff_t at = (ptrdiff_t)p * m->y_px + (ptrdiff_t)b * m->y_blk;
            unsigned  lanes = b + 1 == m->blocks ? m->lanes : 8;
            for (unsigned o = 0; o < lanes; o++) {
                float v = (float)sum[b * 8 + o] + (m->add ? m->add[at + o] : 0.0f);
                m->y[at + o] = oc_act_apply(m->act, v);
            }
            for (unsigned o = lanes; m->whole && o < 8; o++)
                m->y[at + o] = 0.0f;
        }
    }
}

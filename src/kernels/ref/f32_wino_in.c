#include "kernels/f32_wino_in.h"

/* d[0], d[s], .. d[5 s] in place: the six rows of B^T. */
static void rows(float *d, size_t s)
{
    const float a = d[0], b = d[s], c = d[2 * s], e = d[3 * s], f = d[4 * s], g = d[5 * s];
    const float t0 = f - 2 * c, t1 = OC_WINO_A * e - OC_WINO_B * b;
    const float t2 = f - 0.5f * c, t3 = OC_WINO_B * e - OC_WINO_A * b;

    d[0] = a + (f - 2.5f * c);
    d[s] = t0 + t1;
    d[2 * s] = t0 - t1;
    d[3 * s] = t2 + t3;
    d[4 * s] = t2 - t3;
    d[5 * s] = b + (g - 2.5f * e);
}

static float pixel(const oc_wino_in *t, ptrdiff_t y, ptrdiff_t x, size_t lane)
{
    if (y < 0 || y >= t->in_h || x < 0 || x >= t->in_w)
        return 0.0f;
    return t->x[(size_t)(y * t->in_w + x) * 8 + lane];
}

void oc_k_f32_wino_in__ref(const oc_wino_in *t)
{
    for (size_t i = 0; i < t->tiles * 8; i++) {
        const size_t    tile = t->first + i / 8, lane = i % 8;
        const ptrdiff_t y = (ptrdiff_t)(tile / t->tiles_w) * OC_WINO_OUT - t->top;
        const ptrdiff_t x = (ptrdiff_t)(tile % t->tiles_w) * OC_WINO_OUT - t->left;
        float           d[36];

        for (ptrdiff_t q = 0; q < 36; q++)
            d[q] = pixel(t, y + q / 6, x + q % 6, lane);
        for (size_t k = 0; k < 6; k++)
            rows(d + k * 6, 1);
        for (size_t k = 0; k < 6; k++)
            rows(d + k, 6);
        for (ptrdiff_t q = 0; q < 36; q++)
            t->v[q * t->v_q + (ptrdiff_t)i] = d[q];
    }
}

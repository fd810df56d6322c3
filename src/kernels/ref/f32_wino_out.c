#include "kernels/f32_wino_out.h"

#include "kernels/ref/act.h"
#include "kernels/wino_points.h"

/* The rows of A^T over u[0], u[s], .. u[(m + 1) s], in place: the first m of them. */
static void rows(unsigned pairs, float *u, size_t s)
{
    const oc_wino_points *w = &oc_wino_points_of[pairs - 1];
    float                 out[OC_WINO_OUT_MAX];

    for (unsigned k = 0; k < 2 * pairs; k++) {
        float sum = k == 0 ? u[0] : k + 1 == 2 * pairs ? u[(2 * pairs + 1) * s] : 0.0f;
        for (unsigned j = 0; j < pairs; j++) {
            float a = u[(2 * j + 1) * s], b = u[(2 * j + 2) * s];
            sum += w->power[j][k] * (k % 2 ? a - b : a + b);
        }
        out[k] = sum;
    }
    for (unsigned k = 0; k < 2 * pairs; k++)
        u[k * s] = out[k];
}

static void store(const oc_wino_out *t, ptrdiff_t y, ptrdiff_t x, size_t lane, float v)
{
    if (y >= t->out_h || x >= t->out_w)
        return;
    size_t at = (size_t)(y * t->out_w + x) * 8 + lane;
    v += t->bias[lane] + (t->add ? t->add[at] : 0.0f);
    t->y[at] = lane < t->lanes ? oc_act_apply(t->act, v) : 0.0f;
}

void oc_k_f32_wino_out__ref(const oc_wino_out *t)
{
    const ptrdiff_t m = t->m, n = m + 2;

    for (size_t i = 0; i < t->tiles * 8; i++) {
        const size_t    tile = t->first + i / 8, lane = i % 8;
        const ptrdiff_t y = (ptrdiff_t)(tile / t->tiles_w) * m;
        const ptrdiff_t x = (ptrdiff_t)(tile % t->tiles_w) * m;
        float           u[OC_WINO_IN_MAX * OC_WINO_IN_MAX];

        for (ptrdiff_t q = 0; q < n * n; q++)
            u[q] = t->u[q * t->u_q + (ptrdiff_t)i];
        for (ptrdiff_t k = 0; k < n; k++)
            rows(t->m / 2, u + k * n, 1);
        for (ptrdiff_t k = 0; k < m; k++)
            rows(t->m / 2, u + k, (size_t)n);
        for (ptrdiff_t q = 0; q < m * m; q++)
            store(t, y + q / m, x + q % m, lane, u[q / m * n + q % m]);
    }
}

#include "kernels/f32_wino_in.h"
#include "kernels/wino_points.h"

/* d[0], d[s], .. d[(m + 1) s] in place: the rows of B^T. */
static void rows(unsigned pairs, float *d, size_t s)
{
    const oc_wino_points *w = &oc_wino_points_of[pairs - 1];
    float                 out[OC_WINO_IN_MAX];

    for (unsigned last = 0; last < 2; last++) { /* the point 0, then infinity */
        float sum = d[(2 * pairs + last) * s];
        for (unsigned i = 0; i < pairs; i++)
            sum += w->z[i] * d[(2 * i + last) * s];
        out[last ? 2 * pairs + 1 : 0] = sum;
    }
    for (unsigned j = 0; j < pairs; j++) {
        float e = 0, o = 0;
        for (unsigned i = 0; i < pairs; i++) {
            e += w->q[j][i] * d[(2 * i + 2) * s];
            o += w->pq[j][i] * d[(2 * i + 1) * s];
        }
        out[2 * j + 1] = e + o;
        out[2 * j + 2] = e - o;
    }
    for (unsigned k = 0; k < 2 * pairs + 2; k++)
        d[k * s] = out[k];
}

static float pixel(const oc_wino_in *t, ptrdiff_t y, ptrdiff_t x, size_t lane)
{
    if (y < 0 || y >= t->in_h || x < 0 || x >= t->in_w)
        return 0.0f;
    return t->x[(size_t)(y * t->in_w + x) * 8 + lane];
}

void oc_k_f32_wino_in__ref(const oc_wino_in *t)
{
    const ptrdiff_t m = t->m, n = m + 2;

    for (size_t i = 0; i < t->tiles * 8; i++) {
        const size_t    tile = t->first + i / 8, lane = i % 8;
        const ptrdiff_t y = (ptrdiff_t)(tile / t->tiles_w) * m - t->top;
        const ptrdiff_t x = (ptrdiff_t)(tile % t->tiles_w) * m - t->left;
        float           d[OC_WINO_IN_MAX * OC_WINO_IN_MAX];

        for (ptrdiff_t q = 0; q < n * n; q++)
            d[q] = pixel(t, y + q / n, x + q % n, lane);
        for (ptrdiff_t k = 0; k < n; k++)
            rows(t->m / 2, d + k * n, 1);
        for (ptrdiff_t k = 0; k < n; k++)
            rows(t->m / 2, d + k, (size_t)n);
        for (ptrdiff_t q = 0; q < n * n; q++)
            t->v[q * t->v_q + (ptrdiff_t)i] = d[q];
    }
}

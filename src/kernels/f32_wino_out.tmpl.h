/* f32_wino_out.tmpl.h -- the transform of f32_wino_out, once for every size and instruction set.  Needs what
 * f32_wino_in.tmpl.h needs.
 */
#include <stddef.h>

#include "kernels/f32_wino_out.h"
#include "kernels/wino_points.h"

/* out[k * s] = row k of A^T times u, k < 2 pairs. */
OC_INLINE void wino_rows_out(const int pairs, const wv *u, float *out, ptrdiff_t s)
{
    const oc_wino_points *const w = &oc_wino_points_of[pairs - 1];
    wv                          sum[OC_WINO_PAIRS_MAX], dif[OC_WINO_PAIRS_MAX], first = u[0];

    OC_UNROLL for (int j = 0; j < pairs; j++)
    {
        sum[j] = wv_add(u[2 * j + 1], u[2 * j + 2]);
        dif[j] = wv_sub(u[2 * j + 1], u[2 * j + 2]);
        first = wv_add(first, sum[j]);
    }
    wv_store(out, first);
    OC_UNROLL for (int k = 1; k < 2 * pairs; k++)
    {
        const wv *t = k % 2 ? dif : sum;
        wv        v;
        if (k + 1 == 2 * pairs)
            v = wv_fma(wv_set(w->power[0][k]), t[0], u[2 * pairs + 1]);
        else
            v = wv_mul(wv_set(w->power[0][k]), t[0]);
        OC_UNROLL for (int j = 1; j < pairs; j++) v = wv_fma(wv_set(w->power[j][k]), t[j], v);
        wv_store(out + k * s, v);
    }
}

/* The results of WV channels of one tile, without bias: rows of m pixels of WV floats. */
OC_INLINE void wino_tile_out(const int pairs, const float *u, ptrdiff_t u_q, float *out)
{
    const ptrdiff_t n = 2 * pairs + 2, m = 2 * pairs;
    float           mid[OC_WINO_IN_MAX * OC_WINO_OUT_MAX * WV] __attribute__((aligned(32)));
    wv              d[OC_WINO_IN_MAX];

    for (ptrdiff_t i = 0; i < n; i++) {
        OC_UNROLL for (ptrdiff_t j = 0; j < n; j++) d[j] = wv_load(u + (i * n + j) * u_q);
        wino_rows_out(pairs, d, mid + i * m * WV, WV);
    }
    for (ptrdiff_t j = 0; j < m; j++) {
        OC_UNROLL for (ptrdiff_t i = 0; i < n; i++) d[i] = wv_load(mid + (i * m + j) * WV);
        wino_rows_out(pairs, d, out + j * WV, m * WV);
    }
}

typedef void wino_out_fn(const float *u, ptrdiff_t u_q, float *out);

static void wino_out_2(const float *u, ptrdiff_t u_q, float *out)
{
    wino_tile_out(1, u, u_q, out);
}
static void wino_out_4(const float *u, ptrdiff_t u_q, float *out)
{
    wino_tile_out(2, u, u_q, out);
}
static void wino_out_6(const float *u, ptrdiff_t u_q, float *out)
{
    wino_tile_out(3, u, u_q, out);
}

static wino_out_fn *wino_out_of(unsigned m)
{
    return m == 2 ? wino_out_2 : m == 4 ? wino_out_4 : wino_out_6;
}

/* f32_wino_out.tmpl.h -- oc_k_f32_wino_out of the vocabulary that is included, for every size.
 *
 * Rows first into an array on the stack, then columns, activation and store; as in f32_wino_in.tmpl.h
 * longer vectors take neighbouring tiles. */
#include <stdbool.h>
#include <stddef.h>

#include "kernels/f32_wino_out.h"
#include "kernels/tmpl/act.tmpl.h"
#include "kernels/wino_points.h"

/* out[k * s] = row k of A^T times u, k < 2 pairs. */
OC_INLINE void wino_rows_out(const int pairs, const vf *u, float *out, ptrdiff_t s)
{
    const oc_wino_points *const w = &oc_wino_points_of[pairs - 1];
    vf                          sum[OC_WINO_PAIRS_MAX], dif[OC_WINO_PAIRS_MAX], first = u[0];

    OC_UNROLL for (int j = 0; j < pairs; j++)
    {
        sum[j] = vf_add(u[2 * j + 1], u[2 * j + 2]);
        dif[j] = vf_sub(u[2 * j + 1], u[2 * j + 2]);
        first = vf_add(first, sum[j]);
    }
    vf_store(out, first);
    OC_UNROLL for (int k = 1; k < 2 * pairs; k++)
    {
        const vf *t = k % 2 ? dif : sum;
        vf        v;
        if (k + 1 == 2 * pairs)
            v = vf_fma(vf_set(w->power[0][k]), t[0], u[2 * pairs + 1]);
        else
            v = vf_mul(vf_set(w->power[0][k]), t[0]);
        OC_UNROLL for (int j = 1; j < pairs; j++) v = vf_fma(vf_set(w->power[j][k]), t[j], v);
        vf_store(out + k * s, v);
    }
}

/* The results, without bias: rows of m pixels of VF floats. */
OC_INLINE void wino_tile_out(const int pairs, const float *u, ptrdiff_t u_q, float *out)
{
    const ptrdiff_t n = 2 * pairs + 2, m = 2 * pairs;
    float           mid[OC_WINO_IN_MAX * OC_WINO_OUT_MAX * VF] __attribute__((aligned(64)));
    vf              d[OC_WINO_IN_MAX];

    for (ptrdiff_t i = 0; i < n; i++) {
        OC_UNROLL for (ptrdiff_t j = 0; j < n; j++) d[j] = vf_load(u + (i * n + j) * u_q);
        wino_rows_out(pairs, d, mid + i * m * VF, VF);
    }
    for (ptrdiff_t j = 0; j < m; j++) {
        OC_UNROLL for (ptrdiff_t i = 0; i < n; i++) d[i] = vf_load(mid + (i * m + j) * VF);
        wino_rows_out(pairs, d, out + j * VF, m * VF);
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

/* One tile's results, of which every VF floats eight are its own, into their place. */
OC_INLINE void wino_finish(const oc_act_kind kind, const oc_wino_out *t, vf_mask mask, size_t at,
                           const float *from)
{
    const ptrdiff_t m = t->m, y = (ptrdiff_t)(at / t->tiles_w) * m;
    const ptrdiff_t x = (ptrdiff_t)(at % t->tiles_w) * m;
    const ptrdiff_t h = t->out_h - y < m ? t->out_h - y : m;
    const ptrdiff_t w = t->out_w - x < m ? t->out_w - x : m;
    const vf        bias = vf_load8(t->bias), a = vf_set(t->act.a), b = vf_set(t->act.b);

    for (ptrdiff_t i = 0; i < h; i++)
        for (ptrdiff_t j = 0; j < w; j += VF_PX) {
            const ptrdiff_t to = ((y + i) * t->out_w + x + j) * 8;
            const float    *u = from + (i * m + j) * VF;
            const bool      one = j + VF_PX > w;
            vf              v = vf_add(one ? vf_load_one(u) : vf_load_px(u, VF), bias);
            if (t->add)
                v = vf_add(v, one ? vf_load_one(t->add + to) : vf_load(t->add + to));
            v = vf_keep(mask, vf_act(kind, a, b, v));
            if (one)
                vf_store_one(t->y + to, v);
            else
                vf_store(t->y + to, v);
        }
}

OC_INLINE void wino_run_out(const oc_act_kind kind, const oc_wino_out *t)
{
    wino_out_fn *const tile = wino_out_of(t->m);
    const vf_mask      mask = vf_first8(t->lanes);
    float              out[OC_WINO_OUT_MAX * OC_WINO_OUT_MAX * VF] __attribute__((aligned(64)));

    for (size_t i = 0; i + VF_PX <= t->tiles; i += VF_PX) {
        tile(t->u + i * 8, t->u_q, out);
        for (size_t k = 0; k < VF_PX; k++)
            wino_finish(kind, t, mask, t->first + i + k, out + k * 8);
    }
}

static void wino_tiles(const oc_wino_out *t)
{
#define RUN(kind) wino_run_out(kind, t)
    switch (t->act.kind) {
        OC_ACT_SHORT_CASES(RUN);
        OC_ACT_LONG_CASES(RUN);
    }
#undef RUN
}

void OC_KERNEL(f32_wino_out)(const oc_wino_out *t)
{
    wino_tiles(t);
#if VF_PX > 1 /* an odd tile */
    if (t->tiles % VF_PX) {
        oc_wino_out last = *t;
        last.first += t->tiles - 1;
        last.u += (t->tiles - 1) * 8;
        last.tiles = 1;
        oc_k_f32_wino_out__avx2(&last);
    }
#endif
}

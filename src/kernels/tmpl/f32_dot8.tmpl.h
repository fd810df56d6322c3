/* f32_dot8.tmpl.h -- oc_k_f32_dot8 of the vocabulary that is included.
 *
 * Eight vectors of pixels by DOT_OUTS outputs at a time: a sum of several lanes for each, then added
 * across.  Before it stand
 *
 *   dot_sum                 such a sum, or VF_PX of them
 *   dot_zero(), dot_fma(sum, x, w)
 *   dot_across(sum[8])      float i: the sum of all lanes of pixel i */
#include <stdbool.h>

#include "kernels/f32_dot8.h"
#include "kernels/tmpl/act.tmpl.h"

#define DOT_PX (8 * VF_PX)

/* acc[k * 8 + i]: output o + k, pixels p + i * VF_PX on, of which `n` from p on are there. */
OC_INLINE void sums(const oc_dot8 *d, size_t o, const size_t outs, size_t p, const size_t n,
                    dot_sum acc[8 * DOT_OUTS])
{
    const size_t step = d->blocks * 8;
    const float *x = d->x + p * 8, *w = d->w + o * step;

    OC_UNROLL for (size_t i = 0; i < 8 * outs; i++) acc[i] = dot_zero();
    for (size_t b = 0; b < d->blocks; b++, x += d->x_blk, w += 8)
        OC_UNROLL for (size_t i = 0; i < 8; i++) if (i * VF_PX < n)
        {
            const bool one = (i + 1) * VF_PX > n;
            const vf   v = one ? vf_load_one(x + i * VF) : vf_load(x + i * VF);
            OC_UNROLL for (size_t k = 0; k < outs; k++) acc[k * 8 + i] =
                dot_fma(acc[k * 8 + i], v, vf_load8(w + k * step));
        }
}

/* One copy of all activations: what comes before has eight products for every block of channels. */
static __attribute__((noinline)) void act_on(const oc_act *act, vf *v)
{
    const vf a = vf_set(act->a), b = vf_set(act->b);

#define RUN(kind) *v = vf_act(kind, a, b, *v)
    switch (act->kind) {
        OC_ACT_SHORT_CASES(RUN);
        OC_ACT_LONG_CASES(RUN);
    }
#undef RUN
}

OC_INLINE void pixels(const oc_dot8 *d, size_t o, const size_t outs, size_t p, const size_t n)
{
    dot_sum acc[8 * DOT_OUTS];

    sums(d, o, outs, p, n, acc);
    OC_UNROLL for (size_t k = 0; k < outs; k++)
    {
        const vf bias = d->bias ? vf_load1(d->bias + o + k) : vf_zero();
        vf       v = vf_add(dot_across(acc + k * 8), bias);
        float   *y = d->y + (ptrdiff_t)(o + k) * d->y_plane + p;
        if (d->act.kind != OC_ACT_NONE)
            act_on(&d->act, &v);
        if (n == DOT_PX)
            vf_store(y, v);
        else
            vf_store_n(y, n, v);
    }
}

/* All outputs of pixels p .. p + n - 1. */
OC_INLINE void outputs(const oc_dot8 *d, size_t p, const size_t n)
{
    size_t o = 0;

    for (; o + DOT_OUTS <= d->oc; o += DOT_OUTS)
        pixels(d, o, DOT_OUTS, p, n);
    if (DOT_OUTS > 1 && o < d->oc)
        pixels(d, o, 1, p, n);
}

void OC_KERNEL(f32_dot8)(const oc_dot8 *d)
{
    size_t p = 0;

    for (; p + DOT_PX <= d->px; p += DOT_PX)
        outputs(d, p, DOT_PX);
    if (p < d->px)
        outputs(d, p, d->px - p);
}

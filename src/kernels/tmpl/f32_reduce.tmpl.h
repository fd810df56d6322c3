/* f32_reduce.tmpl.h -- oc_k_f32_reduce of the vocabulary that is included. */
#include "kernels/f32_reduce.h"
#include "kernels/tmpl/act.tmpl.h"

OC_INLINE vf step(oc_reduce_kind kind, vf a, vf v, vf c)
{
    switch (kind) {
    case OC_REDUCE_SUM: return vf_add(a, v);
    case OC_REDUCE_SUM_ABS: return vf_add(a, vf_abs(v));
    case OC_REDUCE_SUM_SQUARE: return vf_fma(v, v, a);
    case OC_REDUCE_SQUARE_DIFF: v = vf_sub(v, c); return vf_fma(v, v, a);
    case OC_REDUCE_EXP_DIFF: return vf_add(a, vf_exp(vf_sub(v, c)));
    case OC_REDUCE_MAX: return vf_max(a, v);
    case OC_REDUCE_MIN: return vf_min(a, v);
    default: return vf_mul(a, v);
    }
}

OC_INLINE vf join(oc_reduce_kind kind, vf a, vf b)
{
    if (kind == OC_REDUCE_MAX || kind == OC_REDUCE_MIN || kind == OC_REDUCE_PROD)
        return step(kind, a, b, b);
    return vf_add(a, b);
}

/* Four chains hide the latency of the additions. */
OC_INLINE void reduce(oc_reduce_kind kind, size_t n, const float *x, vf c, vf start, float *acc)
{
    vf     a0 = VF_PX == 1 ? vf_load_one(acc) : start, a1 = start, a2 = start, a3 = start;
    size_t i = 0;

    for (; i + 4 * VF <= n; i += 4 * VF) {
        a0 = step(kind, a0, vf_load(x + i), c);
        a1 = step(kind, a1, vf_load(x + i + VF), c);
        a2 = step(kind, a2, vf_load(x + i + 2 * VF), c);
        a3 = step(kind, a3, vf_load(x + i + 3 * VF), c);
    }
    for (; i + VF <= n; i += VF)
        a0 = step(kind, a0, vf_load(x + i), c);
    a0 = join(kind, join(kind, a0, a1), join(kind, a2, a3));
    if (i < n)
        a0 = vf_select(vf_upto(n - i), step(kind, a0, vf_load_n(x + i, n - i), c), a0);
    if (VF_PX == 2)
        a0 = join(kind, vf_load_one(acc), join(kind, a0, vf_other8(a0)));
    vf_store_one(acc, a0);
}

#define KIND(name) \
    case OC_REDUCE_##name: reduce(OC_REDUCE_##name, n, x, vc, vf_load8(start), acc); break

void OC_KERNEL(f32_reduce)(oc_reduce_kind kind, size_t n, const float *x, const float *c,
                           float *acc)
{
    const vf vc = c ? vf_load8(c) : vf_zero();
    float    start[8];

    oc_reduce_start(kind, start);
    switch (kind) {
        KIND(SUM);
        KIND(SUM_ABS);
        KIND(SUM_SQUARE);
        KIND(SQUARE_DIFF);
        KIND(EXP_DIFF);
        KIND(MAX);
        KIND(MIN);
        KIND(PROD);
    }
}

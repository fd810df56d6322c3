/* f32_softmax.tmpl.h -- oc_k_f32_softmax of the vocabulary that is included. */
#include "kernels/f32_reduce.h"
#include "kernels/f32_softmax.h"
#include "kernels/tmpl/act.tmpl.h"

void OC_KERNEL(f32_softmax)(size_t n, const float *x, float *y)
{
    float  acc[8];
    vf     top, sum = vf_zero(), scale;
    size_t i;

    oc_reduce_start(OC_REDUCE_MAX, acc);
    OC_KERNEL(f32_reduce)(OC_REDUCE_MAX, n, x, NULL, acc);
    top = vf_set(oc_reduce_fold(OC_REDUCE_MAX, acc));
    for (i = 0; i + VF <= n; i += VF) {
        const vf e = vf_exp(vf_sub(vf_load(x + i), top));

        sum = vf_add(sum, e);
        vf_store(y + i, e);
    }
    if (i < n) {
        const vf e = vf_exp(vf_sub(vf_load_n(x + i, n - i), top));

        sum = vf_add(sum, vf_keep(vf_upto(n - i), e));
        vf_store_n(y + i, n - i, e);
    }
    if (VF_PX == 2)
        sum = vf_add(sum, vf_other8(sum));
    vf_store_one(acc, sum);
    scale = vf_set(oc_reduce_fold(OC_REDUCE_SUM, acc));
    for (i = 0; i + VF <= n; i += VF)
        vf_store(y + i, vf_div(vf_load(y + i), scale));
    if (i < n)
        vf_store_n(y + i, n - i, vf_div(vf_load_n(y + i, n - i), scale));
}

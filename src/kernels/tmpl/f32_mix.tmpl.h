/* f32_mix.tmpl.h -- oc_k_f32_mix of the vocabulary that is included.
 *
 * Multiplied and added apart, not fused: the contract asks for the same bits everywhere. */
#include "kernels/f32_mix.h"

void OC_KERNEL(f32_mix)(size_t n, size_t n_rows, const float *const *x, const float *w, float *y)
{
    size_t i = 0;

    for (; i + 2 * VF <= n; i += 2 * VF) {
        vf wk = vf_load1(w), a = vf_mul(wk, vf_load(x[0] + i)),
           b = vf_mul(wk, vf_load(x[0] + i + VF));

        for (size_t k = 1; k < n_rows; k++) {
            wk = vf_load1(w + k);
            a = vf_add(a, vf_mul(wk, vf_load(x[k] + i)));
            b = vf_add(b, vf_mul(wk, vf_load(x[k] + i + VF)));
        }
        vf_store(y + i, a);
        vf_store(y + i + VF, b);
    }
    for (; i < n; i += VF) {
        const size_t some = n - i < VF ? n - i : VF;
        vf           a = vf_mul(vf_load1(w), vf_load_n(x[0] + i, some));

        for (size_t k = 1; k < n_rows; k++)
            a = vf_add(a, vf_mul(vf_load1(w + k), vf_load_n(x[k] + i, some)));
        vf_store_n(y + i, some, a);
    }
}

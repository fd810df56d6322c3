/* f32_quantize.tmpl.h -- oc_k_f32_quantize of the vocabulary that is included. */
#include "kernels/f32_quantize.h"

void OC_KERNEL(f32_quantize)(size_t n, const float *x, float scale, int32_t zero, bool is_signed,
                             void *y)
{
    const vf lo = vf_set((float)((is_signed ? -128 : 0) - zero));
    const vf hi = vf_set((float)((is_signed ? 127 : 255) - zero));
    const vf by = vf_set(scale);
    uint8_t *to = y;
    size_t   i = 0;

    for (; i + VF <= n; i += VF) {
        const vf v = vf_max_known(lo, vf_div(vf_load(x + i), by)); /* a NaN becomes lo */
        vf_to_bytes(to + i, vf_at_most(hi, v), zero, is_signed);
    }
    if (i < n)
        oc_k_f32_quantize__ref(n - i, x + i, scale, zero, is_signed, to + i);
}

/* x8_dequantize.tmpl.h -- oc_k_x8_dequantize of the vocabulary that is included. */
#include "kernels/x8_dequantize.h"

void OC_KERNEL(x8_dequantize)(size_t n, const void *x, float scale, int32_t zero, bool is_signed,
                              float *y)
{
    const vf       by = vf_set(scale), less = vf_set((float)zero);
    const uint8_t *from = x;
    size_t         i = 0;

    for (; i + VF <= n; i += VF)
        vf_store(y + i, vf_mul(vf_sub(vf_from_bytes(from + i, is_signed), less), by));
    if (i < n)
        oc_k_x8_dequantize__ref(n - i, from + i, scale, zero, is_signed, y + i);
}

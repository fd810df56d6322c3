/* x8_qmul.tmpl.h -- oc_k_x8_qmul of a vocabulary with eight floats in a vector. */
#include "kernels/x8_qmul.h"

void OC_KERNEL(x8_qmul)(size_t n, const oc_k_qmul *q, const void *a, const void *b, void *y)
{
    const vf       lo = vf_set((float)((q->is_signed ? -128 : 0) - q->y_zero));
    const vf       hi = vf_set((float)((q->is_signed ? 127 : 255) - q->y_zero));
    const vf       a_zero = vf_set((float)q->a_zero), b_zero = vf_set((float)q->b_zero);
    const vf       ratio = vf_set(q->ratio);
    const uint8_t *pa = a, *pb = b;
    uint8_t       *to = y;
    size_t         i = 0;

    for (; i + 8 <= n; i += 8) {
        const vf x = vf_sub(vf_from_bytes(pa + i, q->is_signed), a_zero);
        const vf w = vf_sub(vf_from_bytes(pb + (q->b_eight ? 0 : i), q->is_signed), b_zero);
        const vf v = vf_max_known(lo, vf_mul(vf_mul(x, w), ratio));
        vf_to_bytes(to + i, vf_at_most(hi, v), q->y_zero, q->is_signed);
    }
    if (i < n)
        oc_k_x8_qmul__ref(n - i, q, pa + i, pb + (q->b_eight ? 0 : i), to + i);
}

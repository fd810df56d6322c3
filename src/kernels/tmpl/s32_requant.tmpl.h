/* s32_requant.tmpl.h -- oc_k_s32_requant of the vocabulary that is included. */
#include "kernels/s32_requant.h"

void OC_KERNEL(s32_requant)(size_t n, const int32_t *acc, const oc_k_requant *q, void *y)
{
    const vf lo = vf_set((float)((q->is_signed ? -128 : 0) - q->zero));
    const vf hi = vf_set((float)((q->is_signed ? 127 : 255) - q->zero));
    vf       scale = vf_set(q->scale);
    uint8_t *to = y;
    size_t   i = 0;

    for (; i + VF <= n; i += VF) {
        if (q->scale_each)
            scale = vf_load(q->scale_each + i);
        const vf v = vf_max_known(lo, vf_mul(vf_from_ints(acc + i, q->bias), scale));
        vf_to_bytes(to + i, vf_at_most(hi, v), q->zero, q->is_signed); /* a NaN became lo */
    }
    if (i < n) {
        oc_k_requant rest = *q;
        rest.scale_each = q->scale_each ? q->scale_each + i : NULL;
        oc_k_s32_requant__ref(n - i, acc + i, &rest, to + i);
    }
}

/* x8_qadd.tmpl.h -- oc_k_x8_qadd of the vocabulary that is included. */
#include "kernels/x8_qadd.h"

static float first(const void *x, bool is_signed)
{
    return is_signed ? (float)*(const int8_t *)x : (float)*(const uint8_t *)x;
}

void OC_KERNEL(x8_qadd)(size_t n, const oc_k_qadd *q, const void *a, const void *b, void *y)
{
    const vf       ratio_a = vf_set(q->ratio_a), ratio_b = vf_set(q->ratio_b);
    const vf       lo = vf_set(q->is_signed ? -128.0f : 0.0f);
    const vf       hi = vf_set(q->is_signed ? 127.0f : 255.0f);
    const uint8_t *pa = a, *pb = b;
    uint8_t       *to = y;
    float          fixed = q->fixed;
    size_t         i = 0;

    if (q->a_one)
        fixed = fixed + first(a, q->is_signed) * q->ratio_a;
    if (q->b_one)
        fixed = fixed + first(b, q->is_signed) * q->ratio_b;
    for (; i + VF <= n; i += VF) {
        vf r = vf_set(fixed);
        if (!q->b_one)
            r = vf_fma(vf_from_bytes(pb + i, q->is_signed), ratio_b, r);
        if (!q->a_one)
            r = vf_fma(vf_from_bytes(pa + i, q->is_signed), ratio_a, r);
        r = vf_at_most(hi,
                       vf_max_known(lo, r)); /* beyond 2^31 the conversion would turn its sign */
        vf_to_bytes(to + i, r, 0, q->is_signed);
    }
    if (i < n)
        oc_k_x8_qadd__ref(n - i, q, pa + (q->a_one ? 0 : i), pb + (q->b_one ? 0 : i), to + i);
}

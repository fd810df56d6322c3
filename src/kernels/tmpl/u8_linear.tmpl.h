/* u8_linear.tmpl.h -- oc_k_u8_linear of the vocabulary that is included: eight pixels are three
 * vectors, in which the channels come round in three ways. */
#include "kernels/u8_linear.h"

_Static_assert(VF == 8, "three vectors of eight are eight pixels");

void OC_KERNEL(u8_linear)(size_t n, const uint8_t *x, const float a[3], const float b[3],
                          uint8_t *out)
{
    const vf lo = vf_set(0), hi = vf_set(255);
    float    ca[24], cb[24];
    size_t   i = 0;

    for (size_t k = 0; k < 24; k++) {
        ca[k] = a[k % 3];
        cb[k] = b[k % 3];
    }
    const vf a0 = vf_load(ca), a1 = vf_load(ca + 8), a2 = vf_load(ca + 16);
    const vf b0 = vf_load(cb), b1 = vf_load(cb + 8), b2 = vf_load(cb + 16);
    for (; i + 8 <= n; i += 8) {
        const uint8_t *p = x + 3 * i;
        uint8_t       *q = out + 3 * i;
        const vf       v0 = vf_fma(vf_from_bytes(p, false), a0, b0);
        const vf       v1 = vf_fma(vf_from_bytes(p + 8, false), a1, b1);
        const vf       v2 = vf_fma(vf_from_bytes(p + 16, false), a2, b2);
        vf_to_bytes(q, vf_at_most(hi, vf_at_least(lo, v0)), 0, false);
        vf_to_bytes(q + 8, vf_at_most(hi, vf_at_least(lo, v1)), 0, false);
        vf_to_bytes(q + 16, vf_at_most(hi, vf_at_least(lo, v2)), 0, false);
    }
    if (i < n)
        oc_k_u8_linear__ref(n - i, x + 3 * i, a, b, out + 3 * i);
}

#include "kernels/u8_bilinear.h"

#include <assert.h>

void oc_u8_taps_finish(oc_u8_taps *t)
{
    size_t whole = (t->n + 7) & ~(size_t)7;

    assert(t->n > 0 && t->n_src > 0);
    for (size_t i = t->n; i < whole; i++) { /* kernels work by eights */
        t->at[i] = t->at[t->n - 1];
        t->w[i] = 0;
    }
    t->grouped = true;
    for (size_t i = 0; i < whole; i++) {
        int16_t hi = (int16_t)(t->w[i] * 16384.0f + 0.5f);
        assert(t->at[i] >= 0 && (size_t)t->at[i] + (t->w[i] > 0) < t->n_src);
        t->pair[2 * i] = (int16_t)(16384 - hi);
        t->pair[2 * i + 1] = hi;
        t->group[i / 4] = t->at[i & ~(size_t)3];
        int32_t off = t->at[i] - t->group[i / 4];
        if (off < 0 || off > 6) {
            t->grouped = false;
            off = 0;
        }
        for (int k = 0; k < 4; k++)
            t->shuffle[4 * i + (size_t)k] = (uint8_t)(2 * off + k);
    }
}

oc_k_u8_bilinear_fn *oc_k_u8_bilinear(oc_isa have)
{
    oc_k_u8_bilinear_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_bilinear__##name;
#include "kernels/u8_bilinear.inc"
#undef OC_K
    return best;
}

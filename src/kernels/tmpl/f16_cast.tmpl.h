/* f16_cast.tmpl.h -- oc_k_f16_cast of the vocabulary that is included. */
#include "kernels/f16_cast.h"

static void widen(size_t n, const oc_half *x, float *y)
{
    size_t i = 0;

    for (; i + VF <= n; i += VF)
        vf_store(y + i, vf_from_halfs((const uint16_t *)x + i));
    if (i < n)
        oc_half_to_floats(n - i, x + i, y + i);
}

static void narrow(size_t n, const float *x, oc_half *y)
{
    size_t i = 0;

    for (; i + VF <= n; i += VF)
        vf_to_halfs((uint16_t *)y + i, vf_load(x + i));
    if (i < n)
        oc_half_from_floats(n - i, x + i, y + i);
}

const oc_k_f16_cast OC_KERNEL(f16_cast) = {widen, narrow};

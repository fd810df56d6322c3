#include "kernels/f32_mac.h"

oc_k_f32_mac_fn *oc_k_f32_mac(oc_isa have)
{
    oc_k_f32_mac_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_mac__##name;
#include "kernels/f32_mac.inc"
#undef OC_K
    return best;
}

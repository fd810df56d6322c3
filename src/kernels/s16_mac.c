#include "kernels/s16_mac.h"

oc_k_s16_mac_fn *oc_k_s16_mac(oc_isa have)
{
    oc_k_s16_mac_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_mac__##name;
#include "kernels/s16_mac.inc"
#undef OC_K
    return best;
}

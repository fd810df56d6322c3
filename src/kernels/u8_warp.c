#include "kernels/u8_warp.h"

oc_k_u8_warp_fn *oc_k_u8_warp(oc_isa have)
{
    oc_k_u8_warp_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_warp__##name;
#include "kernels/u8_warp.inc"
#undef OC_K
    return best;
}

#include "kernels/u8_lanes.h"

oc_k_u8_lanes_fn *oc_k_u8_lanes(oc_isa have)
{
    oc_k_u8_lanes_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_lanes__##name;
#include "kernels/u8_lanes.inc"
#undef OC_K
    return best;
}

#include "kernels/f32_lanes.h"

oc_k_f32_lanes_fn *oc_k_f32_lanes(oc_isa have)
{
    oc_k_f32_lanes_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_lanes__##name;
#include "kernels/f32_lanes.inc"
#undef OC_K
    return best;
}

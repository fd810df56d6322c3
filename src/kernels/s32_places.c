#include "kernels/s32_places.h"

oc_k_s32_places_fn *oc_k_s32_places(oc_isa have)
{
    oc_k_s32_places_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s32_places__##name;
#include "kernels/s32_places.inc"
#undef OC_K
    return best;
}

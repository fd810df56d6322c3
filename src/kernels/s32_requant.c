#include "kernels/s32_requant.h"

oc_k_s32_requant_fn *oc_k_s32_requant(oc_isa have)
{
    oc_k_s32_requant_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s32_requant__##name;
#include "kernels/s32_requant.inc"
#undef OC_K
    return best;
}

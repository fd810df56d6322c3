#include "kernels/s32_wino_out.h"

oc_k_s32_wino_out_fn *oc_k_s32_wino_out(oc_isa have)
{
    oc_k_s32_wino_out_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s32_wino_out__##name;
#include "kernels/s32_wino_out.inc"
#undef OC_K
    return best;
}

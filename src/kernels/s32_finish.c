#include "kernels/s32_finish.h"

oc_k_s32_finish_fn *oc_k_s32_finish(oc_isa have)
{
    oc_k_s32_finish_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s32_finish__##name;
#include "kernels/s32_finish.inc"
#undef OC_K
    return best;
}

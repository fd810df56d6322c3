#include "kernels/s16_widen.h"

oc_k_s16_widen_fn *oc_k_s16_widen(oc_isa have)
{
    oc_k_s16_widen_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_widen__##name;
#include "kernels/s16_widen.inc"
#undef OC_K
    return best;
}

#include "kernels/s16_wino_in.h"

oc_k_s16_wino_in_fn *oc_k_s16_wino_in(oc_isa have)
{
    oc_k_s16_wino_in_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_wino_in__##name;
#include "kernels/s16_wino_in.inc"
#undef OC_K
    return best;
}

#include "kernels/f16_cast.h"

const oc_k_f16_cast *oc_k_f16_cast_pick(oc_isa have)
{
    const oc_k_f16_cast *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = &oc_k_f16_cast__##name;
#include "kernels/f16_cast.inc"
#undef OC_K
    return best;
}

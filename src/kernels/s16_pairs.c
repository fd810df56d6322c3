#include "kernels/s16_pairs.h"

oc_k_s16_pairs_fn *oc_k_s16_pairs(oc_isa have)
{
    oc_k_s16_pairs_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_pairs__##name;
#include "kernels/s16_pairs.inc"
#undef OC_K
    return best;
}

#include "kernels/s16_pack.h"

oc_k_s16_pack_fn *oc_k_s16_pack(oc_isa have)
{
    oc_k_s16_pack_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_pack__##name;
#include "kernels/s16_pack.inc"
#undef OC_K
    return best;
}

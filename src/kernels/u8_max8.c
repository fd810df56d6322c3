#include "kernels/u8_max8.h"

oc_k_u8_max8_fn *oc_k_u8_max8(oc_isa have)
{
    oc_k_u8_max8_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_max8__##name;
#include "kernels/u8_max8.inc"
#undef OC_K
    return best;
}

#include "kernels/u8_nc8.h"

oc_k_u8_nc8_fn *oc_k_u8_nc8(oc_isa have)
{
    oc_k_u8_nc8_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_nc8__##name;
#include "kernels/u8_nc8.inc"
#undef OC_K
    return best;
}

#include "kernels/u8_sum8.h"

oc_k_u8_sum8_fn *oc_k_u8_sum8(oc_isa have)
{
    oc_k_u8_sum8_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_sum8__##name;
#include "kernels/u8_sum8.inc"
#undef OC_K
    return best;
}

#include "kernels/u8_hsv.h"

oc_k_u8_hsv_fn *oc_k_u8_hsv(oc_isa have)
{
    oc_k_u8_hsv_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_hsv__##name;
#include "kernels/u8_hsv.inc"
#undef OC_K
    return best;
}

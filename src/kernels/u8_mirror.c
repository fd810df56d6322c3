#include "kernels/u8_mirror.h"

oc_k_u8_mirror_fn *oc_k_u8_mirror(oc_isa have)
{
    oc_k_u8_mirror_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_mirror__##name;
#include "kernels/u8_mirror.inc"
#undef OC_K
    return best;
}

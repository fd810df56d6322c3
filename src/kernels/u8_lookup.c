#include "kernels/u8_lookup.h"

oc_k_u8_lookup_fn *oc_k_u8_lookup(oc_isa have)
{
    oc_k_u8_lookup_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_lookup__##name;
#include "kernels/u8_lookup.inc"
#undef OC_K
    return best;
}

#include "kernels/f32_pool8.h"

oc_k_f32_pool8_fn *oc_k_f32_pool8(oc_isa have)
{
    oc_k_f32_pool8_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_pool8__##name;
#include "kernels/f32_pool8.inc"
#undef OC_K
    return best;
}

#include "kernels/f32_dot8.h"

oc_k_f32_dot8_fn *oc_k_f32_dot8(oc_isa have)
{
    oc_k_f32_dot8_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_dot8__##name;
#include "kernels/f32_dot8.inc"
#undef OC_K
    return best;
}

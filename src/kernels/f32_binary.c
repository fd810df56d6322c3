#include "kernels/f32_binary.h"

oc_k_f32_binary_fn *oc_k_f32_binary(oc_isa have)
{
    oc_k_f32_binary_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_binary__##name;
#include "kernels/f32_binary.inc"
#undef OC_K
    return best;
}

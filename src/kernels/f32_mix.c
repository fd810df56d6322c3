#include "kernels/f32_mix.h"

oc_k_f32_mix_fn *oc_k_f32_mix(oc_isa have)
{
    oc_k_f32_mix_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_mix__##name;
#include "kernels/f32_mix.inc"
#undef OC_K
    return best;
}

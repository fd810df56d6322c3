#include "kernels/f32_taps.h"

oc_k_f32_taps_fn *oc_k_f32_taps(oc_isa have)
{
    oc_k_f32_taps_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_taps__##name;
#include "kernels/f32_taps.inc"
#undef OC_K
    return best;
}

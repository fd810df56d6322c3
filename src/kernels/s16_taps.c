#include "kernels/s16_taps.h"

oc_k_s16_taps_fn *oc_k_s16_taps(oc_isa have)
{
    oc_k_s16_taps_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_taps__##name;
#include "kernels/s16_taps.inc"
#undef OC_K
    return best;
}

#include "kernels/s16_dw.h"

oc_k_s16_dw_fn *oc_k_s16_dw(oc_isa have)
{
    oc_k_s16_dw_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_dw__##name;
#include "kernels/s16_dw.inc"
#undef OC_K
    return best;
}

#include "kernels/s16_dw8.h"

oc_k_s16_dw8_fn *oc_k_s16_dw8(oc_isa have)
{
    oc_k_s16_dw8_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_dw8__##name;
#include "kernels/s16_dw8.inc"
#undef OC_K
    return best;
}

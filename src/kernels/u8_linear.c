#include "kernels/u8_linear.h"

oc_k_u8_linear_fn *oc_k_u8_linear(oc_isa have)
{
    oc_k_u8_linear_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_linear__##name;
#include "kernels/u8_linear.inc"
#undef OC_K
    return best;
}

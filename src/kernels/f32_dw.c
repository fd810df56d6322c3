#include "kernels/f32_dw.h"

oc_k_f32_dw_fn *oc_k_f32_dw(oc_isa have)
{
    oc_k_f32_dw_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_dw__##name;
#include "kernels/f32_dw.inc"
#undef OC_K
    return best;
}

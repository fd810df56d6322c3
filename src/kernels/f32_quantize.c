#include "kernels/f32_quantize.h"

oc_k_f32_quantize_fn *oc_k_f32_quantize(oc_isa have)
{
    oc_k_f32_quantize_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_quantize__##name;
#include "kernels/f32_quantize.inc"
#undef OC_K
    return best;
}

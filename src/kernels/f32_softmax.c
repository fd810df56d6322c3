#include "kernels/f32_softmax.h"

oc_k_f32_softmax_fn *oc_k_f32_softmax(oc_isa have)
{
    oc_k_f32_softmax_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_softmax__##name;
#include "kernels/f32_softmax.inc"
#undef OC_K
    return best;
}

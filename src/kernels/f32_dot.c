#include "kernels/f32_dot.h"

oc_k_f32_dot_fn *oc_k_f32_dot(oc_isa have)
{
    oc_k_f32_dot_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_dot__##name;
#include "kernels/f32_dot.inc"
#undef OC_K
    return best;
}

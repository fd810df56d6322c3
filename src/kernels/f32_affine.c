#include "kernels/f32_affine.h"

oc_k_f32_affine_fn *oc_k_f32_affine(oc_isa have)
{
    oc_k_f32_affine_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_affine__##name;
#include "kernels/f32_affine.inc"
#undef OC_K
    return best;
}

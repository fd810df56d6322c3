#include "kernels/x8_qadd.h"

oc_k_x8_qadd_fn *oc_k_x8_qadd(oc_isa have)
{
    oc_k_x8_qadd_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_x8_qadd__##name;
#include "kernels/x8_qadd.inc"
#undef OC_K
    return best;
}

#include "kernels/x8_qmul.h"

oc_k_x8_qmul_fn *oc_k_x8_qmul(oc_isa have)
{
    oc_k_x8_qmul_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_x8_qmul__##name;
#include "kernels/x8_qmul.inc"
#undef OC_K
    return best;
}

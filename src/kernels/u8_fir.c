#include "kernels/u8_fir.h"

oc_k_u8_fir_fn *oc_k_u8_fir(oc_isa have)
{
    oc_k_u8_fir_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_fir__##name;
#include "kernels/u8_fir.inc"
#undef OC_K
    return best;
}

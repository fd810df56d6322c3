#include "kernels/x8_dequantize.h"

oc_k_x8_dequantize_fn *oc_k_x8_dequantize(oc_isa have)
{
    oc_k_x8_dequantize_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_x8_dequantize__##name;
#include "kernels/x8_dequantize.inc"
#undef OC_K
    return best;
}

#include "kernels/s16_gemm_4x16.h"

oc_k_s16_gemm_4x16_fn *oc_k_s16_gemm_4x16(oc_isa have)
{
    oc_k_s16_gemm_4x16_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_s16_gemm_4x16__##name;
#include "kernels/s16_gemm_4x16.inc"
#undef OC_K
    return best;
}

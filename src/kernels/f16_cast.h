/* f16_cast: n binary16 numbers to floats and back.
 *
 *   widen   exact
 *   narrow  nearest, ties to even; overflow gives infinity
 *   NaN     stays NaN, quiet, with the top of its payload
 *   reads and writes stay inside [0, n); no alignment; no overlap */
#ifndef OC_KERNELS_F16_CAST_H
#define OC_KERNELS_F16_CAST_H

#include "core/cpu.h"
#include "tensor/half.h"

typedef struct oc_k_f16_cast {
    void (*widen)(size_t n, const oc_half *x, float *y);
    void (*narrow)(size_t n, const float *x, oc_half *y);
} oc_k_f16_cast;

#define OC_K(name, isa) extern const oc_k_f16_cast oc_k_f16_cast__##name;
#include "kernels/f16_cast.inc"
#undef OC_K

const oc_k_f16_cast *oc_k_f16_cast_pick(oc_isa have);

#endif

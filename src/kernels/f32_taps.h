/* f32_taps: points of a row interpolated, y[i][l] = sum over t of w[i][t] * x[index[i][t]][l].
 *
 *   n       points, >= 1
 *   lanes   floats of a point, >= 1: 8 in blocked tensors, 1 in plain pictures
 *   taps    per point, >= 1; index and w are [n][taps]
 *   x, y    no alignment, no overlap
 *   every variant multiplies and adds separately, in the order of t: same to the last bit */
#ifndef OC_KERNELS_F32_TAPS_H
#define OC_KERNELS_F32_TAPS_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_k_taps {
    size_t         n, lanes, taps;
    const int32_t *index;
    const float   *w;
} oc_k_taps;

typedef void oc_k_f32_taps_fn(const oc_k_taps *t, const float *x, float *y);

#define OC_K(name, isa) oc_k_f32_taps_fn oc_k_f32_taps__##name;
#include "kernels/f32_taps.inc"
#undef OC_K

oc_k_f32_taps_fn *oc_k_f32_taps(oc_isa have);

#endif

/* f32_affine: y[i] = (x[i] - m) * a + b for i in [0, n): what normalizations end with.
 *
 *   n        floats, any number
 *   x, y     n floats, no alignment; y == x is fine
 *   m, a, b  all three as `is` says: ONE float each, 8 LANES each, or FULL n each */
#ifndef OC_KERNELS_F32_AFFINE_H
#define OC_KERNELS_F32_AFFINE_H

#include "kernels/f32_binary.h" /* oc_operand */

typedef struct oc_f32_affine {
    size_t       n;
    oc_operand   is; /* not EACH8 */
    const float *x, *m, *a, *b;
    float       *y;
} oc_f32_affine;

typedef void oc_k_f32_affine_fn(const oc_f32_affine *work);

#define OC_K(name, isa) oc_k_f32_affine_fn oc_k_f32_affine__##name;
#include "kernels/f32_affine.inc"
#undef OC_K

oc_k_f32_affine_fn *oc_k_f32_affine(oc_isa have);

#endif

/* f32_unary: y[i] = op(x[i]) for i in [0, n), op->kind below OC_UNARY_FLOATS.
 *
 *   n     elements, any number; each kernel handles its own tail
 *   x, y  n floats, no alignment; y == x is fine, partial overlap is not
 *   NaN   stays NaN, except: THRESHOLD keeps it, SHRINK gives 0
 *   reads and writes stay inside [0, n) */
#ifndef OC_KERNELS_F32_UNARY_H
#define OC_KERNELS_F32_UNARY_H

#include "core/cpu.h"
#include "kernels/unary.h"
#include "tensor/act.h"

typedef void oc_k_f32_unary_fn(const oc_unary *op, size_t n, const float *x, float *y);

#define OC_K(name, isa) oc_k_f32_unary_fn oc_k_f32_unary__##name;
#include "kernels/f32_unary.inc"
#undef OC_K

oc_k_f32_unary_fn *oc_k_f32_unary(oc_isa have);

/* The kind that computes an activation, and back: OC_ACT_NONE when kernels cannot fuse it. */
oc_unary    oc_unary_of_act(oc_act act);
oc_act_kind oc_unary_act_kind(oc_unary_kind kind);

#endif

/* qparam.h -- scales and zero points of quantised operators. */
#ifndef OC_OPS_QPARAM_H
#define OC_OPS_QPARAM_H

#include "ops/args.h"

/* A byte type, u8 or i8? */
bool oc_is_byte(oc_dtype dtype);

/* Element i of a tensor of integers (u8, i8, i32), 0 for data NULL. */
int32_t oc_zero_at(oc_dtype dtype, const void *data, size_t i);

/* A constant scale (f32, > 0, finite) and zero point (of type `dtype`; left out: 0), one or `n` of
 * each.  OC_DYNAMIC when computed at run time. */
typedef struct oc_qparam {
    const float *scale;
    const void  *zero; /* NULL: 0 */
    size_t       n_scale, n_zero;
    oc_dtype     dtype;
} oc_qparam;
OC_MUST_CHECK oc_status oc_qparam_read(const oc_args *a, uint32_t i_scale, uint32_t i_zero,
                                       oc_dtype dtype, size_t n, const char *what, oc_qparam *out,
                                       oc_error *err);
/* Only the zero point, as ConvInteger and MatMulInteger have it. */
OC_MUST_CHECK oc_status oc_qzero_read(const oc_args *a, uint32_t i_zero, oc_dtype dtype, size_t n,
                                      const char *what, oc_qparam *out, oc_error *err);

/* For infer: OC_DYNAMIC when one of these inputs (bit i: input i) is there and not constant. */
OC_MUST_CHECK oc_status oc_qparams_constant(const oc_infer *ask, uint64_t inputs, oc_error *err);

static inline float oc_qparam_scale(const oc_qparam *q, size_t i)
{
    return q->scale[q->n_scale > 1 ? i : 0];
}

static inline int32_t oc_qparam_zero(const oc_qparam *q, size_t i)
{
    return oc_zero_at(q->dtype, q->zero, q->n_zero > 1 ? i : 0);
}

#endif

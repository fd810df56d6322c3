/* blocked.h -- elementwise work on NC8 values: operands smaller than the result, padding lanes.
 *
 * Work is counted in vectors of 8 lanes: [N][C/8][H][W] of them, in memory order. */
#ifndef OC_OPS_BLOCKED_H
#define OC_OPS_BLOCKED_H

#include "kernels/f32_binary.h"
#include "kernels/f32_unary.h"
#include "ops/op.h"

typedef struct oc_blocked {
    size_t n, c, blocks, pixels; /* blocks of 8 channels, pixels H * W */
} oc_blocked;

oc_blocked           oc_blocked_of(const oc_shape *shape); /* rank 4 */
static inline size_t oc_blocked_vectors(const oc_blocked *g)
{
    return g->n * g->blocks * g->pixels;
}

/* How an operand of an elementwise operator lies against a blocked result. */
typedef enum oc_blocked_kind {
    OC_BLOCKED_FULL,     /* NC8, a float per result */
    OC_BLOCKED_CHANNEL,  /* NC8 [n,C,1,1] */
    OC_BLOCKED_CHANNELS, /* plain, C floats: ranks below 4 have no blocked form */
    OC_BLOCKED_PIXEL,    /* plain [n,1,H,W] */
    OC_BLOCKED_ONE,      /* plain, one float per picture or for all */
} oc_blocked_kind;

typedef struct oc_blocked_operand {
    oc_blocked_kind kind;
    size_t          batch_step; /* floats from picture to picture, 0 when they share */
} oc_blocked_operand;

/* False when the operand has another shape than those; the operator then runs plain. */
bool               oc_blocked_operand_of(const oc_shape *operand, const oc_shape *result,
                                         oc_blocked_operand *out);
static inline bool oc_blocked_is_nc8(const oc_blocked_operand *operand)
{
    return operand->kind <= OC_BLOCKED_CHANNEL;
}

/* y = a op b on the vectors of `part`.  Padding lanes get whatever comes of zeros and the operand. */
void oc_blocked_binary(oc_k_f32_binary_fn *kernel, oc_binary_kind kind, const oc_blocked *g,
                       const oc_blocked_operand operand[2], const float *const src[2], float *y,
                       oc_range part);

/* Zeroes the lanes beyond C among the vectors of `part`. */
void oc_blocked_zero_padding(const oc_blocked *g, float *y, oc_range part);

#endif

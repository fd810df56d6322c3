/* args.h -- what infer, layout and prepare read of a node alike: constants, axes, shapes. */
#ifndef OC_OPS_ARGS_H
#define OC_OPS_ARGS_H

#include "ops/op.h"

#define OC_ARGS_MAX 10

/* The first inputs of a node, whichever function asks.  data is NULL for what is not constant. */
typedef struct oc_args {
    const oc_node        *node;
    uint32_t              n_in;
    const oc_tensor_info *in[OC_ARGS_MAX];
    const void           *data[OC_ARGS_MAX];
} oc_args;

oc_args oc_args_of_infer(const oc_infer *ask);
oc_args oc_args_of_prepare(const oc_prepare *p);
oc_args oc_args_of_layout(const oc_layout_ask *ask);

/* Is input i there? */
bool oc_args_has(const oc_args *a, uint32_t i);

/* The integers of a constant input (i32 or i64, rank 0 or 1, at most max of them).  OC_UNSUPPORTED
 * when it is not constant; `what` names it in the message ("axes"). */
OC_MUST_CHECK oc_status oc_args_ints(const oc_args *a, uint32_t i, const char *what, int64_t *out,
                                     size_t max, size_t *n, oc_error *err);
OC_MUST_CHECK oc_status oc_args_int(const oc_args *a, uint32_t i, const char *what, int64_t *out,
                                    oc_error *err);

/* An axis in [-rank, rank) becomes one in [0, rank). */
OC_MUST_CHECK oc_status oc_axis(int64_t axis, uint32_t rank, uint32_t *out, oc_error *err);

/* Every dimension known (infer needs that for nearly all). */
OC_MUST_CHECK oc_status oc_shape_known(const oc_tensor_info *info, const char *what, oc_error *err);

/* Elements of a known shape; product of dim[from..to). */
size_t oc_elements(const oc_tensor_info *info);
size_t oc_dims_product(const oc_shape *shape, uint32_t from, uint32_t to);

/* Bytes from element to element along each axis, in a plain layout. */
void oc_strides(const oc_shape *shape, size_t elem, ptrdiff_t *stride);

/* Input or output i as NC8: f32 (u8 where the operator says OC_OP_NC8_BYTES) of rank 4. */
bool oc_can_block(const oc_tensor_info *info);
/* May layout() be asked?  Blocked floats every one of them knows, blocked bytes only those that say so.
 * slots: inputs and outputs, n of them. */
bool oc_layout_knows(const oc_op *op, const oc_slot *slots, uint32_t n);

#endif

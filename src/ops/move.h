/* move.h -- operators that only carry elements from one place to another.
 *
 * Such an operator is a list of strided copies made in prepare; one run function serves all.  A
 * copy names an input and an output, and a nest of loops with a stride on each side. */
#ifndef OC_OPS_MOVE_H
#define OC_OPS_MOVE_H

#include "kernels/x_move.h"
#include "ops/op.h"

#define OC_MOVE_DIMS (2 * OC_RANK_MAX + 2)

typedef struct oc_move {
    uint32_t    in, out;        /* of the node */
    const void *constant;       /* read this instead of the input; lives in the prepare arena */
    ptrdiff_t   src_at, dst_at; /* bytes from the start to the first element */
    size_t      elem;
    uint32_t    rank;
    size_t      dim[OC_MOVE_DIMS]; /* outermost first */
    ptrdiff_t   src[OC_MOVE_DIMS], dst[OC_MOVE_DIMS];
    oc_k_tile   tile; /* made by oc_moves_finish from here on */
    size_t      row_step, col_step, n_row, n_col;
    size_t      end; /* units of this and all moves before it */
} oc_move;

typedef struct oc_moves {
    oc_move        *items;
    size_t          n, cap;
    oc_k_x_move_fn *kernel;
} oc_moves;

/* Room for `cap` moves.  OC_NOMEM. */
OC_MUST_CHECK oc_status oc_moves_init(oc_moves *list, const oc_prepare *p, size_t cap,
                                      oc_error *err);
/* The next move, of whole elements of `elem` bytes and no loops yet. */
oc_move *oc_moves_add(oc_moves *list, uint32_t in, uint32_t out, size_t elem);
/* Adds a loop inside the present ones; strides in bytes. */
void oc_move_loop(oc_move *move, size_t n, ptrdiff_t src, ptrdiff_t dst);
/* Simplifies, cuts into units, and tells p->work. */
void oc_moves_finish(oc_moves *list, const oc_prepare *p);

/* oc_op.run for operators whose state begins with an oc_moves. */
void oc_moves_run(const oc_op_run *r);

/* The whole of input 0 into output 0 (both plain, the same bytes), for views. */
OC_MUST_CHECK oc_status oc_moves_prepare_copy(const oc_prepare *p, oc_error *err);

#endif

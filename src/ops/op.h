/* op.h -- what an operator is: a row of functions that infer shapes, prepare once, run often.
 *
 * infer and prepare may fail, with a message about the node's fault; run cannot.  One operator (or a
 * family that shares its whole body) is one file, src/ops/<name>.c, and a line in list.inc. */
#ifndef OC_OPS_OP_H
#define OC_OPS_OP_H

#include "core/arena.h"
#include "core/cpu.h"
#include "core/pool.h"
#include "ir/graph.h"

#define OC_OP_PHASES_MAX 4
#define OC_OP_MANY 0xff /* n_in_max, n_out_max: any number */

/* What infer sees.  in[i].dtype is OC_DTYPE_NONE for an input left out.  in_data[i] is the contents
 * of a constant input (plain layout), else NULL: an operator whose output shape depends on an input
 * that is not constant answers OC_DYNAMIC and says so: the node then runs
 * with what depends on it once its inputs are there. */
typedef struct oc_infer {
    const oc_node        *node;
    const oc_tensor_info *in;
    const void *const    *in_data;
    uint32_t              n_in, n_out;
    oc_tensor_info       *out; /* to fill */
    oc_arena             *mem; /* for the time of this call; NULL: there is none */
} oc_infer;

/* How the work of one run is cut.  Phases follow each other (barriers); inside a phase ranges of
 * [0, units) run in any order on any thread.  A range of `grain` units is worth about 20-200 us. */
typedef struct oc_work {
    uint32_t n_phases; /* 0 is taken for 1 */
    struct {
        size_t units, grain;
    } phase[OC_OP_PHASES_MAX];
    size_t                  scratch_bytes; /* per worker */
    double                  flops;         /* of one run; 0 = not worth telling */
    const struct oc_choice *choice;        /* among several kernels: choice.h; NULL: there is one */
} oc_work;

/* One input or output as prepare sees it. */
typedef struct oc_slot {
    oc_tensor_info info;
    oc_layout      layout;
    const void    *data; /* constant contents in `layout`, else NULL */
} oc_slot;

typedef struct oc_prepare {
    const oc_node        *node;
    const oc_slot        *in, *out;
    uint32_t              n_in, n_out;
    oc_isa                isa;    /* kernels may use these */
    oc_arena             *mem;    /* tables: lives as long as the program */
    struct oc_packed     *packed; /* packed weights, see packed.h; NULL: they lie in mem */
    void                 *state;  /* op->state_size bytes, zeroed */
    oc_work              *work;   /* to fill; zeroed */
    const struct oc_tune *tune;   /* kernels measured to be the quickest, or NULL: choice.h */
    bool                  lean;   /* memory is short: no weights that packing makes much larger */
} oc_prepare;

typedef struct oc_op_run {
    const void           *state;
    const oc_tensor_view *in, *out; /* data NULL where left out; shapes are the logical ones */
    uint32_t              n_in, n_out;
    uint32_t              phase;
    oc_range              part;
    void                 *scratch; /* work.scratch_bytes, 64-byte aligned, this worker's own */
} oc_op_run;

/* The layout pass asks: given which inputs lie blocked (NC8) already, how would you have inputs and
 * outputs?  in_blocked/want_in/want_out have one bool per input/output (at most OC_OP_ASK_MAX).  The
 * answer false means "plain everything". */
#define OC_OP_ASK_MAX 64
typedef struct oc_layout_ask {
    const oc_node *node;
    const oc_slot *in, *out; /* shapes, constants; layouts of inputs as they are now */
    uint32_t       n_in, n_out;
    bool           want_in[OC_OP_ASK_MAX], want_out[OC_OP_ASK_MAX]; /* to fill; zeroed */
} oc_layout_ask;

/* Properties, or-ed. */
#define OC_OP_SHAPE_ONLY (1u << 0) /* the result depends on input shapes only (Shape, Size) */
#define OC_OP_VIEW (1u << 1)      /* output 0 is input 0's bytes under another shape (plain only) */
#define OC_OP_IN_PLACE (1u << 2)  /* output 0 may share input 0's memory when sizes agree */
#define OC_OP_ACT (1u << 3)       /* honours node->act */
#define OC_OP_ADD (1u << 4)       /* honours node->add (same shape and layout as the output) */
#define OC_OP_FLOW (1u << 6)      /* runs graphs or handles sequences: the backend does it itself */
#define OC_OP_NC8_BYTES (1u << 7) /* its layout() knows blocked bytes (u8), too */
#define OC_OP_IN_PLACE_1 (1u << 5) /* output 0 may share input 1's memory when sizes agree */

typedef struct oc_op {
    const char *name;   /* ONNX op_type */
    const char *domain; /* "" ONNX, "com.microsoft", "ocellus" for what passes make */
    uint8_t     n_in_min, n_in_max, n_out_min, n_out_max;
    uint32_t    flags;
    size_t      state_size;
    oc_status (*infer)(const oc_infer *ask, oc_error *err);
    bool (*layout)(oc_layout_ask *ask); /* NULL: plain only */
    oc_status (*prepare)(const oc_prepare *p, oc_error *err);
    void (*run)(const oc_op_run *r);
} oc_op;

/* NULL when there is no such operator.  domain "ai.onnx" counts as "". */
const oc_op *oc_op_find(const char *domain, const char *op_type);
/* The i-th row of the list, NULL at its end (for documentation and tests). */
const oc_op *oc_op_at(size_t i);

#endif

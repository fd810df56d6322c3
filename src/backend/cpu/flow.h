/* flow.h -- running a graph node by node, when shapes or the path are known only as it runs.
 *
 * Used for what If, Loop and Scan hold, for sequences, and for what depends on operators whose
 * output size the data decide.  Every graph keeps what its nodes prepared as long as shapes stay the
 * same, and results live in blocks that are used again: after some runs nothing is allocated. */
#ifndef OC_BACKEND_CPU_FLOW_H
#define OC_BACKEND_CPU_FLOW_H

#include "core/arena.h"
#include "core/pool.h"
#include "ir/graph.h"
#include "ops/op.h"

/* Memory of one value, shared by those who hold it. */
typedef struct flow_block {
    struct flow_block *next; /* while free */
    size_t             bytes;
    unsigned           refs;
    bool               kept; /* set aside for values of a bound: handed out by its size alone */
    void              *data;
} flow_block;

typedef struct flow_list flow_list;

/* A value as it runs: a tensor, a sequence, or nothing (an optional without an element). */
typedef struct flow_cell {
    oc_tensor_view view;  /* data NULL: no tensor */
    flow_block    *block; /* NULL: somebody else's memory */
    flow_list     *list;  /* a sequence */
    bool           fixed; /* the same contents in every run */
    bool           told;  /* in a rehearsal: it holds the largest numbers it can */
} flow_cell;

struct flow_list { /* never changed once somebody else holds it */
    unsigned   refs;
    size_t     n, cap;
    flow_cell *item;
};

/* What all graphs of one program share. */
typedef struct flow_world {
    oc_pool            *pool;
    unsigned            cores;
    oc_isa              isa;
    flow_block         *free;             /* for what has no bound: the best fit */
    flow_block         *kept;             /* for what has one */
    uint64_t            bytes, bytes_max; /* of all blocks; bytes_max 0: no limit */
    void               *scratch;          /* per worker of the pool, scratch_bytes each */
    size_t              scratch_bytes;
    const volatile int *cancel;
} flow_world;

typedef struct flow_graph flow_graph;

void flow_world_finish(flow_world *world);

/* `graph` lives as long as the result; a plain constant input of it may be prepared once. */
OC_MUST_CHECK oc_status flow_graph_create(flow_world *world, const oc_graph *graph,
                                          flow_graph **out, oc_error *err);
void                    flow_graph_destroy(flow_graph *graph);

/* Takes all memory that a run can need, as far as values have bounds: the largest shapes go the way a
 * run goes, through both branches of an If and two turns of a loop, and nodes are prepared for them.
 * in, out: as in flow_graph_run; what is in the cells means nothing. */
OC_MUST_CHECK oc_status flow_graph_rehearse(flow_graph *graph, const flow_cell *in, flow_cell *out,
                                            oc_error *err);

/* in: one cell per input, borrowed.  out: one per output of the graph, for flow_cell_drop. */
OC_MUST_CHECK oc_status flow_graph_run(flow_graph *graph, const flow_cell *in, flow_cell *out,
                                       oc_error *err);

/* ---- cells ---- */

flow_cell flow_cell_keep(const flow_cell *cell); /* one more holder */
void      flow_cell_drop(flow_world *world, flow_cell *cell);
/* Memory for that type and shape; most: the bound of the value, NULL: none. */
OC_MUST_CHECK oc_status flow_cell_make(flow_world *world, const oc_tensor_info *info,
                                       const oc_most *most, flow_cell *out, oc_error *err);
/* As large as it can become. */
OC_MUST_CHECK oc_status flow_cell_reserve(flow_world *world, const oc_most *most, flow_cell *out,
                                          oc_error *err);
OC_MUST_CHECK oc_status flow_cell_scalar(flow_world *world, oc_dtype dtype, int64_t value,
                                         flow_cell *out, oc_error *err);
/* An empty sequence; one more element at its end (kept). */
OC_MUST_CHECK oc_status flow_list_make(flow_cell *out, oc_error *err);
OC_MUST_CHECK oc_status flow_list_add(flow_cell *list, const flow_cell *item, oc_error *err);

/* One element of i32, i64 or bool. */
OC_MUST_CHECK oc_status flow_cell_int(const flow_cell *cell, const char *what, int64_t *out,
                                      oc_error *err);

/* `n` of an axis from `at` on; without keep_axis the axis goes (n is 1). */
OC_MUST_CHECK oc_status flow_slice(flow_world *world, const flow_cell *from, uint32_t axis,
                                   int64_t at, int64_t n, bool keep_axis, const oc_most *most,
                                   flow_cell *out, oc_error *err);
/* n equal pieces along a new or an existing axis. */
OC_MUST_CHECK oc_status flow_join(flow_world *world, const flow_cell *items, size_t n,
                                  uint32_t axis, bool new_axis, flow_cell *out, oc_error *err);

/* ---- one node ---- */

/* What Loop and Scan keep from run to run. */
typedef struct flow_turns flow_turns;
OC_MUST_CHECK oc_status   flow_turns_create(oc_arena *mem, flow_graph *body, flow_turns **out,
                                            oc_error *err);

/* What control flow and sequences see of the node they run. */
typedef struct flow_ask {
    flow_world      *world;
    const oc_graph  *graph; /* of the node */
    const oc_node   *node;
    flow_graph     **bodies; /* per attribute: NULL where it is no graph */
    flow_turns      *turns;  /* Loop, Scan */
    const flow_cell *in;     /* data and list NULL where left out */
    flow_cell       *out;    /* to fill */
} flow_ask;

OC_MUST_CHECK oc_status flow_run_if(const flow_ask *ask, oc_error *err);
OC_MUST_CHECK oc_status flow_run_loop(const flow_ask *ask, oc_error *err);
OC_MUST_CHECK oc_status flow_run_scan(const flow_ask *ask, oc_error *err);
OC_MUST_CHECK oc_status flow_run_list(const flow_ask *ask,
                                      oc_error       *err); /* sequences, optionals */
OC_MUST_CHECK oc_status flow_rehearse_if(const flow_ask *ask, oc_error *err);
OC_MUST_CHECK oc_status flow_rehearse_turns(const flow_ask *ask, oc_error *err); /* Loop, Scan */

/* The bound of output i of the node; NULL: none. */
const oc_most *flow_most(const flow_ask *ask, uint32_t i);

/* What the graph of a body declares of an output: element type and shape where open is 0. */
const oc_graph *flow_graph_peek(const flow_graph *graph);

#endif

/* program.h -- a network made ready for the CPU: steps in order, over one block of memory. */
#ifndef OC_BACKEND_CPU_PROGRAM_H
#define OC_BACKEND_CPU_PROGRAM_H

#include "core/arena.h"
#include "core/pool.h"
#include "ir/subgraph.h"
#include "ops/packed.h"

/* Where a value lies. */
typedef enum cpu_home {
    CPU_HOME_NONE,   /* left out */
    CPU_HOME_CONST,  /* in the graph */
    CPU_HOME_ARENA,  /* workspace + offset */
    CPU_HOME_INPUT,  /* in[index] + offset */
    CPU_HOME_OUTPUT, /* out[index] + offset */
} cpu_home;

typedef struct cpu_place {
    cpu_home home;
    uint32_t index;
    size_t   offset;
} cpu_place;

typedef struct cpu_step {
    const oc_op    *op;
    const oc_node  *node; /* of the subgraph: for names */
    void           *state;
    oc_tensor_view *in, *out;
    uint32_t        n_in, n_out;
    oc_work         work;
    oc_packed       packed;
    double          unit_ns[OC_OP_PHASES_MAX]; /* as oc_pool_run_paced keeps it */
} cpu_step;

/* A view whose address is known only when the program runs. */
typedef struct cpu_patch {
    oc_tensor_view *view;
    cpu_place       place;
} cpu_patch;

struct oc_program {
    oc_arena          mem;     /* everything below */
    oc_arena         *prepare; /* one a thread that packs: states, tables, small packed weights */
    unsigned          n_prepare;
    oc_pool          *pool;
    unsigned          cores_max;
    cpu_step         *steps;
    cpu_patch        *patches; /* arena first, then inputs and outputs */
    cpu_patch        *copies;  /* outputs that are inputs or constants: view is the source */
    size_t            n_steps, n_arena, n_patches, n_copies;
    size_t            arena_bytes, scratch_bytes; /* scratch: per worker */
    void             *bound;                      /* workspace the arena patches were made for */
    struct cpu_flows *flows;                      /* of steps with a graph inside; NULL: none */
};

/* Steps that run a graph node by node (flow.h): made after all others, run in their turn.  out: of
 * the program. */
OC_MUST_CHECK oc_status cpu_flows_build(oc_program *program, const oc_graph *graph, oc_isa isa,
                                        uint64_t bytes_max, oc_error *err);
OC_MUST_CHECK oc_status cpu_flows_run(oc_program *program, size_t step, const oc_run *run,
                                      oc_tensor_view *out, oc_error *err);
uint64_t                cpu_flows_bytes(const oc_program *program); /* set aside for values */
void                    cpu_flows_drop(oc_program *program);

/* Fills places[value id] for every value; elided[node] is set for nodes that need not run. */
typedef struct cpu_layout {
    cpu_place     *places;
    unsigned char *elided;
    size_t         arena_bytes;
} cpu_layout;
OC_MUST_CHECK oc_status cpu_place_values(const oc_graph *graph, cpu_layout *out, oc_error *err);
void                    cpu_layout_finish(cpu_layout *layout);

OC_MUST_CHECK oc_status cpu_compile(const oc_subgraph *sg, const oc_compile_options *options,
                                    oc_program **out, oc_program_info *info, oc_error *err);
OC_MUST_CHECK oc_status cpu_run(oc_program *program, const oc_run *run, const oc_tensor_view *in,
                                oc_tensor_view *out, oc_error *err);
void                    cpu_drop(oc_program *program);

#endif

/* pass.h -- graph passes: each rewrites the graph and keeps its meaning.
 *
 * A pass is one file and a line in list.inc, which is also the order they run in. */
#ifndef OC_PASSES_PASS_H
#define OC_PASSES_PASS_H

#include "core/cpu.h"
#include "ir/graph.h"
#include "ops/op.h"

typedef struct oc_pass_options {
    oc_isa isa;
    bool   minimal;       /* only what running needs: no fusion, no layout */
    bool   allow_dynamic; /* values whose size the data decide may be without a bound */
} oc_pass_options;

typedef oc_status oc_pass_fn(oc_graph *graph, const oc_pass_options *options, oc_error *err);

typedef struct oc_pass {
    const char *name;
    const char *what;     /* a sentence for people */
    bool        required; /* runs in minimal mode too */
    oc_pass_fn *run;
} oc_pass;

/* The i-th pass, NULL past the end. */
const oc_pass *oc_pass_at(size_t i);

/* Runs them all, in order; nodes are sorted and swept after each.  `seen` (may be NULL) is called
 * before the first and after every pass that changed the number of nodes. */
typedef void            oc_pass_seen_fn(void *ctx, const oc_pass *pass, const oc_graph *graph);
OC_MUST_CHECK oc_status oc_passes_run(oc_graph *graph, const oc_pass_options *options,
                                      oc_pass_seen_fn *seen, void *ctx, oc_error *err);

/* ---- helpers for passes ---- */

/* Shapes and types of the node's outputs, from those of its inputs. */
OC_MUST_CHECK oc_status oc_node_infer(oc_graph *graph, oc_node *node, oc_error *err);

/* Computes a node whose inputs are all constant; out_data[i] is memory of the graph's arena in the
 * layout of the output value.  OC_UNSUPPORTED when a result would be too large to keep. */
OC_MUST_CHECK oc_status oc_node_evaluate(oc_graph *graph, const oc_node *node, oc_isa isa,
                                         void **out_data, oc_error *err);

/* An If whose condition is constant is replaced by the nodes it stands for (appended: the graph is to
 * be sorted); *done says whether it was. */
OC_MUST_CHECK oc_status oc_node_expand(oc_graph *graph, uint32_t index, bool *done, oc_error *err);

/* A float constant of any shape with all elements equal: true and *value. */
bool oc_value_is_splat(const oc_value *value, float *value_out);
/* Appends a constant; data must live as long as the graph. */
OC_MUST_CHECK oc_status oc_graph_add_constant(oc_graph *graph, const char *name, oc_dtype dtype,
                                              const oc_shape *shape, const void *data, oc_vid *out,
                                              oc_error *err);
/* True when `node` is of ONNX's own (or our) operator `op_type` and not dead. */
bool oc_node_is(const oc_node *node, const char *op_type);
/* The activation that a node is (bounds and parameters constant); false: it is none. */
bool oc_node_act(const oc_graph *g, const oc_node *n, oc_act *act);
/* Turns the node into another operator in place, without attributes; names and edges stay. */
OC_MUST_CHECK oc_status oc_node_retype(oc_node *node, const char *domain, const char *op_type,
                                       oc_error *err);
OC_MUST_CHECK oc_status oc_node_set_attrs(oc_graph *graph, oc_node *node, const oc_attr *attrs,
                                          uint32_t n, oc_error *err);

#endif

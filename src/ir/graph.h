/* graph.h -- the intermediate representation: values and nodes in topological order.
 *
 * A graph belongs to one thread while it is changed.  All strings, attributes and constants live in
 * the graph's arena or in memory the graph's owner keeps alive (the mapped model file). */
#ifndef OC_IR_GRAPH_H
#define OC_IR_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "ocellus/status.h"
#include "ocellus/tensor.h"
#include "tensor/act.h"

typedef uint32_t oc_vid;                  /* index into graph->values */
#define OC_VID_NONE ((oc_vid)0xffffffffu) /* an optional input or output left out */

/* How a value lies in memory.  PLAIN is dense row-major.  NC8 (rank 4 only, shape stays [N,C,H,W])
 * is [N][(C+7)/8][H][W][8]: channel c is lane c % 8 of block c / 8; lanes beyond C are zero
 * (of bytes: anything).  */
typedef enum oc_layout { OC_LAYOUT_PLAIN = 0, OC_LAYOUT_NC8 = 8 } oc_layout;

/* A value never becomes larger than this. */
typedef struct oc_most {
    oc_tensor_info info;  /* per dimension */
    size_t         bytes; /* in all: may be less than the product */
    uint32_t       n_numbers;
    const int64_t
        *numbers; /* the largest its elements can be, where they say how large others become */
} oc_most;

typedef struct oc_value {
    const char    *name; /* never NULL; may be "" */
    oc_tensor_info info; /* dtype NONE: not inferred yet; dims of -1: not bound yet */
    oc_layout      layout;
    const void    *data;                /* contents when constant (in `layout`), else NULL */
    bool           is_input, is_output; /* of the graph */
    bool           late; /* the shape is decided by the data: `info` is what the file declares */
    const oc_most *most; /* of a value that is decided by the data: its bound; NULL: none */
} oc_value;

typedef enum oc_attr_kind {
    OC_ATTR_INT,     /* i                          */
    OC_ATTR_FLOAT,   /* f                          */
    OC_ATTR_STRING,  /* s, n bytes, also 0-ended   */
    OC_ATTR_INTS,    /* ints, n                    */
    OC_ATTR_FLOATS,  /* floats, n                  */
    OC_ATTR_STRINGS, /* strings, n                 */
    OC_ATTR_TENSOR,  /* tensor (view of constant)  */
    OC_ATTR_GRAPH,   /* graph (a child of the node's graph; body of If, Loop, Scan) */
} oc_attr_kind;

typedef struct oc_graph oc_graph;

typedef struct oc_attr {
    const char  *name;
    oc_attr_kind kind;
    size_t       n;
    union {
        int64_t            i;
        float              f;
        const char        *s;
        const int64_t     *ints;
        const float       *floats;
        const char *const *strings;
        oc_tensor_view     tensor;
        oc_graph          *graph;
    };
} oc_attr;

typedef struct oc_node {
    const char         *name;   /* never NULL */
    const char         *domain; /* "" for ONNX's own */
    const char         *op_type;
    const struct oc_op *op; /* the operator's row; NULL until bound */
    const oc_attr      *attrs;
    oc_vid             *in, *out;
    uint32_t            n_attrs, n_in, n_out;
    int                 opset; /* version of the domain this node was written for */
    oc_act              act;   /* fused by a pass, only on operators that say they can */
    bool                add;   /* fused by a pass: the last input is added before the activation */
    bool                dead;  /* removed by a pass; swept by oc_graph_sweep */
} oc_node;

struct oc_graph {
    oc_arena  arena;
    char     *name;
    oc_value *values;
    oc_node  *nodes; /* topological order */
    oc_vid   *inputs, *outputs;
    uint32_t  n_values, n_nodes, n_inputs, n_outputs;
    uint32_t  values_cap, nodes_cap;
    uint32_t  n_captures; /* of a body: its last inputs, values of the graph around it */
    oc_graph *children;   /* bodies of nodes, owned */
    oc_graph *next;       /* in the parent's list */
};

OC_MUST_CHECK oc_status oc_graph_create(oc_graph **out, oc_error *err);
void                    oc_graph_destroy(oc_graph *graph);

/* The child lives as long as the graph. */
void oc_graph_add_child(oc_graph *graph, oc_graph *child);

/* A copy, bodies too, whose constants point at the same memory as the original's (keep that alive). */
OC_MUST_CHECK oc_status oc_graph_dup(const oc_graph *graph, oc_graph **out, oc_error *err);

/* Appends; the name is copied.  OC_NOMEM is the only failure. */
OC_MUST_CHECK oc_status oc_graph_add_value(oc_graph *graph, const char *name, oc_vid *out,
                                           oc_error *err);
/* Appends a node with room for its inputs and outputs (filled with OC_VID_NONE).  Pointers to nodes
 * are valid until the next add. */
OC_MUST_CHECK oc_status oc_graph_add_node(oc_graph *graph, const char *name, const char *op_type,
                                          uint32_t n_in, uint32_t n_out, oc_node **out,
                                          oc_error *err);

/* Puts nodes in topological order (stable), after passes appended some.  OC_FORMAT names a node on
 * a cycle or an input nobody makes. */
OC_MUST_CHECK oc_status oc_graph_sort(oc_graph *graph, oc_error *err);
/* Drops dead nodes, and nodes none of whose outputs is used. */
void oc_graph_sweep(oc_graph *graph);
/* What must hold between passes (names, ranges, one producer each, order); OC_FORMAT says what does
 * not. */
OC_MUST_CHECK oc_status oc_graph_verify(const oc_graph *graph, oc_error *err);

/* Replaces every use of `from` (node inputs and graph outputs) by `to`. */
void oc_graph_replace_uses(oc_graph *graph, oc_vid from, oc_vid to);
/* Index of the producing node or -1; number of uses, graph outputs among them; the only user or
 * -1.  These scan the graph: passes that need many build an oc_uses. */
typedef struct oc_uses {
    int32_t  *producer; /* per value: node index, -1 */
    uint32_t *count;    /* per value: uses by nodes and graph outputs */
    int32_t  *user;     /* per value: a node that uses it (the last one), -1 */
} oc_uses;
OC_MUST_CHECK oc_status oc_uses_create(const oc_graph *graph, oc_uses *out, oc_error *err);
void                    oc_uses_finish(oc_uses *uses);

/* Attribute access; the fallback is given back when the attribute is not there or of another kind
 * (the importer has checked kinds). */
const oc_attr *oc_node_attr(const oc_node *node, const char *name);
int64_t        oc_node_int(const oc_node *node, const char *name, int64_t fallback);
float          oc_node_float(const oc_node *node, const char *name, float fallback);
const char    *oc_node_string(const oc_node *node, const char *name, const char *fallback);
/* NULL and *n = 0 when not there. */
const int64_t *oc_node_ints(const oc_node *node, const char *name, size_t *n);
const float   *oc_node_floats(const oc_node *node, const char *name, size_t *n);

/* Bytes a value takes in memory in its layout; false when the shape is not known or too large. */
OC_MUST_CHECK bool oc_value_bytes(const oc_value *value, size_t *bytes);

#endif

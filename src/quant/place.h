/* place.h -- which nodes compute in integers, and which values carry scales.
 *
 * A node is one of the kinds below by its operator.  A weighted node is integer unless it is excluded
 * or has a reason against it.  Any other node is integer where it lies between such nodes: all its
 * inputs come from integer nodes, and what it gives is read by one.  So values are quantised on their
 * way from one product to the next, and nowhere else: what follows the last product stays float.
 *
 * Chain: nodes between one value and another that compute elementwise with numbers (a hard swish
 * spelled in four nodes): a table of one value, whose inside is not rounded. */
#ifndef OC_QUANT_PLACE_H
#define OC_QUANT_PLACE_H

#include "quant/index.h"

typedef enum q_kind {
    Q_FLOAT,    /* no integer form here */
    Q_WEIGHTED, /* Conv, ConvTranspose, Gemm, MatMul with constant weights */
    Q_PRODUCT,  /* MatMul of two values */
    Q_JOIN,     /* several inputs, a scale of its own: Add, Mul */
    Q_CONCAT,   /* the same, but values are only moved */
    Q_OWN,      /* one input, a scale of its own: pools that average, Sigmoid, HardSwish ... */
    Q_SAME,     /* moves values: the output has the input's scale */
    Q_ACT,    /* Relu, Clip: computed with the node before where that is a weighted one or a join */
    Q_CHAIN,  /* the last of a chain of nodes */
    Q_INSIDE, /* another of a chain */
} q_kind;

#define Q_NO_LAYER UINT32_MAX

typedef struct q_node {
    q_kind      kind;
    bool        integer;
    bool        fused;  /* an activation computed with the node that makes its input */
    uint32_t    source; /* of a chain: the value it is computed from */
    uint32_t    layer;  /* index into layers: what is left in float together; Q_NO_LAYER */
    const char *reason; /* of a weighted node in float, or NULL */
} q_node;

/* A weighted node with all that computes in integers on its result before the next one. */
typedef struct q_layer {
    uint32_t    node;   /* the weighted node */
    uint32_t    weight; /* value */
    const char *name;
    size_t      weight_bytes; /* float */
    bool        excluded;     /* asked for float */
    bool        wide;         /* asked for activations of 16 bits: what its nodes read */
} q_layer;

typedef struct q_place {
    q_node  *nodes;  /* of the document */
    q_layer *layers; /* in the order of the graph, whether integer or not */
    uint32_t n_layers;
    bool    *quantised;   /* per value: it carries a scale */
    bool    *wide;        /* per value: of 16 bits, since a node of such a layer reads it */
    bool     all_wide;    /* every value is */
    bool    *have, *want; /* while deciding: comes in integers, is read by an integer node */
    size_t   n_values;
} q_place;

/* The layers of a prepared document; nothing is integer yet. */
OC_MUST_CHECK oc_status q_place_create(const q_index *index, q_place *out, oc_error *err);
void                    q_place_finish(q_place *place); /* a zeroed one is fine */
/* Decides, with the layers that are not excluded. */
void q_place_decide(const q_index *index, q_place *place);
/* The axis of the channels of a weighted node's weights that have a scale each; -1: one for all. */
int q_weight_axis(const oc_doc_node *node, const oc_tensor_view *weights);
/* The inputs of a node that are values of the kind, not constants or shapes: true. */
bool q_is_activation(const q_index *index, const q_place *place, uint32_t node, uint32_t input);

#endif

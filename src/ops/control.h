/* control.h -- the operators that run graphs or handle sequences: what the backend reads of them. */
#ifndef OC_OPS_CONTROL_H
#define OC_OPS_CONTROL_H

#include "ops/op.h"

typedef enum oc_flow_kind {
    OC_FLOW_NONE, /* an operator like any other */
    OC_FLOW_IF,
    OC_FLOW_LOOP,
    OC_FLOW_SCAN,
    OC_FLOW_LATE,    /* what of a network depends on shapes that the data decide, as one node */
    OC_FLOW_UNKNOWN, /* no operator we have, in a branch that perhaps is never taken */
    OC_FLOW_SEQUENCE_EMPTY,
    OC_FLOW_SEQUENCE_CONSTRUCT,
    OC_FLOW_SEQUENCE_INSERT,
    OC_FLOW_SEQUENCE_ERASE,
    OC_FLOW_SEQUENCE_AT,
    OC_FLOW_SEQUENCE_LENGTH,
    OC_FLOW_SPLIT_TO_SEQUENCE,
    OC_FLOW_CONCAT_FROM_SEQUENCE,
    OC_FLOW_OPTIONAL,
    OC_FLOW_OPTIONAL_HAS,
    OC_FLOW_OPTIONAL_GET,
} oc_flow_kind;

oc_flow_kind oc_flow_kind_of(const oc_op *op);

/* The graph of that attribute; NULL when there is none. */
oc_graph *oc_node_body(const oc_node *node, const char *name);

/* Number of inputs that are the node's own: the captures of its bodies follow them. */
uint32_t oc_node_own_inputs(const oc_node *node);
/* The input that is the first capture of that body: bodies follow each other as the attributes do, and
 * files have those in any order. */
uint32_t oc_node_first_capture(const oc_node *node, const char *body);

/* Do inputs, outputs and attributes fit the bodies?  OC_FORMAT says what does not. */
OC_MUST_CHECK oc_status oc_flow_check(const oc_node *node, oc_error *err);

#endif

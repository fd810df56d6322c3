/* If, Loop, Scan, sequences and optionals.   ONNX opset 7..25 (Scan: 8..)
 *
 * Nothing is known of their outputs before they run, so infer answers OC_DYNAMIC, and the backend
 * runs them node by node.  The body of If, Loop and Scan is a graph of its own whose last inputs are
 * values of the graph around it; the node lists those as inputs after its own. */
#include "ops/control.h"

#include <string.h>

#include "ops/args.h"

oc_graph *oc_node_body(const oc_node *node, const char *name)
{
    const oc_attr *a = oc_node_attr(node, name);
    return a && a->kind == OC_ATTR_GRAPH ? a->graph : NULL;
}

uint32_t oc_node_own_inputs(const oc_node *node)
{
    uint32_t n = node->n_in;
    for (uint32_t a = 0; a < node->n_attrs; a++)
        if (node->attrs[a].kind == OC_ATTR_GRAPH)
            n -= node->attrs[a].graph->n_captures;
    return n;
}

uint32_t oc_node_first_capture(const oc_node *node, const char *body)
{
    uint32_t at = oc_node_own_inputs(node);
    for (uint32_t a = 0; a < node->n_attrs && strcmp(node->attrs[a].name, body) != 0; a++)
        if (node->attrs[a].kind == OC_ATTR_GRAPH)
            at += node->attrs[a].graph->n_captures;
    return at;
}

static oc_status check_if(const oc_node *node, oc_error *err)
{
    static const char *const names[] = {"then_branch", "else_branch"};
    if (oc_node_own_inputs(node) != 1 || node->in[0] == OC_VID_NONE)
        return OC_FAIL(err, OC_FORMAT, "it needs one condition");
    for (int i = 0; i < 2; i++) {
        const oc_graph *body = oc_node_body(node, names[i]);
        if (!body)
            return OC_FAIL(err, OC_FORMAT, "%s is missing", names[i]);
        if (body->n_inputs != body->n_captures)
            return OC_FAIL(err, OC_FORMAT, "%s has inputs", names[i]);
        if (body->n_outputs != node->n_out)
            return OC_FAIL(err, OC_FORMAT, "%s has %u outputs, the node %u", names[i],
                           body->n_outputs, node->n_out);
    }
    return OC_OK;
}

static oc_status check_loop(const oc_node *node, oc_error *err)
{
    const oc_graph *body = oc_node_body(node, "body");
    uint32_t        own = oc_node_own_inputs(node);
    if (!body)
        return OC_FAIL(err, OC_FORMAT, "body is missing");
    if (own < 2 || body->n_inputs - body->n_captures != own)
        return OC_FAIL(err, OC_FORMAT, "body has %u inputs, the node %u",
                       body->n_inputs - body->n_captures, own);
    if (body->n_outputs < own - 1 || node->n_out > body->n_outputs - 1)
        return OC_FAIL(err, OC_FORMAT, "body has %u outputs, the node %u, with %u values carried",
                       body->n_outputs, node->n_out, own - 2);
    return OC_OK;
}

static oc_status check_scan(const oc_node *node, oc_error *err)
{
    const oc_graph *body = oc_node_body(node, "body");
    uint32_t        own = oc_node_own_inputs(node), first = node->opset < 9;
    int64_t         n_scan = oc_node_int(node, "num_scan_inputs", 0);
    if (!body)
        return OC_FAIL(err, OC_FORMAT, "body is missing");
    if (own < first + 1 || body->n_inputs - body->n_captures != own - first)
        return OC_FAIL(err, OC_FORMAT, "body has %u inputs, the node %u",
                       body->n_inputs - body->n_captures, own);
    if (n_scan < 1 || n_scan > (int64_t)(own - first))
        return OC_FAIL(err, OC_FORMAT, "num_scan_inputs is %lld of %u inputs", (long long)n_scan,
                       own - first);
    if (body->n_outputs < own - first - (uint32_t)n_scan || node->n_out > body->n_outputs)
        return OC_FAIL(err, OC_FORMAT, "body has %u outputs, the node %u", body->n_outputs,
                       node->n_out);
    for (uint32_t i = first; i < own; i++)
        if (node->in[i] == OC_VID_NONE)
            return OC_FAIL(err, OC_FORMAT, "input %u is left out", i);
    return OC_OK;
}

oc_status oc_flow_check(const oc_node *node, oc_error *err)
{
    switch (oc_flow_kind_of(node->op)) {
    case OC_FLOW_IF: return check_if(node, err);
    case OC_FLOW_LOOP: return check_loop(node, err);
    case OC_FLOW_SCAN: return check_scan(node, err);
    case OC_FLOW_UNKNOWN: return OC_FAIL(err, OC_UNSUPPORTED, "no such operator here");
    default: return OC_OK;
    }
}

static oc_status flow_infer(const oc_infer *ask, oc_error *err)
{
    oc_status st = oc_flow_check(ask->node, err);
    return st != OC_OK ? st : OC_FAIL(err, OC_DYNAMIC, "its outputs are decided at run time");
}

/* No ranges of work: the backend runs the node between those of others. */
static oc_status flow_prepare(const oc_prepare *p, oc_error *err)
{
    (void)p;
    (void)err;
    return OC_OK;
}

static void flow_run(const oc_op_run *r)
{
    (void)r;
}

/* symbol, name, domain, inputs (least, most), outputs (least, most), kind */
#define FLOW_MAP(X)                                                                             \
    X(if, "If", "", 1, OC_OP_MANY, 1, OC_OP_MANY, OC_FLOW_IF)                                   \
    X(loop, "Loop", "", 0, OC_OP_MANY, 1, OC_OP_MANY, OC_FLOW_LOOP)                             \
    X(scan, "Scan", "", 0, OC_OP_MANY, 1, OC_OP_MANY, OC_FLOW_SCAN)                             \
    X(late, "Late", "ocellus", 0, OC_OP_MANY, 1, OC_OP_MANY, OC_FLOW_LATE)                      \
    X(unknown, "Unknown", "ocellus", 0, OC_OP_MANY, 0, OC_OP_MANY, OC_FLOW_UNKNOWN)             \
    X(sequence_empty, "SequenceEmpty", "", 0, 0, 1, 1, OC_FLOW_SEQUENCE_EMPTY)                  \
    X(sequence_construct, "SequenceConstruct", "", 1, OC_OP_MANY, 1, 1,                         \
      OC_FLOW_SEQUENCE_CONSTRUCT)                                                               \
    X(sequence_insert, "SequenceInsert", "", 2, 3, 1, 1, OC_FLOW_SEQUENCE_INSERT)               \
    X(sequence_erase, "SequenceErase", "", 1, 2, 1, 1, OC_FLOW_SEQUENCE_ERASE)                  \
    X(sequence_at, "SequenceAt", "", 2, 2, 1, 1, OC_FLOW_SEQUENCE_AT)                           \
    X(sequence_length, "SequenceLength", "", 1, 1, 1, 1, OC_FLOW_SEQUENCE_LENGTH)               \
    X(split_to_sequence, "SplitToSequence", "", 1, 2, 1, 1, OC_FLOW_SPLIT_TO_SEQUENCE)          \
    X(concat_from_sequence, "ConcatFromSequence", "", 1, 1, 1, 1, OC_FLOW_CONCAT_FROM_SEQUENCE) \
    X(optional, "Optional", "", 0, 1, 1, 1, OC_FLOW_OPTIONAL)                                   \
    X(optional_has_element, "OptionalHasElement", "", 0, 1, 1, 1, OC_FLOW_OPTIONAL_HAS)         \
    X(optional_get_element, "OptionalGetElement", "", 1, 1, 1, 1, OC_FLOW_OPTIONAL_GET)

#define X(symbol, text, dom, in_min, in_max, out_min, out_max, kind) \
    const oc_op oc_op_##symbol = {.name = text,                      \
                                  .domain = dom,                     \
                                  .n_in_min = in_min,                \
                                  .n_in_max = in_max,                \
                                  .n_out_min = out_min,              \
                                  .n_out_max = out_max,              \
                                  .flags = OC_OP_FLOW,               \
                                  .infer = flow_infer,               \
                                  .prepare = flow_prepare,           \
                                  .run = flow_run};
FLOW_MAP(X)
#undef X

oc_flow_kind oc_flow_kind_of(const oc_op *op)
{
#define X(symbol, text, dom, in_min, in_max, out_min, out_max, kind) \
    if (op == &oc_op_##symbol)                                       \
        return kind;
    FLOW_MAP(X)
#undef X
    return OC_FLOW_NONE;
}

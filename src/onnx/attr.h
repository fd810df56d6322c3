/* attr.h -- one AttributeProto becomes one oc_attr. */
#ifndef OC_ONNX_ATTR_H
#define OC_ONNX_ATTR_H

#include "ir/graph.h"
#include "onnx/proto.h"

OC_MUST_CHECK oc_status onnx_read_attr(const onnx_context *c, wire_span bytes, oc_attr *out);

/* An attribute that holds a graph, which has been read already. */
OC_MUST_CHECK oc_status onnx_graph_attr(const onnx_context *c, wire_span bytes, oc_graph *graph,
                                        oc_attr *out);

#endif

/* subgraph.h -- the part of a graph that one backend runs, and how plug-ins read it. */
#ifndef OC_IR_SUBGRAPH_H
#define OC_IR_SUBGRAPH_H

#include "ir/graph.h"
#include "ocellus/backend.h"

struct oc_subgraph {
    oc_graph *graph; /* all of its nodes, inputs and outputs */
};

extern const oc_subgraph_api oc_subgraph_table;

#endif

/* model.h -- what a session sees of a model. */
#ifndef OC_RUNTIME_MODEL_H
#define OC_RUNTIME_MODEL_H

#include "ir/graph.h"
#include "ocellus/session.h"

/* The imported graph: shapes may be open, nothing is optimised. */
const oc_graph *oc_model_peek_graph(const oc_model *model);

#endif

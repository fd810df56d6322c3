/* prepare.h -- from a model to a graph that a backend can compile. */
#ifndef OC_RUNTIME_PREPARE_H
#define OC_RUNTIME_PREPARE_H

#include "passes/pass.h"
#include "runtime/model.h"

/* A copy of the model's graph with its inputs bound and the passes run.  `blocked` is for our own
 * CPU backend: fusions and layouts that only its operators know.  seen: see oc_passes_run. */
OC_MUST_CHECK oc_status oc_prepare_graph(const oc_model *model, const oc_session_options *options,
                                         bool blocked, oc_pass_seen_fn *seen, void *ctx,
                                         oc_graph **out, oc_error *err);

#endif

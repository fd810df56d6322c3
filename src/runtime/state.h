/* state.h -- the inside of a session, for the files that make one. */
#ifndef OC_RUNTIME_STATE_H
#define OC_RUNTIME_STATE_H

#include "backend/registry.h"
#include "ir/subgraph.h"
#include "plan/plan.h"
#include "runtime/model.h"

typedef struct oc_session_common oc_session_common; /* share.c */

struct oc_session {
    oc_model             *model; /* NULL: from a plan */
    oc_askew_hold         askew; /* copies of the model's weights that are still read */
    oc_plan               plan;  /* its file, mapped; zeroed: from a model */
    oc_graph             *graph;
    oc_subgraph           subgraph;
    const oc_backend_ops *ops; /* in `registry` */
    oc_backend_registry   registry;
    oc_backend           *backend;
    oc_program           *program;
    oc_program_info       info;
    unsigned char        *released; /* per value: a constant the program will not read again */
    oc_plan_key           key;      /* what a plan of this session would be for */
    void                 *workspace;
    oc_session_common    *common; /* owns workspace and memory, together with others; or NULL */
    oc_port              *ports;  /* inputs, then outputs */
    void                **memory; /* own buffer of each port, made when first asked for */
    oc_tensor_view       *views;  /* what the last run gave */
    size_t                n_in, n_out;
};

/* A session without graph: options read, backend found. */
OC_MUST_CHECK oc_status oc_session_begin(const oc_session_options *options,
                                         oc_session_options *taken, oc_session **out,
                                         oc_error *err);
/* The session's graph is there: program, workspace and buffers. */
OC_MUST_CHECK oc_status oc_session_build(oc_session *s, const oc_session_options *o,
                                         const oc_packed_host *packed, oc_error *err);
/* The session's plan is read: its graph becomes the session's. */
OC_MUST_CHECK oc_status oc_session_from_plan(oc_session *s, const oc_session_options *o,
                                             oc_error *err);
bool                    oc_session_is_ours(const oc_session *s); /* runs on our own CPU backend */
/* share.c.  NULL is fine */
void oc_session_common_give(oc_session_common *c);

#endif

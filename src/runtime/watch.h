/* watch.h -- a run that tells the time of every step. */
#ifndef OC_RUNTIME_WATCH_H
#define OC_RUNTIME_WATCH_H

#include "ocellus/backend.h"

/* As oc_session_run; on_step (may be NULL) is called in this thread after each step. */
OC_MUST_CHECK oc_status oc_session_run_watched(oc_session *session, const oc_tensor_view *in,
                                               size_t n_in, oc_tensor_view *out, size_t n_out,
                                               oc_step_fn *on_step, void *ctx, oc_error *err);

/* The steps without running them: which kernels serve.  Nothing where the backend does not tell. */
void oc_session_describe(const oc_session *session, oc_step_fn *on_step, void *ctx);

#endif

/* share.h -- sessions that never run at the same time, over one memory. */
#ifndef OC_RUNTIME_SHARE_H
#define OC_RUNTIME_SHARE_H

#include "ocellus/session.h"

/* Activations, inputs and outputs of all n lie in the same place from now on: what a run left is gone
 * with the next run of any of them.  Sessions of one model, not shared before; destroyed one by one, in
 * any order.  After a failure all are as they were.
 *
 * OC_UNSUPPORTED  the data decide the size of some output */
OC_MUST_CHECK oc_status oc_sessions_share(oc_session *const *sessions, size_t n, oc_error *err);

#endif

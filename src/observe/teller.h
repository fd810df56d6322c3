/* teller.h -- alerts on their way to terminals, files and sinks: written by a thread of its own, one
 * after the other, so that neither a stream nor who counts ever waits for a disk. */
#ifndef OC_OBSERVE_TELLER_H
#define OC_OBSERVE_TELLER_H

#include "observe/objectives.h"

typedef struct oc_teller oc_teller;

/* From the teller's thread; line is the alert as an event, n 0 where it has none. */
typedef void oc_teller_fn(void *ctx, const oc_alert *alert, const char *line, size_t n);

OC_MUST_CHECK oc_status oc_teller_create(oc_metrics *metrics, oc_teller_fn *fn, void *ctx,
                                         oc_teller **out, oc_error *err);
void                    oc_teller_destroy(oc_teller *t); /* tells what waits; NULL is fine */

/* Copies; never waits for the telling.  Where too many wait this one is lost and counted. */
void oc_teller_put(oc_teller *t, const oc_alert *alert, const char *line, size_t n);

#endif

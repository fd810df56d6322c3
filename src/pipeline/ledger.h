/* ledger.h -- every frame is accounted for.
 *
 * captured = completed + dropped(all reasons) + in flight holds whenever anybody looks; in flight
 * is what waits in the mailbox or is worked on, and 0 once the stream is over. */
#ifndef OC_PIPELINE_LEDGER_H
#define OC_PIPELINE_LEDGER_H

#include <pthread.h>
#include <stdint.h>

/* Why a frame was not processed: name, text.  docs/events.schema.json has the same list. */
#define OC_DROP_MAP(X)                                                        \
    X(NEWEST_WINS, "newest_wins") /* a newer one took its place */            \
    X(STOPPED, "stopped")         /* the run ended while it waited */         \
    X(FAILED, "failed")           /* work on it failed; the run ends */       \
    X(QUEUE_FULL, "queue_full")   /* others waited, and they go first */      \
    X(DEADLINE, "deadline")       /* it could not be done in time any more */ \
    X(OVERLOAD, "overload")       /* more urgent work took the processors */  \
    X(RATE, "rate")               /* it came sooner than the stream's rate */ \
    X(PAUSED, "paused")           /* the stream was paused */

typedef enum oc_drop {
#define X(name, text) OC_DROP_##name,
    OC_DROP_MAP(X)
#undef X
        OC_DROP_REASONS
} oc_drop;

typedef struct oc_counts {
    uint64_t captured, completed, dropped[OC_DROP_REASONS], in_flight;
} oc_counts;

typedef struct oc_ledger {
    pthread_mutex_t lock;
    oc_counts       counts;
} oc_ledger;

#define OC_LEDGER_INIT                    \
    {                                     \
        .lock = PTHREAD_MUTEX_INITIALIZER \
    }

void        oc_ledger_capture(oc_ledger *ledger);
void        oc_ledger_complete(oc_ledger *ledger);
void        oc_ledger_drop(oc_ledger *ledger, oc_drop reason);
oc_counts   oc_ledger_read(oc_ledger *ledger);          /* from any thread */
uint64_t    oc_counts_dropped(const oc_counts *counts); /* all reasons */
const char *oc_drop_name(oc_drop reason);

#endif

/* sink.h -- one way out for events: a ring, a spool, a bus, and the two threads between them.
 *
 *   oc_sink_put ─→ ring ─→ keeper ─→ spool ─→ window ─→ courier ─→ bus
 *   (any thread,  memory   commits    disk    memory     waits for the broker's answer,
 *    never waits)          in groups                     then the keeper removes the rows
 *
 * At least once, in the order of putting.  A message that the other side refuses again and again is
 * set aside, so that those behind it go on.  While the disk takes nothing, messages go from the
 * ring to the bus directly, as they do where a bus needs no spool.  No order and no waiting hangs
 * on the wall clock.
 *
 * found + put = acknowledged + Σ dropped + depth, at every moment. */
#ifndef OC_EVENTS_SINK_H
#define OC_EVENTS_SINK_H

#include "events/spool.h"
#include "ocellus/bus.h"

#define OC_SINK_BODY_MAX OC_SPOOL_ITEM_MAX /* bytes of one message */

#define OC_SINK_DROP_MAP(X)     \
    X(RING, "ring_full")        \
    X(SPACE, "spool_full")      \
    X(REFUSED, "refused")       \
    X(LONG, "too_long")         \
    X(DAMAGED, "spool_damaged") \
    X(STOPPED, "stopped")

typedef enum oc_sink_drop {
#define X(name, text) OC_SINK_DROP_##name,
    OC_SINK_DROP_MAP(X)
#undef X
        OC_SINK_DROPS
} oc_sink_drop;

const char *oc_sink_drop_name(oc_sink_drop reason);

typedef struct oc_sink oc_sink;

/* Zero means the default told. */
typedef struct oc_sink_options {
    const char         *name; /* in messages and metrics */
    const oc_bus_ops   *ops;
    const char         *device; /* [A-Za-z0-9_-]+; NULL = "ocellus" */
    const oc_bus_pair  *pair;   /* copied */
    size_t              n_pairs;
    const char         *spool; /* path; NULL = none, then what does not fit the ring is dropped */
    uint64_t            spool_bytes; /* 64 MiB */
    uint32_t            ring_bytes;  /* 1 MiB, twice */
    uint32_t            commit_ms;   /* how long a message may wait for others: 100 */
    uint32_t            ack_ms;      /* how long a taken one may stay on disk: 1000 */
    uint32_t            in_flight;   /* sent and not answered, at most: 256 */
    uint32_t            tries;       /* of a message the other side refuses: 8 */
    uint32_t            timeout_ms;  /* 10000 */
    uint32_t            backoff_ms, backoff_max_ms; /* 250, 30000: doubled, with jitter */
    const oc_spool_tap *tap;                        /* tests */
    int64_t (*wall_ms)(void);                       /* tests; NULL = CLOCK_REALTIME */
} oc_sink_options;

typedef struct oc_sink_message {
    const char *stream, *type;
    oc_priority priority;
    const char *body; /* a JSON object, perhaps with '\n' at its end */
    size_t      n_body;
} oc_sink_message;

typedef struct oc_sink_stats {
    uint64_t found; /* in the spool when it was opened */
    uint64_t put;
    uint64_t stored; /* of those put: durable on disk */
    uint64_t passed; /* of those put: went to the bus without touching the disk */
    uint64_t sent;   /* handed to the network, again ones counted */
    uint64_t acknowledged;
    uint64_t retried;         /* sent again */
    uint64_t maybe_duplicate; /* of those: may have arrived the first time */
    uint64_t dropped[OC_SINK_DROPS];
    uint64_t evicted[OC_PRIORITIES]; /* SPACE by priority */
    uint64_t depth;                  /* waiting: ring, spool and on its way */
    uint64_t aside;                  /* in the spool, refused */
    uint64_t spool_bytes, spool_bytes_max;
    uint64_t bytes_written, commits; /* to disk, the log and its folding counted */
    uint64_t rounds, failures;       /* deliveries; times the connection was at fault */
    uint64_t disk_errors, spool_resets;
    bool     connected, spool_ok;
    char     error[240];      /* the latest, or "" */
    char     disk_error[240]; /* the latest of the disk's */
} oc_sink_stats;

/* OC_INVALID: an option of the bus.  OC_BUSY: another process has the spool.  A spool that is
 * damaged is moved aside and told in stats; a disk that does not work is tried again later. */
OC_MUST_CHECK oc_status oc_sink_create(const oc_sink_options *options, oc_sink **out,
                                       oc_error *err);
/* Never waits for disk or network.  false: dropped, and counted. */
bool oc_sink_put(oc_sink *s, const oc_sink_message *m);
/* Waits until all put before is durable (or, `delivered`, answered for), at most so long. */
bool oc_sink_settle(oc_sink *s, bool delivered, uint32_t timeout_ms);
void oc_sink_stats_get(oc_sink *s, oc_sink_stats *out);
/* Delivers for drain_ms at most, stores the rest, ends the threads.  NULL is fine.  `last`, if
 * any, gets the final figures. */
void oc_sink_destroy(oc_sink *s, uint32_t drain_ms, oc_sink_stats *last);

#endif

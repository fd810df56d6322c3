/* sink_state.h -- the inside of a sink, for sink*.c.
 *
 * The lock guards the ring, the window's state and the counters; what the window holds belongs to
 * the courier while it is READY, else to the keeper. */
#ifndef OC_EVENTS_SINK_STATE_H
#define OC_EVENTS_SINK_STATE_H

#include <pthread.h>

#include "events/sink.h"

typedef enum oc_window_state { OC_WINDOW_EMPTY, OC_WINDOW_READY, OC_WINDOW_DONE } oc_window_state;

#define OC_SINK_REASON_BYTES 120
#define OC_SINK_GONE_MAX 65536

typedef struct oc_window {
    oc_window_state state;
    oc_bus_message *message; /* [cap] */
    oc_priority    *priority;
    uint8_t        *fate, *tries;
    bool           *on_disk;
    char (*reason)[OC_SINK_REASON_BYTES]; /* of a refusal */
    size_t n, cap;
    char  *text; /* strings of the messages */
    size_t n_text, cap_text;
} oc_window;

typedef struct oc_gone {
    uint64_t    number;
    oc_priority priority;
} oc_gone;

typedef struct oc_ring_record { /* then stream, zero, type, zero, body; padded to 8 */
    uint32_t bytes, n_stream, n_type, n_body;
    uint32_t priority, unused;
} oc_ring_record;

struct oc_sink {
    char           *name, *device, *spool_path, **texts;
    size_t          n_texts;
    oc_sink_options o;
    oc_bus_options  bus_options;
    oc_bus_pair    *pair;
    oc_bus         *bus;
    volatile int    cancel; /* deliveries come back */
    pthread_mutex_t lock;
    pthread_cond_t  to_keeper, to_courier, to_waiter;
    pthread_t       keeper, courier;
    bool            locked, threads; /* made */
    bool            stopping;        /* no more puts: hurry */
    bool            last;            /* the courier has ended */

    /* ring: two halves, one filled by puts, one emptied by the keeper */
    char    *fill;
    size_t   n_fill, cap;
    uint64_t fill_since_ns, n_fill_records;
    char    *batch;
    size_t   n_batch, batch_at;
    uint64_t n_batch_records;

    /* the keeper's */
    oc_spool      *spool; /* NULL: none, or out of order */
    char           identity[17];
    uint64_t       number;        /* where there is no spool */
    uint64_t       cursor, first; /* last number loaded; first of this opening */
    bool           ahead;         /* rows after the cursor are likely */
    oc_gone       *gone;
    size_t         n_gone;
    uint64_t       gone_since_ns, disk_retry_ns;
    bool           disk_bad;
    oc_spool_stats past; /* of spools that were given up */

    oc_window     window;
    oc_sink_stats stats;

    /* the courier's */
    oc_bus_message *round;
    uint8_t        *round_fate;
    size_t         *round_index;
    uint32_t        failures, careful; /* in a row; messages to be sent alone */
    uint64_t        random;
    uint64_t        idle_after_ns;
};

void *oc_sink_keep(void *sink); /* threads */
void *oc_sink_carry(void *sink);

/* Waits on a condition of the sink's until `ns` (monotonic). */
void oc_sink_wait_until(oc_sink *s, pthread_cond_t *cond, uint64_t ns);
/* Under the lock. */
void     oc_sink_note(oc_sink *s, const oc_error *err);
void     oc_sink_note_disk(oc_sink *s, const oc_error *err); /* the same, of the disk */
uint64_t oc_sink_depth(const oc_sink *s);

OC_MUST_CHECK oc_status oc_sink_open_spool(oc_sink *s, oc_error *err); /* the keeper's */
void                    oc_sink_spool_lost(oc_sink *s, const oc_error *why);
void                    oc_sink_spool_figures(oc_sink *s); /* into stats; under the lock */

/* window.c */
OC_MUST_CHECK oc_status oc_window_init(oc_window *w, size_t messages, size_t bytes, oc_error *err);
void                    oc_window_finish(oc_window *w);
/* false: does not fit any more. */
bool oc_window_add(oc_window *w, const oc_spool_item *item, const char *identity, bool on_disk,
                   bool again);

#endif

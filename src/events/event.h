/* event.h -- what a stream has to tell, version 1 of its schema (docs/events.md).
 *
 * An event is filled in by who saw it happen and turned into one line of JSON; nothing of a picture
 * is in it. */
#ifndef OC_EVENTS_EVENT_H
#define OC_EVENTS_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/part.h"
#include "ocellus/detect.h"

#define OC_EVENTS_VERSION 1
#define OC_EVENT_BYTES_MAX 8192 /* of one line */

/* name, text, groups of fields it carries */
#define OC_EVENT_MAP(X)                                                                 \
    X(STARTED, "started", OC_EVENT_HAS_STREAM)                                          \
    X(APPEARED, "appeared", OC_EVENT_HAS_TRACK)                                         \
    X(UPDATED, "updated", OC_EVENT_HAS_TRACK | OC_EVENT_HAS_AGE | OC_EVENT_HAS_KNOWN)   \
    X(RECOGNISED, "recognised", OC_EVENT_HAS_TRACK | OC_EVENT_HAS_VALUE)                \
    X(CROSSED, "crossed", OC_EVENT_HAS_TRACK | OC_EVENT_HAS_LINE)                       \
    X(ZONE, "zone", OC_EVENT_HAS_TRACK | OC_EVENT_HAS_ZONE)                             \
    X(LEFT, "left",                                                                     \
      OC_EVENT_HAS_TRACK | OC_EVENT_HAS_AGE | OC_EVENT_HAS_KNOWN | OC_EVENT_HAS_REASON) \
    X(DROPPED, "dropped", OC_EVENT_HAS_DROP | OC_EVENT_HAS_REASON)                      \
    X(DEGRADED, "degraded", OC_EVENT_HAS_STEP)                                          \
    X(RESTORED, "restored", OC_EVENT_HAS_STEP)                                          \
    X(ENDED, "ended", OC_EVENT_HAS_TOTALS | OC_EVENT_HAS_REASON)                        \
    X(ALERT, "alert", OC_EVENT_HAS_ALERT)

enum {
    OC_EVENT_HAS_STREAM = 1u << 0,
    OC_EVENT_HAS_TRACK = 1u << 1,
    OC_EVENT_HAS_AGE = 1u << 2,
    OC_EVENT_HAS_KNOWN = 1u << 3,
    OC_EVENT_HAS_VALUE = 1u << 4,
    OC_EVENT_HAS_LINE = 1u << 5,
    OC_EVENT_HAS_ZONE = 1u << 6,
    OC_EVENT_HAS_DROP = 1u << 7,
    OC_EVENT_HAS_TOTALS = 1u << 8,
    OC_EVENT_HAS_REASON = 1u << 9,
    OC_EVENT_HAS_STEP = 1u << 10,
    OC_EVENT_HAS_ALERT = 1u << 13,
};

typedef enum oc_event_type {
#define X(name, text, fields) OC_EVENT_##name,
    OC_EVENT_MAP(X)
#undef X
        OC_EVENT_TYPES
} oc_event_type;

typedef struct oc_event_pair { /* a recogniser's name and what it says; a reason and how often */
    const char *key, *value;
    uint64_t    n;
} oc_event_pair;

/* Texts are borrowed for the call.  Only the groups of the type are read. */
typedef struct oc_event {
    oc_event_type type;
    double        time_s; /* of the stream */
    uint64_t      frame;  /* as captured, from 0 */

    /* STREAM */
    const char *source, *at; /* at: UTC of time_s 0, RFC 3339 */
    int32_t     width, height;
    double      fps;
    /* TRACK */
    uint64_t    track;
    const char *label;
    float       score;
    oc_box      box;
    /* AGE */
    double   age_s;
    uint64_t hits;
    /* KNOWN */
    const oc_event_pair *known;
    size_t               n_known;
    /* VALUE */
    const char *what, *value;
    float       confidence;
    uint32_t    evidence; /* looks that went into it */
    /* LINE */
    const char *line, *direction;
    uint64_t    total; /* that way so far, this one counted */
    /* ZONE */
    const char *zone;
    bool        entered; /* else exited */
    uint64_t    inside, total_entered;
    double      dwell_s; /* on exit */
    /* DROP: n frames since the last such event; total above */
    uint64_t n;
    /* TOTALS */
    uint64_t             captured, completed;
    const oc_event_pair *dropped;
    size_t               n_dropped;
    bool                 truncated;
    /* STEP of the degrade ladder */
    uint32_t    level;                    /* now */
    const char *step;                     /* that was taken or taken back, "every 4" */
    double      latency_ms, objective_ms; /* latency < 0: the frame was dropped as too late */
    /* REASON */
    const char *reason;
    /* ALERT: an objective's budget burns too fast, or does so no longer */
    const char *objective, *severity, *window; /* "page" or "ticket"; "1h" */
    double      burn; /* over the window; 1 = the budget lasts its period */
    bool        firing;
} oc_event;

const char *oc_event_name(oc_event_type type);

/* One line with its '\n', and a zero byte; gives back its length, 0 when it does not fit. */
size_t oc_event_format(const oc_event *event, const char *stream, uint64_t seq, char *text,
                       size_t bytes);

/* ---- JSON lines ---- */

typedef struct oc_event_log oc_event_log; /* one thread at a time */

/* path NULL: counts events and writes none.  stream is copied. */
OC_MUST_CHECK oc_status oc_event_log_create(const char *path, const char *stream,
                                            oc_event_log **out, oc_error *err);
/* Numbers the event and writes it.  Allocates nothing.  OC_IO. */
OC_MUST_CHECK oc_status oc_event_log_put(oc_event_log *log, const oc_event *event, oc_error *err);
/* The line that put wrote last, with its '\n'; the log's memory, until the next put. */
const char *oc_event_log_line(const oc_event_log *log, size_t *bytes);
/* The number that the next event gets. */
uint64_t                oc_event_log_seq(const oc_event_log *log);
void                    oc_event_log_seek(oc_event_log *log, uint64_t seq);
uint64_t                oc_event_log_count(const oc_event_log *log, oc_event_type type);
OC_MUST_CHECK oc_status oc_event_log_flush(oc_event_log *log, oc_error *err);
OC_MUST_CHECK oc_status oc_event_log_seal(oc_event_log *log, oc_error *err);
/* As oc_part_finish and oc_part_drop. */
OC_MUST_CHECK oc_status oc_event_log_finish(oc_event_log *log, oc_error *err);
void                    oc_event_log_drop(oc_event_log *log);

#endif

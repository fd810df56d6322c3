/* recorder.h -- what happens is handed over here and written by a thread of the recorder's own.
 *
 * Nothing a caller does waits for the disk (but see `wait`).  What finds no room in the queue, or on
 * the disk, is lost: counted, told once through `complain`, and marked in the recording, which goes
 * on with the next state that it is given.  A full disk or a vanished folder ends no stream: it is
 * tried again every few seconds.
 *
 * A segment begins with INFO and a STATE.  States are the caller's to make: oc_recorder_wants_state
 * tells when one is wanted, before the next frame. */
#ifndef OC_RECORDING_RECORDER_H
#define OC_RECORDING_RECORDER_H

#include "ocellus/media.h"
#include "recording/segment.h"

typedef struct oc_recorder oc_recorder;

/* An incident's segments have been linked into `folder`; they are whole.  In a thread of its own, one
 * at a time. */
typedef void oc_incident_fn(void *ctx, const char *folder, const char *reason);

#define OC_RECORDER_BYTES ((uint64_t)2 << 30) /* where nothing else is said */

typedef struct oc_recorder_options {
    const char *folder;           /* made where it is not there */
    uint64_t    bytes_max;        /* of all segments; 0 = 2 GB; at least 64 kB */
    double      seconds_max;      /* older segments are removed; 0 = no limit */
    uint64_t    segment_bytes;    /* 0 = an eighth of bytes_max, at most 64 MB */
    double      segment_seconds;  /* 0 = 60, or an eighth of seconds_max */
    size_t      queue_frames;     /* held at once; 0 = 8 */
    bool        wait;             /* for room in the queue: nobody is waiting for these frames */
    double      incident_s;       /* between two, at least; 0 = 600 */
    double      incident_after_s; /* recorded behind it before it is kept; 0 = 2 */
    size_t      incidents_keep;   /* 0 = 10 */
    void (*complain)(void *ctx, const char *text); /* from the writing thread; may be NULL */
    oc_incident_fn *incident;                      /* may be NULL */
    void           *ctx;
} oc_recorder_options;

/* OC_BUSY, OC_IO: the folder; OC_INVALID: bytes_max too small. */
OC_MUST_CHECK oc_status oc_recorder_create(const oc_recorder_options *options, oc_recorder **out,
                                           oc_error *err);

/* All of these from any thread; they allocate nothing.  False: lost. */
bool oc_recorder_wants_state(const oc_recorder *r);
bool oc_recorder_put(oc_recorder *r, oc_block_kind kind, const void *data, size_t n);
/* A frame, with something of the caller's in front (at most 4096 bytes).  Takes a reference until it
 * has been packed. */
bool oc_recorder_frame(oc_recorder *r, oc_frame *frame, const void *extra, size_t n);
/* Another text for the INFO of the segments from the next state on, which is wanted from now. */
bool oc_recorder_info(oc_recorder *r, const char *text);

/* Keeps the ring as it will be in a little while, or at the end, in a folder.  False: too soon after
 * the last one, or lost.  reason: one line, copied. */
bool oc_recorder_incident(oc_recorder *r, const char *reason);

/* Another bytes_max (64 kB at least), held from the next block on. */
void oc_recorder_limit(oc_recorder *r, uint64_t bytes_max);

typedef struct oc_recorder_stats {
    uint64_t frames, frame_bytes; /* written */
    uint64_t bytes;               /* in the ring now */
    uint64_t lost, segments, incidents;
    uint64_t pack_ns, write_ns;
} oc_recorder_stats;
void oc_recorder_stats_get(oc_recorder *r, oc_recorder_stats *out);

/* Writes what is still in the queue, seals the segment, waits for an incident's page.  Nothing is put
 * any more. */
void oc_recorder_close(oc_recorder *r);
void oc_recorder_destroy(oc_recorder *r); /* NULL is fine */

#endif

/* ring.h -- the segments of a folder, as files: named, counted, the oldest removed first.
 *
 *   DIR/segment-00000001.ocrec ...        numbers only rise, over all runs into the folder
 *   DIR/incident-20260801T120000Z/...     hard links to the segments of then, kept apart
 *
 * One writing program a folder: a lock on DIR/lock. */
#ifndef OC_RECORDING_RING_H
#define OC_RECORDING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#define OC_RING_PATH 4096
#define OC_SEGMENT_NAME "segment-%08llu.ocrec"

typedef struct oc_ring_segment {
    uint64_t number, bytes;
    double   begun_s; /* of oc_ring_list: wall clock; else of the clock of oc_ring_next */
} oc_ring_segment;

typedef struct oc_ring {
    char             folder[OC_RING_PATH - 128];
    uint64_t         bytes_max;
    double           seconds_max; /* 0 = no limit */
    oc_ring_segment *item;        /* by number; the last one is being written */
    size_t           n, cap;
    uint64_t         bytes; /* of all */
    int              lock;
} oc_ring;

/* Makes the folder, takes its lock, finds what earlier runs left.
 * OC_BUSY: another program records into it.  OC_IO. */
OC_MUST_CHECK oc_status oc_ring_open(oc_ring *r, const char *folder, uint64_t bytes_max,
                                     double seconds_max, oc_error *err);
void                    oc_ring_close(oc_ring *r); /* a zeroed one with lock -1 is fine */

/* The next segment, made by the caller; path has OC_RING_PATH bytes.  OC_NOMEM. */
OC_MUST_CHECK oc_status oc_ring_next(oc_ring *r, double now_s, char *path, oc_error *err);
/* Bytes about to be added to the last segment: removes old ones until they fit, and those that are
 * over in time.  False: they do not fit even so. */
bool oc_ring_fit(oc_ring *r, uint64_t bytes, double now_s);
void oc_ring_added(oc_ring *r, uint64_t bytes);
/* The oldest but the one that is written is removed; false: there is none. */
bool oc_ring_shed(oc_ring *r);

/* now_s: wall clock, for the name.  Links all segments into a new folder DIR/incident-<utc>, whose path goes to path[OC_RING_PATH], and
 * removes the oldest such folders until `keep` are left. */
OC_MUST_CHECK oc_status oc_ring_incident(const oc_ring *r, double now_s, size_t keep, char *path,
                                         oc_error *err);

/* Segments of a folder, by number: for oc_ring_free.  OC_NOT_FOUND: no such folder.  OC_IO. */
OC_MUST_CHECK oc_status oc_ring_list(const char *folder, oc_ring_segment **out, size_t *n,
                                     oc_error *err);

#endif

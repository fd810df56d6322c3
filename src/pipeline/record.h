/* record.h -- what a run leaves for its summary and report: fixed memory, however long it takes. */
#ifndef OC_PIPELINE_RECORD_H
#define OC_PIPELINE_RECORD_H

#include "pipeline/objects.h"
#include "pipeline/rules.h"

#define OC_BINS_MAX 240
#define OC_TALLY_MAX 24
#define OC_TRACK_ROWS_MAX 500

typedef struct oc_bin { /* a stretch of stream time */
    uint32_t frames, dropped;
    uint64_t wall_ns; /* spent on it */
    uint64_t latency_max_ns;
    uint64_t tracks_sum; /* over frames */
    uint32_t crossed[2]; /* all lines, by direction */
    uint64_t inside_sum[OC_ZONES_MAX];
} oc_bin;

typedef struct oc_tally {
    char     value[OC_VALUE_BYTES];
    double   seconds; /* track time with this value decided */
    uint64_t tracks;  /* that had it when they ended */
} oc_tally;

typedef struct oc_track_row {
    uint64_t id, hits;
    uint32_t label, crossings;
    double   first_s, last_s;
    char     value[OC_RECOGNISERS_MAX][OC_VALUE_BYTES];
} oc_track_row;

typedef struct oc_record {
    double       bin_s; /* width of a bin; doubles when the bins are used up */
    size_t       n_bins;
    oc_bin       bin[OC_BINS_MAX];
    oc_tally     tally[OC_RECOGNISERS_MAX][OC_TALLY_MAX];
    size_t       n_tally[OC_RECOGNISERS_MAX];
    oc_track_row row[OC_TRACK_ROWS_MAX]; /* the longest ones */
    size_t       n_rows;
    uint64_t     tracks, tracks_max, detections, frames;
    double       track_seconds, last_s;
    uint64_t     last_clock_ns, last_dropped;
} oc_record;

void oc_record_init(oc_record *r);

typedef struct oc_record_frame {
    double            time_s;
    const oc_objects *objects;
    const oc_rules   *rules;
    uint64_t          latency_ns, dropped; /* dropped: so far */
    size_t            n_recognisers;
} oc_record_frame;
void oc_record_note(oc_record *r, const oc_record_frame *frame);
void oc_record_crossed(oc_record *r, double time_s, int direction);
void oc_record_track(oc_record *r, const oc_object *object, size_t n_recognisers); /* it ended */

void oc_record_sort(oc_record *r); /* rows by first appearance, tallies by weight */

#endif

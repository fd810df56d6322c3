/* replay_compare.h -- two streams of event lines, one recorded, one replayed, side by side. */
#ifndef OC_PIPELINE_REPLAY_COMPARE_H
#define OC_PIPELINE_REPLAY_COMPARE_H

#include "events/part.h"
#include "pipeline/replay.h"

typedef struct oc_lines {
    char  *text;
    size_t n, cap;
} oc_lines;

typedef struct oc_compare {
    const oc_replay_options *o;
    oc_replay_result        *out;
    oc_part                 *events; /* what was replayed, as a file */
    oc_lines                 recorded, replayed;
    oc_status                status; /* of the file, and of memory: the first failure */
    oc_error                 err;
} oc_compare;

OC_MUST_CHECK oc_status oc_compare_begin(oc_compare *c, const oc_replay_options *o,
                                         oc_replay_result *out, oc_error *err);
void                    oc_compare_recorded(oc_compare *c, const char *lines, size_t n);
void                    oc_compare_replayed(oc_compare *c, const char *lines, size_t n);
/* Both sides have told all up to here: what is left over on one of them differs, unless something is
 * missing in the recording (expect false). */
void oc_compare_settle(oc_compare *c, bool expect);
/* Finishes the file, or drops it.  A zeroed one is fine. */
OC_MUST_CHECK oc_status oc_compare_end(oc_compare *c, bool keep, oc_error *err);

#endif

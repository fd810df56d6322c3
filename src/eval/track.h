/* track.h -- trackers run over given detections, and the search for their best parameters.
 *
 * A sequence is a folder as MOTChallenge has them: seqinfo.ini, gt.txt and detections, the latter two
 * also inside gt/ and det/. */
#ifndef OC_EVAL_TRACK_H
#define OC_EVAL_TRACK_H

#include "core/pool.h"
#include "eval/mot.h"
#include "track/tracker.h"

typedef struct oc_track_sequence {
    char        name[128];
    oc_mot_rows truth, found; /* found: detections by frame */
    int64_t     frames;
    double      fps;
} oc_track_sequence;

/* detections: the file's name, NULL = "det.txt".  OC_IO, OC_NOT_FOUND, OC_FORMAT. */
OC_MUST_CHECK oc_status oc_track_sequence_read(const char *folder, const char *detections,
                                               oc_mot_benchmark benchmark, oc_track_sequence *out,
                                               oc_error *err);
void                    oc_track_sequence_finish(oc_track_sequence *s); /* a zeroed one is fine */

/* How a tracker is set: kind and options as a pipeline's `track:` section has them. */
typedef struct oc_track_setting {
    const oc_tracker_ops *kind;
    oc_tracker_options    options;
    uint32_t              every; /* detections of each n-th frame are taken; 1 = all */
    bool adaptive;               /* ... as often as the tracks need them, of each n-th at least */
} oc_track_setting;

/* Lines "key: value" of such a section; every and every_max are those of `detect:`. OC_FORMAT: an unknown key, a value out of range. */
OC_MUST_CHECK oc_status oc_track_setting_read(const char *lines, oc_track_setting *out,
                                              oc_error *err);

/* Confirmed tracks that were matched in their frame, or predicted where its detections were not taken,
 * as pipelines write them.  Frame t is at t / fps seconds.  looks: frames whose detections were
 * taken; may be NULL. */
OC_MUST_CHECK oc_status oc_track_run(const oc_track_sequence *s, const oc_track_setting *setting,
                                     oc_mot_rows *out, uint64_t *looks, oc_error *err);

/* ---- sweeps ---- */

#define OC_SWEEP_KEYS_MAX 16
#define OC_SWEEP_VALUES_MAX 64
#define OC_SWEEP_MAX 1000000 /* combinations */

typedef struct oc_sweep_axis {
    char   key[48];
    char  *value[OC_SWEEP_VALUES_MAX];
    size_t n;
} oc_sweep_axis;

typedef struct oc_sweep { /* a zeroed one has nothing to vary: one setting */
    oc_sweep_axis axis[OC_SWEEP_KEYS_MAX];
    size_t        n_axes;
} oc_sweep;

/* "key=a,b,c"; one value is a fixed one.  A key given again replaces its values. */
OC_MUST_CHECK oc_status oc_sweep_add(oc_sweep *sweep, const char *text, oc_error *err);
/* A YAML map of such keys, each with a value or a list.  OC_FORMAT with file, line, column. */
OC_MUST_CHECK oc_status oc_sweep_load(oc_sweep *sweep, const char *path, oc_error *err);
void                    oc_sweep_finish(oc_sweep *sweep);
size_t                  oc_sweep_count(const oc_sweep *sweep); /* 0: more than OC_SWEEP_MAX */
/* The lines of combination i, the last axis turning fastest. */
OC_MUST_CHECK oc_status oc_sweep_lines(const oc_sweep *sweep, size_t i, char *text, size_t bytes,
                                       oc_error *err);

typedef struct oc_sweep_result {
    size_t combination;
    double hota, deta, assa, mota, idf1, idsw; /* of all sequences as one */
    double looked;                             /* part of the frames whose detections were taken */
} oc_sweep_result;

/* Every combination over every sequence, spread over the pool.  out[oc_sweep_count], by
 * combination.  All settings are checked before the first is run.  go_on as in oc_coco_detect, called
 * from any thread; may be NULL. */
typedef bool            oc_sweep_go_on(void *ctx, size_t done, size_t n);
OC_MUST_CHECK oc_status oc_sweep_run(const oc_sweep *sweep, const oc_track_sequence *sequences,
                                     size_t n, oc_mot_benchmark benchmark, oc_pool *pool,
                                     oc_sweep_go_on *go_on, void *ctx, oc_sweep_result *out,
                                     oc_error *err);

#endif

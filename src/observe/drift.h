/* drift.h -- does a stream still look like the one its release was proved on?  Without labels.
 *
 * Of every stream, over a sliding window of stream time, the spreads of these features are kept and
 * held against those of a reference, which a run over footage known to be good has learned:
 *
 *   confidence   score of each detection that continues a track
 *   box_size     log2 of the root of its area's share of the picture
 *   count        log2(1 + detections) of each frame looked at
 *   recognition  what each recognition was sure of (galleries: similarity of the embedding to the
 *                nearest entry)
 *   brightness, contrast, sharpness   of the picture, twice a second (picture.h)
 *   embedding of NAME   of each gallery recogniser: its embeddings' projections (project.h); PSI and
 *                KS are the means of those of the OC_PROJECTIONS projections
 *
 * The reference holds how far its own windows were from the whole of it: footage differs from minute
 * to minute, and what it did while it was good is no drift; a short reference is trusted less.  A feature drifts when both PSI and KS
 * exceed their limits in two looks, one sixth of the window apart, and no longer when either is below
 * four fifths of its own in two. */
#ifndef OC_OBSERVE_DRIFT_H
#define OC_OBSERVE_DRIFT_H

#include "observe/drift_file.h"
#include "pipeline/observer.h"
#include "telemetry/metrics.h"

typedef struct oc_drift oc_drift;

typedef struct oc_drift_told {
    const char *stream, *feature;
    double      psi, ks; /* over the window */
    double      times;   /* the smaller of the two, in parts of its limit */
    bool        firing;  /* else it is over */
    double      window_s, time_s;
    uint64_t    frame;
} oc_drift_told;

typedef struct oc_drift_options {
    oc_metrics *metrics;                                /* borrowed until destroy; may be NULL */
    const char *reference;                              /* file to compare with, or NULL */
    const char *learn;                                  /* file to write, or NULL */
    double      window_s;                               /* to learn with; 0 = 60 */
    void (*told)(void *ctx, const oc_drift_told *what); /* from a stream's thread; may be NULL */
    void *ctx;
} oc_drift_options;

/* Reads the reference: OC_IO, OC_FORMAT ("file: reason"). */
OC_MUST_CHECK oc_status oc_drift_create(const oc_drift_options *options, oc_drift **out,
                                        oc_error *err);
void                    oc_drift_destroy(oc_drift *d); /* after all runs; NULL is fine */

/* Refuses a stream that the reference does not have (OC_NOT_FOUND) or that another detector was
 * learned of (OC_INVALID). */
const oc_observer *oc_drift_observer(const oc_drift *d);

/* Writes what was learned, after the runs.  OC_INVALID: a stream was too short for one window. */
OC_MUST_CHECK oc_status oc_drift_write(oc_drift *d, oc_error *err);

#endif

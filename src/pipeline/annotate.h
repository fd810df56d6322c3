/* annotate.h -- the thread that draws: annotated video, and sample frames for the report.
 *
 * It has jobs of its own to be filled; when all are in use, put waits (files: nothing is lost) or
 * gives up (live: the frame is missing in the video, and counted). */
#ifndef OC_PIPELINE_ANNOTATE_H
#define OC_PIPELINE_ANNOTATE_H

#include "media/frame.h"
#include "media/writer.h"
#include "pipeline/scene.h"
#include "pipeline/stage.h"
#include "vision/models.h"

#define OC_SAMPLES_MAX 8

typedef struct oc_sample { /* an annotated frame as JPEG */
    uint8_t *jpeg;
    size_t   n;
    double   time_s;
    uint64_t frame;
    size_t   n_objects; /* drawn on it */
} oc_sample;

typedef struct oc_annotate_options {
    const char *video;   /* path, or NULL */
    bool        samples; /* keep up to OC_SAMPLES_MAX, spread over the stream */
    bool        live;    /* give up rather than wait */
    int32_t     width, height;
    double      fps;
    oc_stages  *stages;
    /* Drawing and encoding a frame is a job of this scheduler's, on one core: of class slack where the
     * stream is live - a picture for which there is no time within a second is missing - and else of
     * `cls`, for then the stream waits for it.  NULL: the thread runs when the system lets it. */
    oc_sched      *sched;
    oc_models     *models; /* knows the scheduler's networks */
    oc_sched_class cls;
    uint32_t       stream;
} oc_annotate_options;

typedef struct oc_annotator oc_annotator;

OC_MUST_CHECK oc_status oc_annotator_create(const oc_annotate_options *options, oc_annotator **out,
                                            oc_error *err);
/* Takes a reference of its own on the frame.  OC_IO: the video cannot be written. */
OC_MUST_CHECK oc_status oc_annotator_put(oc_annotator *a, oc_frame *frame,
                                         const oc_scene_from *from, oc_error *err);
/* Draws what waits, ends the thread and finishes the video. */
OC_MUST_CHECK oc_status oc_annotator_finish(oc_annotator *a, oc_error *err);
/* After finish; the annotator's memory. */
size_t   oc_annotator_samples(const oc_annotator *a, const oc_sample **out);
uint64_t oc_annotator_skipped(const oc_annotator *a);
/* Without finish: the video is removed.  NULL is fine. */
void oc_annotator_destroy(oc_annotator *a);

#endif

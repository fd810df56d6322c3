/* augment.h -- pictures and their labels, changed at random as a YAML file says.
 *
 * A pipeline is read once and then only read: any number of threads may run it, each with a worker
 * of its own.  What a run does follows from its key alone, not from who runs it or when.
 * docs/augment.md has the steps. */
#ifndef OC_AUGMENT_AUGMENT_H
#define OC_AUGMENT_AUGMENT_H

#include "core/cpu.h"
#include "data/set.h"
#include "media/frame.h"

typedef struct oc_augment        oc_augment;
typedef struct oc_augment_worker oc_augment_worker; /* frames and rows that are used again */

/* OC_IO, OC_FORMAT: "file:line:column: reason". */
OC_MUST_CHECK oc_status oc_augment_load(const char *path, oc_augment **out, oc_error *err);
OC_MUST_CHECK oc_status oc_augment_load_memory(const char *name, const void *text, size_t bytes,
                                               oc_augment **out, oc_error *err);
void                    oc_augment_destroy(oc_augment *augment); /* NULL is fine */
bool oc_augment_mixes(const oc_augment *augment); /* a step asks for other pictures */

/* isa: for kernels.  The worker goes after the frames it made. */
OC_MUST_CHECK oc_status oc_augment_worker_create(oc_isa isa, oc_augment_worker **out,
                                                 oc_error *err);
void                    oc_augment_worker_destroy(oc_augment_worker *worker); /* NULL is fine */

/* A picture and what is in it.  Objects may point into `mem` and into memory that outlives the
 * sample; their `image` is not looked at. */
typedef struct oc_augment_sample { /* a zeroed one is empty */
    oc_frame          *rgb;        /* RGB24, the sample's alone */
    oc_data_object    *objects;    /* in mem */
    size_t             n;
    const oc_data_set *set; /* whose categories they are of; NULL: key-points have no names */
    oc_arena           mem;
} oc_augment_sample;

void oc_augment_sample_finish(oc_augment_sample *sample);

/* Where steps that mix pictures take them from.  Called from the thread of the run. */
typedef struct oc_augment_source {
    void  *ctx;
    size_t n;
    oc_status (*load)(void *ctx, size_t image, oc_augment_sample *out, oc_error *err);
} oc_augment_source;

typedef struct oc_augment_key {
    uint64_t seed, image, copy;
} oc_augment_key;

/* Changes the sample in place.  source NULL: steps that mix pictures are passed over. */
OC_MUST_CHECK oc_status oc_augment_run(const oc_augment *augment, const oc_augment_key *key,
                                       const oc_augment_source *source, oc_augment_worker *worker,
                                       oc_augment_sample *sample, oc_error *err);

#endif

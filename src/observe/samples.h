/* samples.h -- a page of metrics read back: what somebody else's /metrics says.
 *
 * Source: Prometheus, "Text-based format" 0.0.4.  Comments, types and time stamps are passed over. */
#ifndef OC_OBSERVE_SAMPLES_H
#define OC_OBSERVE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/status.h"

#define OC_SAMPLE_LABELS_MAX 8

typedef struct oc_sample {
    const char *name;
    size_t      n_labels;
    struct {
        const char *key, *value;
    } label[OC_SAMPLE_LABELS_MAX];
    double value; /* may be NaN or infinite */
} oc_sample;

typedef struct oc_samples { /* a zeroed one is empty */
    char      *text;        /* the page, cut up */
    oc_sample *item;        /* in the order of the page */
    size_t     n, cap;
} oc_samples;

/* page: copied.  OC_FORMAT: "name:line: reason"; OC_NOMEM.  out: for oc_samples_finish, also after a
 * failure. */
OC_MUST_CHECK oc_status oc_samples_read(const char *name, const char *page, size_t bytes,
                                        oc_samples *out, oc_error *err);
void                    oc_samples_finish(oc_samples *s);

const char *oc_sample_label(const oc_sample *s, const char *key); /* "" where it has none */

/* The first sample of this name whose labels include `pairs` ("stream", "a", ..., NULL); NULL where
 * there is none. */
const oc_sample *oc_samples_find(const oc_samples *s, const char *name, const char *const *pairs);

/* The q-quantile of what a histogram counted since `before` (NULL: ever), in its unit; within a bucket
 * evenly.  NaN where nothing was counted. */
double oc_samples_quantile(const oc_samples *now, const oc_samples *before, const char *name,
                           const char *const *pairs, double q);

#endif

/* drift_file.h -- references of streams, as a JSON document (docs/watching.md). */
#ifndef OC_OBSERVE_DRIFT_FILE_H
#define OC_OBSERVE_DRIFT_FILE_H

#include <stdbool.h>

#include "observe/project.h"
#include "observe/spread.h"
#include "ocellus/status.h"
#include "pipeline/config.h"

/* name, text, from, to */
#define OC_FEATURE_MAP(X)                   \
    X(CONFIDENCE, "confidence", 0.0, 1.0)   \
    X(BOX_SIZE, "box_size", -8.0, 0.0)      \
    X(COUNT, "count", 0.0, 8.0)             \
    X(RECOGNITION, "recognition", 0.0, 1.0) \
    X(BRIGHTNESS, "brightness", 0.0, 256.0) \
    X(CONTRAST, "contrast", 0.0, 128.0)     \
    X(SHARPNESS, "sharpness", 0.0, 16.0)

typedef enum oc_feature {
#define X(name, text, from, to) OC_FEATURE_##name,
    OC_FEATURE_MAP(X)
#undef X
        OC_FEATURES
} oc_feature;

const char *oc_feature_name(oc_feature feature);
void        oc_feature_range(oc_feature feature, double *from, double *to);

typedef struct oc_drift_embedding { /* of one recogniser */
    char      recogniser[64], network[128];
    oc_spread spread[OC_PROJECTIONS];
    double    psi, ks; /* means over the projections, the largest of its own windows */
} oc_drift_embedding;

typedef struct oc_drift_reference { /* of one stream */
    char               stream[64], detector[128];
    double             window_s, learned_s;
    oc_spread          spread[OC_FEATURES];
    double             psi[OC_FEATURES], ks[OC_FEATURES]; /* the largest of its own windows */
    size_t             n_embeddings;
    oc_drift_embedding embedding[OC_RECOGNISERS_MAX];
} oc_drift_reference;

#define OC_DRIFT_STREAMS_MAX 64
#define OC_DRIFT_FILE_MAX ((size_t)16 << 20)

/* out: for free().  OC_IO, OC_FORMAT (also a file of more than OC_DRIFT_FILE_MAX), OC_NOMEM. */
OC_MUST_CHECK oc_status oc_drift_file_read(const char *path, oc_drift_reference **out, size_t *n,
                                           oc_error *err);
/* As a whole or not at all. */
OC_MUST_CHECK oc_status oc_drift_file_write(const char *path, const oc_drift_reference *list,
                                            size_t n, oc_error *err);

#endif

/* detect.h -- a detector run over the images of a COCO set, by the code that runs in pipelines. */
#ifndef OC_EVAL_DETECT_H
#define OC_EVAL_DETECT_H

#include "eval/coco.h"
#include "vision/net.h"

/* How the network's labels become the truth's categories. */
typedef enum oc_coco_labels {
    OC_COCO_BY_NAME,     /* equal names; labels without a category are left out */
    OC_COCO_BY_POSITION, /* label i is the i-th category by id: as many of both, other names */
} oc_coco_labels;

typedef struct oc_coco_mapping {
    oc_coco_labels by;
    int64_t       *category; /* [n_labels]; INT64_MIN: none */
    size_t         n_labels;
    size_t         n_unnamed; /* categories of the truth that no label stands for */
} oc_coco_mapping;

/* OC_INVALID: not a detector, no labels, or labels that fit in neither way. */
OC_MUST_CHECK oc_status oc_coco_map_labels(const oc_net *net, const oc_coco_set *truth,
                                           oc_coco_mapping *out, oc_error *err);
void                    oc_coco_mapping_finish(oc_coco_mapping *mapping); /* a zeroed one is fine */

typedef struct oc_coco_detect_options {
    const char *folder;      /* the truth's file names are relative to it */
    size_t      per_image;   /* the best so many are kept; 0 = 100, all that COCO looks at */
    bool        truth_boxes; /* oc_coco_pose: one look per box of the truth, crowds left out */
    /* Before each image; false stops with OC_CANCELLED.  May be NULL. */
    bool (*go_on)(void *ctx, size_t done, size_t n);
    void *ctx;
} oc_coco_detect_options;

/* All images of the truth.  Results as oc_coco_read_results gives them: boxes in thousandths of
 * a pixel, so that they are the same after oc_coco_write_results.
 *
 * OC_FORMAT  an image without file_name, one that is no picture, or one whose size is not what the
 *            truth says; OC_IO */
OC_MUST_CHECK oc_status oc_coco_detect(oc_net *net, const oc_coco_set *truth,
                                       const oc_coco_mapping        *mapping,
                                       const oc_coco_detect_options *options, oc_coco_set *out,
                                       oc_error *err);

/* Key-points of people: as above with a truth of key-points, whose category named "person", or only
 * one, the results get.  OC_INVALID: the network does not give 17 key-points, or no such category. */
OC_MUST_CHECK oc_status oc_coco_pose(oc_net *net, const oc_coco_set *truth,
                                     const oc_coco_detect_options *options, oc_coco_set *out,
                                     oc_error *err);

#endif

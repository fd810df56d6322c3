/* kitti.h -- KITTI's average precision of boxes in the image: car, pedestrian, cyclist; easy,
 * moderate, hard; 40 recall points.
 *
 * Source: the object development kit, evaluate_object.cpp, whose figures these equal. */
#ifndef OC_EVAL_KITTI_H
#define OC_EVAL_KITTI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#define OC_KITTI_CLASSES 3
#define OC_KITTI_LEVELS 3  /* easy, moderate, hard */
#define OC_KITTI_POINTS 41 /* recall 0, 1/40 ... 1 */

typedef enum oc_kitti_type {
    OC_KITTI_CAR,
    OC_KITTI_PEDESTRIAN,
    OC_KITTI_CYCLIST,
    OC_KITTI_VAN,            /* neighbour of car */
    OC_KITTI_PERSON_SITTING, /* neighbour of pedestrian */
    OC_KITTI_DONT_CARE,
    OC_KITTI_OTHER,
} oc_kitti_type;

typedef struct oc_kitti_object {
    oc_kitti_type type;
    int32_t       occlusion;  /* 0 seen whole, 1 partly, 2 largely covered, 3 unknown; truths */
    double        truncation; /* 0..1; truths */
    double        alpha;      /* radians, the angle it is seen from; results: -10 = not told */
    double        box[4];     /* left, top, right, bottom */
    double        score;      /* results */
} oc_kitti_object;

typedef struct oc_kitti_image {
    char            *name;           /* of its files, without ".txt" */
    oc_kitti_object *truth, *result; /* as in the files */
    size_t           n_truth, n_results;
} oc_kitti_image;

typedef struct oc_kitti_set {
    oc_kitti_image *image;
    size_t          n;
} oc_kitti_set;

/* Folders of text files, one an image; each file of results wants one of truth of the same name,
 * while truths without results are left out, as in the kit: a part of the data can be scored.
 * OC_IO, OC_FORMAT (file, line, reason), OC_NOT_FOUND: no results there. */
OC_MUST_CHECK oc_status oc_kitti_read(const char *truth, const char *results, oc_kitti_set *out,
                                      oc_error *err);
void                    oc_kitti_set_finish(oc_kitti_set *set); /* a zeroed one is fine */

typedef struct oc_kitti_curve {
    size_t n_truth; /* that count at this level */
    double precision[OC_KITTI_POINTS];
    double ap;    /* mean of points 1..40; -1 without truths */
    double ap_11; /* mean of every fourth point from 0 on, the measure until 2019; -1 */
    /* The same with each right result weighted by (1 + cos(error of alpha)) / 2: average orientation
     * similarity.  -1 also where any result of the set does not tell its alpha. */
    double orientation[OC_KITTI_POINTS];
    double aos, aos_11;
} oc_kitti_curve;

OC_MUST_CHECK oc_status oc_kitti_score(const oc_kitti_set *set,
                                       oc_kitti_curve      out[OC_KITTI_CLASSES][OC_KITTI_LEVELS],
                                       oc_error           *err);

/* ---- parts, for comparisons ---- */

/* One class at one level: where which image's counts change, over falling scores. */
typedef struct oc_kitti_record oc_kitti_record;
OC_MUST_CHECK oc_status oc_kitti_record_make(const oc_kitti_set *set, size_t cls, size_t level,
                                             oc_kitti_record **out, oc_error *err);
/* Its figures, each image as often as weight[image]; NULL: once. */
void oc_kitti_record_curve(const oc_kitti_record *record, const uint32_t *weight,
                           oc_kitti_curve *out);
/* Adds what each image has of truths, and of results right and wrong, at the lowest threshold. */
void oc_kitti_record_counts(const oc_kitti_record *record, uint32_t *truths, int64_t *right,
                            int64_t *wrong);
void oc_kitti_record_free(oc_kitti_record *record);

const char *oc_kitti_class_name(size_t i); /* "car" */
const char *oc_kitti_level_name(size_t i); /* "easy" */

#endif

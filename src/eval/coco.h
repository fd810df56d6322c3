/* coco.h -- how good a detector is: COCO's average precision and recall, for boxes, masks and
 * key-points.
 *
 * Source: cocoapi, PythonAPI/pycocotools/cocoeval.py, whose figures these equal (its choices among
 * equal overlaps, crowds, area ranges and annotations of id 0 included). */
#ifndef OC_EVAL_COCO_H
#define OC_EVAL_COCO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "eval/mask.h"
#include "ocellus/status.h"

#define OC_COCO_POINTS 17

typedef enum oc_coco_type { OC_COCO_BBOX, OC_COCO_SEGM, OC_COCO_KEYPOINTS } oc_coco_type;

typedef struct oc_coco_object {
    int64_t id, image, category;
    double  box[4]; /* x, y, w, h */
    double  area, score;
    bool    crowd, ignore;
    bool    labelled; /* key-points: there are any */
    union {
        double        *points; /* of key-points: [OC_COCO_POINTS][3], or NULL */
        const oc_mask *mask;   /* of masks; NULL: the truth does not list the image */
    };
} oc_coco_object;

typedef struct oc_coco_image {
    int64_t id;
    int32_t width, height; /* 0: not told */
    char   *file;          /* its name; NULL: not told */
} oc_coco_image;

typedef struct oc_coco_category {
    int64_t id;
    char   *name;
} oc_coco_category;

typedef struct oc_coco_set {
    oc_arena          mem;
    oc_coco_image    *images;     /* by id, each once */
    oc_coco_category *categories; /* by id, each once */
    oc_coco_object   *objects;    /* by category, then image, then as in the file */
    size_t            n_images, n_categories, n_objects, objects_cap;
} oc_coco_set;

/* OC_IO, OC_FORMAT (path, line and what is missing), OC_NOMEM. */
OC_MUST_CHECK oc_status oc_coco_read_truth(const char *path, oc_coco_type type, oc_coco_set *out,
                                           oc_error *err);
/* Results: an array of objects; those of images the truth does not have are an error, as in
 * pycocotools. */
OC_MUST_CHECK oc_status oc_coco_read_results(const char *path, oc_coco_type type,
                                             const oc_coco_set *truth, oc_coco_set *out,
                                             oc_error *err);
/* Boxes, and key-points where they are labelled, as a list of results; thousandths of a pixel.
 * OC_IO. */
OC_MUST_CHECK oc_status oc_coco_write_results(const char *path, const oc_coco_set *results,
                                              oc_error *err);
void                    oc_coco_set_finish(oc_coco_set *set); /* a zeroed one is fine */

/* Sets made in memory: add in any order, then sort once. */
OC_MUST_CHECK oc_status oc_coco_set_add(oc_coco_set *set, const oc_coco_object *object,
                                        oc_error *err);
OC_MUST_CHECK oc_status oc_coco_set_sort(oc_coco_set *set, oc_error *err);
const oc_coco_image    *oc_coco_set_image(const oc_coco_set *set, int64_t id); /* NULL: has none */

#define OC_COCO_IOUS 10     /* .50, .55 ... .95 */
#define OC_COCO_RECALLS 101 /* 0, .01 ... 1 */

typedef struct oc_coco_scores {
    /* all categories; -1 where nothing defines it.  Key-points have no small, 1 and 10. */
    double  ap, ap50, ap75, ap_small, ap_medium, ap_large;
    double  ar1, ar10, ar100, ar_small, ar_medium, ar_large; /* key-points: ar100 is at 20 */
    double  ar50, ar75;                                      /* key-points */
    double *category_ap; /* [n_categories of the truth], -1 where undefined */
    double *category_ap50;
    double *precision; /* [n_categories][OC_COCO_IOUS][OC_COCO_RECALLS], all areas; -1 */
} oc_coco_scores;

OC_MUST_CHECK oc_status oc_coco_score(const oc_coco_set *truth, const oc_coco_set *results,
                                      oc_coco_type type, oc_coco_scores *out, oc_error *err);
void                    oc_coco_scores_finish(oc_coco_scores *scores);

#endif

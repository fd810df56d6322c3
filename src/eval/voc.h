/* voc.h -- Pascal VOC's average precision of boxes.
 *
 * Source: the VOC development kit (VOCevaldet.m of 2007 and 2012): results of a class over all
 * images, best first; each looks at the truth it overlaps most, which a better one may have taken;
 * truths marked difficult neither count nor harm. */
#ifndef OC_EVAL_VOC_H
#define OC_EVAL_VOC_H

#include "eval/coco.h"

/* A folder of XML annotations.  Classes become categories 1, 2, ... by name; boxes include their
 * last row and column; `ignore` is `difficult`.  An image's file is its annotation's name without
 * ".xml"; its id is the number that name's digits make, or where two images would have the same,
 * for all of them the place by name from 1.
 *
 * OC_IO, OC_FORMAT (file, line, reason), OC_NOT_FOUND: no annotations there. */
OC_MUST_CHECK oc_status oc_voc_read_truth(const char *folder, oc_coco_set *out, oc_error *err);

/* A folder of files "<class>.txt" or "..._<class>.txt", lines "image score xmin ymin xmax ymax".
 * OC_NOT_FOUND: no file there is of a class of the truth. */
OC_MUST_CHECK oc_status oc_voc_read_results(const char *folder, const oc_coco_set *truth,
                                            oc_coco_set *out, oc_error *err);

typedef struct oc_voc_class {
    size_t n_truth, n_results; /* truths without the difficult ones */
    double ap;                 /* area under the curve (VOC 2010 on); -1 without truths */
    double ap_11;              /* mean at recalls 0, .1 ... 1 (VOC 2007); -1 */
    double recall, precision;  /* of all results; -1 without truths, precision 0 without results */
} oc_voc_class;

/* iou: a result this much over its truth is right (.5).  out[truth->n_categories]. */
OC_MUST_CHECK oc_status oc_voc_score(const oc_coco_set *truth, const oc_coco_set *results,
                                     double iou, oc_voc_class *out, oc_error *err);

/* ---- parts, for comparisons ---- */

typedef enum oc_voc_verdict { OC_VOC_WRONG, OC_VOC_RIGHT, OC_VOC_NEITHER } oc_voc_verdict;

typedef struct oc_voc_found {
    double         score;
    size_t         at;    /* among the results */
    uint32_t       image; /* the caller's number of the image, 0 at first */
    oc_voc_verdict verdict;
} oc_voc_found;

/* The results of a category, best first, judged; *out is the caller's to free. */
OC_MUST_CHECK oc_status oc_voc_judge(const oc_coco_set *truth, const oc_coco_set *results,
                                     int64_t category, double iou, oc_voc_found **out, size_t *n,
                                     oc_error *err);
/* Figures of judged results, each as often as weight[its image]; NULL: once.  n_truth > 0, weighted
 * likewise; scratch[2n]. */
void oc_voc_curve(const oc_voc_found *found, size_t n, const uint32_t *weight, double n_truth,
                  double *scratch, oc_voc_class *out);

#endif

/* parity_boxes.h -- a reference's boxes, and which of ours they are. */
#ifndef OC_EVAL_PARITY_BOXES_H
#define OC_EVAL_PARITY_BOXES_H

#include "ocellus/detect.h"
#include "vision/card.h"

typedef struct eval_boxes {
    struct eval_named_box {
        char   label[64];
        oc_box box;
        double score;
    } * item;
    size_t n;
    bool   there; /* the file was */
} eval_boxes;

/* OC_FORMAT with the file and the entry. */
OC_MUST_CHECK oc_status eval_boxes_read(const char *path, eval_boxes *out, oc_error *err);
void                    eval_boxes_finish(eval_boxes *boxes);

typedef struct eval_box_match {
    size_t matched, lost, extra; /* lost: the reference's alone; extra: ours alone */
    double worst_score, worst_overlap;
    char   text[160];
} eval_box_match;

/* Pairs of one label, best overlap first, of at least `overlap`. */
eval_box_match eval_boxes_match(const eval_boxes *reference, const oc_detections *ours,
                                const oc_card *card, double overlap);

#endif

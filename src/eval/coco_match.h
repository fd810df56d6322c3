/* coco_match.h -- which detection found which truth, image by image: what COCO's figures are made of. */
#ifndef OC_EVAL_COCO_MATCH_H
#define OC_EVAL_COCO_MATCH_H

#include "eval/coco.h"

#define COCO_AREAS 4 /* all, small, medium, large */

/* What is known of one detection at one area range, bit t for threshold t. */
typedef struct verdict {
    double   score;
    uint32_t image; /* index */
    uint16_t matched, ignored;
    uint16_t rank; /* among its image's detections of the category */
} verdict;

typedef struct coco_matcher {
    const oc_coco_set *gt, *dt;
    oc_coco_type       type;
    size_t             dets_max;
    /* of one category at all areas: [COCO_AREAS][n], the images in ascending order */
    verdict  *verdict[COCO_AREAS];
    size_t    n, cap;
    size_t    n_gt[COCO_AREAS]; /* that count */
    uint32_t *image_gt;         /* [images][COCO_AREAS], likewise; NULL: not wanted */
    /* scratch of one image */
    const oc_coco_object **g, **d;
    size_t                *order;
    double                *overlap; /* [d][g] */
    size_t                 g_cap, d_cap;
    bool                  *g_ignore;
    uint16_t              *g_taken; /* bit t: matched at threshold t */
    oc_error              *err;
} coco_matcher;

/* Best first; among equals, the order of `at`. */
typedef struct coco_scored {
    double score;
    size_t at;
} coco_scored;
int coco_best_first(const void *a, const void *b);

/* gt, dt, type and err are the caller's; the rest is made.  Category by category. */
void coco_matcher_init(coco_matcher *s, const oc_coco_set *gt, const oc_coco_set *dt,
                       oc_coco_type type, oc_error *err);
OC_MUST_CHECK oc_status coco_match_category(coco_matcher *s, int64_t category);
void                    coco_matcher_finish(coco_matcher *s);

#endif

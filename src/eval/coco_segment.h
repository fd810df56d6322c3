/* coco_segment.h -- the "segmentation" of an annotation: polygons, run lengths, or as text. */
#ifndef OC_EVAL_COCO_SEGMENT_H
#define OC_EVAL_COCO_SEGMENT_H

#include "data/json_pull.h"
#include "eval/mask.h"

/* As it stands in the file: the image's size may be told further down.  Used again for the next. */
typedef struct coco_segment { /* a zeroed one is ready */
    double *number;           /* corners of all polygons, or run lengths */
    size_t *part;             /* where each polygon ends */
    char   *text;             /* run lengths as text; NULL: there is none */
    size_t  n, cap, n_parts, parts_cap;
    double  size[2]; /* height, width of run lengths */
    bool    runs;
} coco_segment;

OC_MUST_CHECK oc_status coco_segment_read(coco_segment *s, oc_json *json, oc_error *err);
/* width, height: the image's, 0 = not told, which only run lengths can do without. */
OC_MUST_CHECK oc_status coco_segment_mask(const coco_segment *s, uint32_t width, uint32_t height,
                                          oc_arena *mem, oc_mask *out, oc_error *err);
void                    coco_segment_finish(coco_segment *s);

#endif

/* mask.h -- which pixels of an image an object covers.
 *
 * Pixels are numbered down the columns, as COCO does: pixel y of column x is x * height + y.  A
 * mask is the ascending list of spans [begin, end) of numbers that it covers, no two touching.
 *
 * Source: cocoapi, common/maskApi (its rule for polygons and its text form of run lengths); equal
 * to it pixel by pixel. */
#ifndef OC_EVAL_MASK_H
#define OC_EVAL_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "ocellus/status.h"

typedef struct oc_mask_span {
    uint32_t begin, end;
} oc_mask_span;

typedef struct oc_mask { /* a zeroed one covers nothing */
    const oc_mask_span *span;
    uint32_t            n, area;
    uint16_t box[4]; /* x0, y0, x1, y1: columns and rows touched, x1 and y1 behind them */
} oc_mask;

#define OC_MASK_SIDE_MAX 16384

/* The spans of all masks below are the arena's.  OC_FORMAT says what is wrong, OC_NOMEM. */

/* A closed polygon of n corners, xy[n][2] in pixels. */
OC_MUST_CHECK oc_status oc_mask_polygon(oc_arena *mem, const double *xy, size_t n, uint32_t width,
                                        uint32_t height, oc_mask *out, oc_error *err);
/* Run lengths, pixels left out and pixels covered by turns. */
OC_MUST_CHECK oc_status oc_mask_runs(oc_arena *mem, const uint32_t *run, size_t n, uint32_t width,
                                     uint32_t height, oc_mask *out, oc_error *err);
/* The same in COCO's text form: differences from the run before last, five bits a character. */
OC_MUST_CHECK oc_status oc_mask_text(oc_arena *mem, const char *text, uint32_t width,
                                     uint32_t height, oc_mask *out, oc_error *err);
OC_MUST_CHECK oc_status oc_mask_union(oc_arena *mem, const oc_mask *a, const oc_mask *b,
                                      uint32_t height, oc_mask *out, oc_error *err);

/* Covered by both over covered by either; of a crowd, over covered by d. */
double oc_mask_overlap(const oc_mask *d, const oc_mask *g, bool crowd);

#endif

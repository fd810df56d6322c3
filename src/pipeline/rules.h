/* rules.h -- lines that tracks cross, zones that they are in. */
#ifndef OC_PIPELINE_RULES_H
#define OC_PIPELINE_RULES_H

#include "pipeline/objects.h"

typedef struct oc_line {
    const oc_line_config *config;
    uint8_t              *labels;   /* [n_labels] wanted; NULL = all */
    oc_xy                 from, to; /* pixels */
    uint64_t              total[2]; /* by direction */
} oc_line;

typedef struct oc_zone {
    const oc_zone_config *config;
    uint8_t              *labels;
    oc_xy                 corner[OC_CORNERS_MAX]; /* pixels */
    uint64_t              entered, inside, inside_max;
    double                dwell_sum_s; /* of those that exited */
    uint64_t              exited;
} oc_zone;

/* Who is told; object and rule are the pipeline's. */
typedef struct oc_rules_told {
    void *ctx;
    void (*crossed)(void *ctx, const oc_object *object, const oc_line *line, int direction);
    void (*zone)(void *ctx, const oc_object *object, const oc_zone *zone, bool entered,
                 double dwell_s);
} oc_rules_told;

typedef struct oc_rules {
    oc_line       line[OC_LINES_MAX];
    oc_zone       zone[OC_ZONES_MAX];
    size_t        n_lines, n_zones, n_labels;
    oc_rules_told told;
} oc_rules;

/* The label lists must have been filled in (oc_labels_resolve) or be NULL. */
void oc_rules_init(oc_rules *r, const oc_pipeline_config *c, size_t n_labels,
                   const oc_rules_told *told);
void oc_rules_size(oc_rules *r, int32_t width, int32_t height); /* of the frames */

/* After oc_objects_sync.  Ended tracks leave the zones they are in.  Allocates nothing. */
void oc_rules_run(oc_rules *r, const oc_objects *objects, double time_s);

/* The zone goes: an object that is in it has left it now. */
void oc_rules_leave(oc_rules *r, size_t zone, oc_object *object, double time_s);

bool oc_polygon_contains(const oc_xy *corner, size_t n, oc_xy p); /* even-odd */

#endif

/* scene.h -- what is drawn onto a frame: a copy, so that another thread can draw it. */
#ifndef OC_PIPELINE_SCENE_H
#define OC_PIPELINE_SCENE_H

#include "media/draw.h"
#include "pipeline/objects.h"
#include "pipeline/rules.h"
#include "vision/card.h"

#define OC_SCENE_OBJECTS_MAX 96
#define OC_SCENE_TRAIL_MAX 24

typedef struct oc_scene_object {
    uint64_t id;
    oc_box   box;
    char     text[112];
    oc_xy    trail[OC_SCENE_TRAIL_MAX]; /* oldest first */
    size_t   n_trail;
    oc_point points[OC_POINTS_MAX];
    size_t   n_points;
} oc_scene_object;

typedef struct oc_scene_line {
    oc_xy from, to;
    char  text[160];
} oc_scene_line;

typedef struct oc_scene_zone {
    oc_xy  corner[OC_CORNERS_MAX];
    size_t n;
    bool   busy;
    char   text[96];
} oc_scene_zone;

typedef struct oc_scene {
    oc_scene_object object[OC_SCENE_OBJECTS_MAX];
    oc_scene_line   line[OC_LINES_MAX];
    oc_scene_zone   zone[OC_ZONES_MAX];
    size_t          n, n_lines, n_zones;
    char            head[160];
} oc_scene;

typedef struct oc_scene_from {
    const char       *title;
    const oc_card    *card; /* of the detector: names of labels */
    const oc_objects *objects;
    const oc_rules   *rules;
    double            time_s;
    size_t            n_recognisers;
    bool              many_labels; /* tell each object's */
} oc_scene_from;

void oc_scene_fill(oc_scene *scene, const oc_scene_from *from);
/* frame: I420, limited range, the caller's alone. */
void oc_scene_draw(const oc_scene *scene, oc_frame *frame);

#endif

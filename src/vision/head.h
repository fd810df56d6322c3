/* head.h -- what turns a network's outputs into things: one small decoder a file, chosen and
 * parameterised by the network's card. */
#ifndef OC_VISION_HEAD_H
#define OC_VISION_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "config/yaml.h"
#include "core/arena.h"
#include "media/to_tensor.h"
#include "ocellus/detect.h"
#include "ocellus/session.h"

/* What a head gives: which fields of oc_result it fills. */
typedef enum oc_head_kind {
    OC_HEAD_DETECT, /* detections; with key-points where detections.n_points > 0 */
    OC_HEAD_CLASS,  /* classes */
    OC_HEAD_TEXT,   /* text, confidence */
    OC_HEAD_EMBED,  /* embedding */
} oc_head_kind;

typedef struct oc_class {
    uint32_t label; /* index into the network's labels */
    float    score;
} oc_class;

/* Memory belongs to the network object and stays valid until its next run. */
typedef struct oc_result {
    oc_detections   detections; /* best first */
    const oc_class *classes;    /* best first */
    size_t          n_classes;
    const char     *text; /* UTF-8; "" where nothing was read */
    float           confidence;
    const float    *embedding;
    size_t          n_embedding;
} oc_result;

typedef struct oc_head_bind {
    const void        *params;        /* filled in by parse */
    int32_t            width, height; /* of the input these outputs belong to */
    const oc_port     *outputs;       /* with bound shapes; f16 ones are f32 by here */
    size_t             n_outputs;
    const char *const *labels; /* may be NULL */
    size_t             n_labels;
    oc_arena          *arena; /* state and scratch for decode */
} oc_head_bind;

typedef struct oc_head_ops {
    const char  *name; /* "yolox": `type` in the card's head section */
    oc_head_kind kind;
    size_t       params_bytes;

    /* Reads the head's section of the card (oc_yaml_end is the caller's).  Texts in the map live as
     * long as the params. */
    void (*parse)(oc_yaml_map *map, oc_arena *arena, void *params);
    /* Checks that the outputs fit the parameters and prepares scratch.  OC_INVALID: they do not; the
     * message names the output and what it should be. */
    oc_status (*bind)(const oc_head_bind *bind, void **state, oc_error *err);
    /* outs: f32, in the order of bind's outputs.  map: input pixels to frame pixels.  `result` is
     * zeroed by the caller.  Does not allocate, cannot fail; NaN scores count as 0. */
    void (*decode)(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                   oc_result *result);
} oc_head_ops;

const oc_head_ops *oc_head_find(const char *name);
/* The i-th head of src/vision/heads.inc, NULL past the end. */
const oc_head_ops *oc_head_at(size_t i);

/* ---- for heads ---- */

/* Index of the output called `name`; with name NULL, the only output there is.  -1 with a message. */
OC_MUST_CHECK int oc_head_output(const oc_head_bind *bind, const char *name, oc_error *err);
/* Checks that output i has the given dimensions (-1 = any); ones in front do not count.
 * OC_INVALID says both shapes. */
OC_MUST_CHECK oc_status oc_head_shape(const oc_head_bind *bind, int i, size_t n,
                                      const int64_t *dims, oc_error *err);
/* The j-th of the dimensions checked with the same n. */
int64_t oc_head_dim(const oc_head_bind *bind, int i, size_t n, size_t j);

/* How detections are chosen.  The parameters of heads of kind OC_HEAD_DETECT begin with it. */
typedef struct oc_head_select {
    float  score;    /* candidates below are not looked at */
    float  iou;      /* of suppression; 1 = none */
    bool   agnostic; /* suppression across labels */
    size_t top_k;    /* candidates that enter suppression */
    size_t keep_max; /* detections given at most */
} oc_head_select;

/* Keys score, iou, agnostic, top_k, keep. */
void oc_head_select_parse(oc_yaml_map *map, float score, float iou, oc_head_select *select);

/* Candidates that passed the score threshold, and the memory their winners go to. */
typedef struct oc_candidates {
    const oc_head_select *select;
    oc_detection         *items; /* in input pixels */
    uint32_t     *source; /* where in the outputs the item came from: the head's own numbering */
    uint32_t     *order;
    size_t        n, cap;
    oc_detection *kept;
    oc_point     *points; /* of the kept ones */
    size_t        n_points;
} oc_candidates;

OC_MUST_CHECK oc_status oc_candidates_init(oc_candidates *c, oc_arena *arena,
                                           const oc_head_select *select, size_t cap,
                                           size_t n_points, oc_error *err);
/* Drops a candidate whose score or box is not finite (networks do overflow). */
void oc_candidates_add(oc_candidates *c, oc_box box, float score, uint32_t label, uint32_t source);

/* Suppression, then the survivors in frame pixels into result->detections.  Candidate
 * c->order[i] became detection i; its key-points, c->points[i * n_points], are the head's to fill. */
void oc_candidates_finish(oc_candidates *c, const oc_to_tensor_map *map, oc_result *result);

static inline oc_point oc_map_point(const oc_to_tensor_map *map, float x, float y, float score)
{
    return (oc_point){x * map->scale_x + map->offset_x, y * map->scale_y + map->offset_y, score};
}

static inline oc_box oc_map_box(const oc_to_tensor_map *map, oc_box b)
{
    return (oc_box){b.x0 * map->scale_x + map->offset_x, b.y0 * map->scale_y + map->offset_y,
                    b.x1 * map->scale_x + map->offset_x, b.y1 * map->scale_y + map->offset_y};
}

#endif

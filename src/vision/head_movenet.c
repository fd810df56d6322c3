/* MoveNet: key-points of one person in a crop, or of several in a picture.
 *
 *   single  [1, 1, K, 3]       y, x, score of each key-point
 *   multi   [1, P, 3 K + 5]    per pose its key-points, then y0, x0, y1, x1, score
 *
 * Coordinates are parts (0..1) of the input.  The box of a single pose is the hull of the points
 * with at least `point_score`; its score is the mean over all points. */
#include <math.h>

#include "vision/head.h"

typedef struct movenet_params {
    oc_head_select select;
    const char    *output;
    float          point_score;
    int64_t        points;
} movenet_params;

typedef struct movenet_state {
    const movenet_params *p;
    oc_candidates         c;
    int                   output;
    bool                  multi;
    float                 width, height;
    size_t                poses, points;
} movenet_state;

static void movenet_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    movenet_params *p = params;
    (void)arena;
    oc_head_select_parse(map, 0, 1, &p->select);
    p->output = oc_yaml_text_or(map, "output", NULL);
    p->point_score = (float)oc_yaml_float_or(map, "point_score", 0, 1, .2);
    p->points = oc_yaml_int_or(map, "points", 1, OC_POINTS_MAX, 17);
}

static oc_status movenet_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    const movenet_params *p = bind->params;
    int                   i = oc_head_output(bind, p->output, err);
    if (i < 0)
        return OC_INVALID;
    const oc_shape *shape = &bind->outputs[i].info.shape;
    bool            multi = shape->rank > 0 && shape->dim[shape->rank - 1] == 3 * p->points + 5;
    int64_t         single[2] = {p->points, 3}, several[2] = {-1, 3 * p->points + 5};
    oc_status       st = oc_head_shape(bind, i, 2, multi ? several : single, err);
    if (st != OC_OK)
        return st;
    movenet_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    s->p = p;
    s->output = i;
    s->multi = multi;
    s->width = (float)bind->width;
    s->height = (float)bind->height;
    s->poses = multi ? (size_t)oc_head_dim(bind, i, 2, 0) : 1;
    s->points = (size_t)p->points;
    *state = s;
    return oc_candidates_init(&s->c, bind->arena, &p->select, s->poses, s->points, err);
}

static void add_single(movenet_state *s, const float *k)
{
    oc_box hull = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    float  sum = 0;
    for (size_t j = 0; j < s->points; j++, k += 3) {
        sum += k[2];
        if (!(k[2] >= s->p->point_score))
            continue;
        hull.x0 = fminf(hull.x0, k[1] * s->width);
        hull.y0 = fminf(hull.y0, k[0] * s->height);
        hull.x1 = fmaxf(hull.x1, k[1] * s->width);
        hull.y1 = fmaxf(hull.y1, k[0] * s->height);
    }
    float score = sum / (float)s->points;
    if (score >= s->p->select.score)
        oc_candidates_add(&s->c, hull, score, 0, 0);
}

static void add_multi(movenet_state *s, const float *rows)
{
    for (size_t i = 0; i < s->poses; i++) {
        const float *b = rows + i * (3 * s->points + 5) + 3 * s->points;
        if (b[4] >= s->p->select.score)
            oc_candidates_add(
                &s->c,
                (oc_box){b[1] * s->width, b[0] * s->height, b[3] * s->width, b[2] * s->height},
                b[4], 0, (uint32_t)i);
    }
}

static void movenet_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                           oc_result *result)
{
    movenet_state *s = state;
    const float   *rows = outs[s->output].data;
    if (s->multi)
        add_multi(s, rows);
    else
        add_single(s, rows);
    oc_candidates_finish(&s->c, map, result);
    for (size_t i = 0; i < result->detections.n; i++) {
        const float *k = rows + s->c.source[s->c.order[i]] * (3 * s->points + 5);
        for (size_t j = 0; j < s->points; j++, k += 3)
            s->c.points[i * s->points + j] =
                oc_map_point(map, k[1] * s->width, k[0] * s->height, fminf(fmaxf(k[2], 0), 1));
    }
}

const oc_head_ops oc_head_movenet = {
    .name = "movenet",
    .kind = OC_HEAD_DETECT,
    .params_bytes = sizeof(movenet_params),
    .parse = movenet_parse,
    .bind = movenet_bind,
    .decode = movenet_decode,
};

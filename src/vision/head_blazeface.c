/* BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047): faces with six points.
 *
 * Per level two outputs, rows cell by cell in raster order, all anchors of a cell together:
 *   scores  [1, N, 1]                 logits
 *   boxes   [1, N, 4 + 2 points]      centre x, y; width, height; points x, y: input pixels,
 *                                     centre and points relative to the cell's centre */
#include <math.h>

#include "vision/head.h"

#define LEVELS_MAX 4

typedef struct blazeface_params {
    oc_head_select select;
    size_t         n_levels;
    int64_t        strides[LEVELS_MAX], anchors[LEVELS_MAX];
    const char    *scores[LEVELS_MAX], *boxes[LEVELS_MAX];
    int64_t        points;
} blazeface_params;

typedef struct blazeface_level {
    int     scores, boxes;
    int64_t columns, rows, stride, anchors, n;
} blazeface_level;

typedef struct blazeface_state {
    const blazeface_params *p;
    oc_candidates           c;
    blazeface_level         level[LEVELS_MAX];
} blazeface_state;

static void blazeface_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    blazeface_params *p = params;
    (void)arena;
    oc_head_select_parse(map, .5f, .3f, &p->select);
    p->n_levels = oc_yaml_ints(map, "strides", 1, 256, 1, LEVELS_MAX, p->strides);
    p->points = oc_yaml_int_or(map, "points", 0, OC_POINTS_MAX, 6);
    if (oc_yaml_ints(map, "anchors", 1, 64, 1, LEVELS_MAX, p->anchors) != p->n_levels)
        oc_yaml_object(map, "anchors", "a number for each of the strides is needed");
    if (oc_yaml_texts_or(map, "scores", LEVELS_MAX, p->scores) != p->n_levels)
        oc_yaml_object(map, "scores", "an output's name for each of the strides is needed");
    if (oc_yaml_texts_or(map, "boxes", LEVELS_MAX, p->boxes) != p->n_levels)
        oc_yaml_object(map, "boxes", "an output's name for each of the strides is needed");
}

static oc_status bind_level(const oc_head_bind *bind, const blazeface_params *p, size_t l,
                            blazeface_level *v, oc_error *err)
{
    v->stride = p->strides[l];
    v->anchors = p->anchors[l];
    v->columns = bind->width / v->stride;
    v->rows = bind->height / v->stride;
    v->n = v->columns * v->rows * v->anchors;
    v->scores = oc_head_output(bind, p->scores[l], err);
    if (v->scores < 0)
        return OC_INVALID;
    v->boxes = oc_head_output(bind, p->boxes[l], err);
    if (v->boxes < 0)
        return OC_INVALID;
    oc_status st = oc_head_shape(bind, v->scores, 2, (int64_t[]){v->n, 1}, err);
    if (st == OC_OK)
        st = oc_head_shape(bind, v->boxes, 2, (int64_t[]){v->n, 4 + 2 * p->points}, err);
    return st;
}

static oc_status blazeface_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    blazeface_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    s->p = bind->params;
    int64_t all = 0;
    for (size_t l = 0; l < s->p->n_levels; l++) {
        oc_status st = bind_level(bind, s->p, l, &s->level[l], err);
        if (st != OC_OK)
            return st;
        all += s->level[l].n;
    }
    *state = s;
    return oc_candidates_init(&s->c, bind->arena, &s->p->select, (size_t)all, (size_t)s->p->points,
                              err);
}

static void cell_center(const blazeface_level *v, int64_t i, float *x, float *y)
{
    int64_t cell = i / v->anchors;
    *x = ((float)(cell % v->columns) + .5f) * (float)v->stride;
    *y = ((float)(cell / v->columns) + .5f) * (float)v->stride;
}

static void decode_level(blazeface_state *s, const blazeface_level *v, uint32_t first,
                         const oc_tensor_view *outs)
{
    const float *scores = outs[v->scores].data, *boxes = outs[v->boxes].data;
    int64_t      columns = 4 + 2 * s->p->points;
    for (int64_t i = 0; i < v->n; i++) {
        float score = 1 / (1 + expf(-scores[i]));
        if (!(score >= s->p->select.score))
            continue;
        const float *b = boxes + i * columns;
        float        x, y;
        cell_center(v, i, &x, &y);
        x += b[0];
        y += b[1];
        oc_candidates_add(&s->c, (oc_box){x - b[2] / 2, y - b[3] / 2, x + b[2] / 2, y + b[3] / 2},
                          score, 0, first + (uint32_t)i);
    }
}

static void face_points(const blazeface_state *s, uint32_t source, const oc_tensor_view *outs,
                        const oc_to_tensor_map *map, float score, oc_point *points)
{
    const blazeface_level *v = s->level;
    int64_t                i = source;
    for (; i >= v->n; v++)
        i -= v->n;
    const float *k = (const float *)outs[v->boxes].data + i * (4 + 2 * s->p->points) + 4;
    float        x, y;
    cell_center(v, i, &x, &y);
    for (int64_t j = 0; j < s->p->points; j++)
        points[j] = oc_map_point(map, x + k[2 * j], y + k[2 * j + 1], score);
}

static void blazeface_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                             oc_result *result)
{
    blazeface_state *s = state;
    uint32_t         first = 0;
    for (size_t l = 0; l < s->p->n_levels; l++) {
        decode_level(s, &s->level[l], first, outs);
        first += (uint32_t)s->level[l].n;
    }
    oc_candidates_finish(&s->c, map, result);
    for (size_t i = 0; i < result->detections.n; i++)
        face_points(s, s->c.source[s->c.order[i]], outs, map, s->c.kept[i].score,
                    s->c.points + i * s->c.n_points);
}

const oc_head_ops oc_head_blazeface = {
    .name = "blazeface",
    .kind = OC_HEAD_DETECT,
    .params_bytes = sizeof(blazeface_params),
    .parse = blazeface_parse,
    .bind = blazeface_bind,
    .decode = blazeface_decode,
};

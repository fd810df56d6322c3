/* YuNet (Wu et al. 2023): faces with five points.
 *
 * Per stride four outputs, rows in raster order of the cells:
 *   classes [1, N, 1], objects [1, N, 1]   already through the sigmoid
 *   boxes   [1, N, 4]                      offset x, y; log width, height, in strides
 *   points  [1, N, 10]                     x, y of eyes, nose, mouth corners, in strides
 *
 *   score = sqrt(class * object)    cx = (gx + x) s    w = exp(w) s    point = (g + k) s */
#include <math.h>

#include "vision/head.h"

#define STRIDES_MAX 5
#define POINTS 5

typedef struct yunet_params {
    oc_head_select select;
    size_t         n_strides;
    int64_t        strides[STRIDES_MAX];
    const char    *classes[STRIDES_MAX], *objects[STRIDES_MAX];
    const char    *boxes[STRIDES_MAX], *points[STRIDES_MAX];
} yunet_params;

typedef struct yunet_level {
    int     classes, objects, boxes, points;
    int64_t columns, rows, stride;
} yunet_level;

typedef struct yunet_state {
    const yunet_params *p;
    oc_candidates       c;
    yunet_level         level[STRIDES_MAX];
} yunet_state;

static void yunet_names(oc_yaml_map *map, const char *key, size_t n, const char **names)
{
    if (oc_yaml_texts_or(map, key, STRIDES_MAX, names) != n)
        oc_yaml_object(map, key, "an output's name for each of the strides is needed");
}

static void yunet_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    yunet_params *p = params;
    (void)arena;
    oc_head_select_parse(map, .6f, .45f, &p->select);
    p->n_strides = oc_yaml_ints(map, "strides", 1, 256, 1, STRIDES_MAX, p->strides);
    yunet_names(map, "classes", p->n_strides, p->classes);
    yunet_names(map, "objects", p->n_strides, p->objects);
    yunet_names(map, "boxes", p->n_strides, p->boxes);
    yunet_names(map, "points", p->n_strides, p->points);
}

static oc_status bind_output(const oc_head_bind *bind, const char *name, int64_t cells,
                             int64_t columns, int *out, oc_error *err)
{
    *out = oc_head_output(bind, name, err);
    if (*out < 0)
        return OC_INVALID;
    return oc_head_shape(bind, *out, 2, (int64_t[]){cells, columns}, err);
}

static oc_status yunet_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    yunet_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    const yunet_params *p = s->p = bind->params;
    int64_t             all = 0;
    for (size_t l = 0; l < p->n_strides; l++) {
        yunet_level *v = &s->level[l];
        v->stride = p->strides[l];
        v->columns = bind->width / v->stride;
        v->rows = bind->height / v->stride;
        int64_t   cells = v->columns * v->rows;
        oc_status st;
        if ((st = bind_output(bind, p->classes[l], cells, 1, &v->classes, err)) != OC_OK ||
            (st = bind_output(bind, p->objects[l], cells, 1, &v->objects, err)) != OC_OK ||
            (st = bind_output(bind, p->boxes[l], cells, 4, &v->boxes, err)) != OC_OK ||
            (st = bind_output(bind, p->points[l], cells, 2 * POINTS, &v->points, err)) != OC_OK)
            return st;
        all += cells;
    }
    *state = s;
    return oc_candidates_init(&s->c, bind->arena, &p->select, (size_t)all, POINTS, err);
}

static void decode_level(yunet_state *s, const yunet_level *v, uint32_t first,
                         const oc_tensor_view *outs)
{
    const float *classes = outs[v->classes].data, *objects = outs[v->objects].data;
    const float *boxes = outs[v->boxes].data;
    float        stride = (float)v->stride;
    for (int64_t i = 0; i < v->columns * v->rows; i++) {
        float score = sqrtf(fminf(fmaxf(classes[i], 0), 1) * fminf(fmaxf(objects[i], 0), 1));
        if (!(score >= s->p->select.score))
            continue;
        const float *b = boxes + i * 4;
        float        cx = ((float)(i % v->columns) + b[0]) * stride;
        float        cy = ((float)(i / v->columns) + b[1]) * stride;
        float        w = expf(b[2]) * stride / 2, h = expf(b[3]) * stride / 2;
        oc_candidates_add(&s->c, (oc_box){cx - w, cy - h, cx + w, cy + h}, score, 0,
                          first + (uint32_t)i);
    }
}

static void face_points(const yunet_state *s, uint32_t source, const oc_tensor_view *outs,
                        const oc_to_tensor_map *map, float score, oc_point *points)
{
    const yunet_level *v = s->level;
    int64_t            i = source;
    for (; i >= v->columns * v->rows; v++)
        i -= v->columns * v->rows;
    const float *k = (const float *)outs[v->points].data + i * 2 * POINTS;
    for (int j = 0; j < POINTS; j++)
        points[j] =
            oc_map_point(map, ((float)(i % v->columns) + k[2 * j]) * (float)v->stride,
                         ((float)(i / v->columns) + k[2 * j + 1]) * (float)v->stride, score);
}

static void yunet_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                         oc_result *result)
{
    yunet_state *s = state;
    uint32_t     first = 0;
    for (size_t l = 0; l < s->p->n_strides; l++) {
        decode_level(s, &s->level[l], first, outs);
        first += (uint32_t)(s->level[l].columns * s->level[l].rows);
    }
    oc_candidates_finish(&s->c, map, result);
    for (size_t i = 0; i < result->detections.n; i++)
        face_points(s, s->c.source[s->c.order[i]], outs, map, s->c.kept[i].score,
                    s->c.points + i * POINTS);
}

const oc_head_ops oc_head_yunet = {
    .name = "yunet",
    .kind = OC_HEAD_DETECT,
    .params_bytes = sizeof(yunet_params),
    .parse = yunet_parse,
    .bind = yunet_bind,
    .decode = yunet_decode,
};

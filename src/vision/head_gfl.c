/* Generalised focal loss heads (Li et al. 2020, arXiv:2006.04388): NanoDet, PicoDet.
 *
 * Per stride two outputs, rows in raster order of the cells:
 *   scores  [1, N, classes]           already through the sigmoid
 *   boxes   [1, N, 4 (reg_max + 1)]   logits over distances 0 .. reg_max, for left, top, right,
 *                                     bottom; the distance is the expectation, in strides
 *
 * A cell's centre is (g + center) s + shift: center .5, shift 0 or -.5 by family. */
#include <math.h>

#include "vision/head.h"

#define STRIDES_MAX 5
#define BINS_MAX 33

typedef struct gfl_params {
    oc_head_select select;
    size_t         n_strides;
    int64_t        strides[STRIDES_MAX];
    const char    *scores[STRIDES_MAX], *boxes[STRIDES_MAX];
    int64_t        reg_max;
    float          center, shift;
} gfl_params;

typedef struct gfl_state {
    const gfl_params *p;
    oc_candidates     c;
    int               scores[STRIDES_MAX], boxes[STRIDES_MAX];
    int64_t           columns[STRIDES_MAX], rows[STRIDES_MAX];
    size_t            classes;
} gfl_state;

static void gfl_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    gfl_params *p = params;
    (void)arena;
    oc_head_select_parse(map, .4f, .6f, &p->select);
    p->n_strides = oc_yaml_ints(map, "strides", 1, 256, 1, STRIDES_MAX, p->strides);
    p->reg_max = oc_yaml_int(map, "reg_max", 1, BINS_MAX - 1);
    p->center = (float)oc_yaml_float_or(map, "center", 0, 1, .5);
    p->shift = (float)oc_yaml_float_or(map, "shift", -1, 1, 0);
    if (oc_yaml_texts_or(map, "scores", STRIDES_MAX, p->scores) != p->n_strides)
        oc_yaml_object(map, "scores", "an output's name for each of the strides is needed");
    if (oc_yaml_texts_or(map, "boxes", STRIDES_MAX, p->boxes) != p->n_strides)
        oc_yaml_object(map, "boxes", "an output's name for each of the strides is needed");
}

static oc_status bind_level(const oc_head_bind *bind, gfl_state *s, size_t l, oc_error *err)
{
    const gfl_params *p = s->p;
    /* Sizes that the stride does not divide are rounded up by the convolutions. */
    s->columns[l] = (bind->width + p->strides[l] - 1) / p->strides[l];
    s->rows[l] = (bind->height + p->strides[l] - 1) / p->strides[l];
    int64_t cells = s->columns[l] * s->rows[l];
    if ((s->scores[l] = oc_head_output(bind, p->scores[l], err)) < 0 ||
        (s->boxes[l] = oc_head_output(bind, p->boxes[l], err)) < 0)
        return OC_INVALID;
    int64_t   classes = bind->n_labels ? (int64_t)bind->n_labels : l ? (int64_t)s->classes : -1;
    oc_status st = oc_head_shape(bind, s->scores[l], 2, (int64_t[]){cells, classes}, err);
    if (st == OC_OK)
        st = oc_head_shape(bind, s->boxes[l], 2, (int64_t[]){cells, 4 * (p->reg_max + 1)}, err);
    if (st == OC_OK)
        s->classes = (size_t)oc_head_dim(bind, s->scores[l], 2, 1);
    return st;
}

static oc_status gfl_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    gfl_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    s->p = bind->params;
    int64_t cells = 0;
    for (size_t l = 0; l < s->p->n_strides; l++) {
        oc_status st = bind_level(bind, s, l, err);
        if (st != OC_OK)
            return st;
        cells += s->columns[l] * s->rows[l];
    }
    *state = s;
    return oc_candidates_init(&s->c, bind->arena, &s->p->select, (size_t)cells, 0, err);
}

static float expectation(const float *logits, int64_t n)
{
    float most = logits[0], sum = 0, moment = 0;
    for (int64_t j = 1; j < n; j++)
        most = fmaxf(most, logits[j]);
    for (int64_t j = 0; j < n; j++) {
        float e = expf(logits[j] - most);
        sum += e;
        moment += e * (float)j;
    }
    return moment / sum;
}

static oc_box cell_box(const gfl_params *p, const float *logits, int64_t gx, int64_t gy, float s)
{
    int64_t bins = p->reg_max + 1;
    float   d[4];
    for (int side = 0; side < 4; side++)
        d[side] = expectation(logits + side * bins, bins) * s;
    float cx = ((float)gx + p->center) * s + p->shift, cy = ((float)gy + p->center) * s + p->shift;
    return (oc_box){cx - d[0], cy - d[1], cx + d[2], cy + d[3]};
}

static void gfl_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                       oc_result *result)
{
    gfl_state        *s = state;
    const gfl_params *p = s->p;
    for (size_t l = 0; l < p->n_strides; l++) {
        const float *scores = outs[s->scores[l]].data;
        const float *boxes = outs[s->boxes[l]].data;
        int64_t      cells = s->columns[l] * s->rows[l];
        for (int64_t i = 0; i < cells; i++, scores += s->classes) {
            size_t best = 0;
            for (size_t k = 1; k < s->classes; k++)
                if (scores[k] > scores[best])
                    best = k;
            if (!(scores[best] >= p->select.score))
                continue;
            oc_box box = cell_box(p, boxes + i * 4 * (p->reg_max + 1), i % s->columns[l],
                                  i / s->columns[l], (float)p->strides[l]);
            oc_candidates_add(&s->c, box, scores[best], (uint32_t)best, 0);
        }
    }
    oc_candidates_finish(&s->c, map, result);
}

const oc_head_ops oc_head_gfl = {
    .name = "gfl",
    .kind = OC_HEAD_DETECT,
    .params_bytes = sizeof(gfl_params),
    .parse = gfl_parse,
    .bind = gfl_bind,
    .decode = gfl_decode,
};

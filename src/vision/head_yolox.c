/* YOLOX (Ge et al. 2021, arXiv:2107.08430), the anchor-free head.
 *
 *   out  [1, N, 5 + classes]: cell offset x, y; log width, height; objectness; class scores, the
 *        scores already through their sigmoid.  N = the cells of all strides, coarse ones last
 *
 *   cx = (x + gx) s    cy = (y + gy) s    w = exp(w) s    h = exp(h) s    score = object * class */
#include <math.h>

#include "vision/head.h"

#define STRIDES_MAX 5

typedef struct yolox_params {
    oc_head_select select;
    const char    *output;
    size_t         n_strides;
    int64_t        strides[STRIDES_MAX];
} yolox_params;

typedef struct yolox_state {
    const yolox_params *p;
    oc_candidates       c;
    int                 output;
    int32_t             width, height;
    size_t              columns;
} yolox_state;

static void yolox_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    yolox_params *p = params;
    (void)arena;
    oc_head_select_parse(map, .25f, .45f, &p->select);
    p->output = oc_yaml_text_or(map, "output", NULL);
    p->n_strides = oc_yaml_ints(map, "strides", 1, 256, 1, STRIDES_MAX, p->strides);
}

static oc_status yolox_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    const yolox_params *p = bind->params;
    int                 i = oc_head_output(bind, p->output, err);
    if (i < 0)
        return OC_INVALID;
    int64_t cells = 0;
    for (size_t l = 0; l < p->n_strides; l++)
        cells += (bind->width / p->strides[l]) * (bind->height / p->strides[l]);
    int64_t   classes = bind->n_labels ? (int64_t)bind->n_labels : -1;
    oc_status st =
        oc_head_shape(bind, i, 2, (int64_t[]){cells, classes < 0 ? -1 : classes + 5}, err);
    if (st != OC_OK)
        return st;
    yolox_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    s->p = p;
    s->output = i;
    s->width = bind->width;
    s->height = bind->height;
    s->columns = (size_t)oc_head_dim(bind, i, 2, 1);
    if (s->columns < 6)
        return OC_FAIL(err, OC_INVALID, "output '%s' has %zu columns, at least 6 are needed",
                       bind->outputs[i].name, s->columns);
    *state = s;
    return oc_candidates_init(&s->c, bind->arena, &p->select, (size_t)cells, 0, err);
}

static void yolox_cell(yolox_state *s, const float *row, int64_t gx, int64_t gy, float stride)
{
    float  least = s->p->select.score;
    size_t best = 5;
    if (!(row[4] >= least)) /* the product can only be smaller */
        return;
    for (size_t k = 6; k < s->columns; k++)
        if (row[k] > row[best])
            best = k;
    float score = row[4] * row[best];
    if (!(score >= least))
        return;
    float cx = (row[0] + (float)gx) * stride, cy = (row[1] + (float)gy) * stride;
    float w = expf(row[2]) * stride / 2, h = expf(row[3]) * stride / 2;
    oc_candidates_add(&s->c, (oc_box){cx - w, cy - h, cx + w, cy + h}, score, (uint32_t)(best - 5),
                      0);
}

static void yolox_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                         oc_result *result)
{
    yolox_state *s = state;
    const float *row = outs[s->output].data;
    for (size_t l = 0; l < s->p->n_strides; l++) {
        int64_t stride = s->p->strides[l];
        for (int64_t gy = 0; gy < s->height / stride; gy++)
            for (int64_t gx = 0; gx < s->width / stride; gx++, row += s->columns)
                yolox_cell(s, row, gx, gy, (float)stride);
    }
    oc_candidates_finish(&s->c, map, result);
}

const oc_head_ops oc_head_yolox = {
    .name = "yolox",
    .kind = OC_HEAD_DETECT,
    .params_bytes = sizeof(yolox_params),
    .parse = yolox_parse,
    .bind = yolox_bind,
    .decode = yolox_decode,
};

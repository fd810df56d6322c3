/* SSD (Liu et al. 2016, arXiv:1512.02325) over anchors as MediaPipe and TensorFlow's object
 * detection API lay them out.
 *
 *   boxes   [1, N, 4]        centre y, x, height, width, relative to the anchor
 *   scores  [1, N, classes]  logits, or probabilities; with `background` the first is nobody's
 *
 * Level l of L has cells every stride_l pixels and the scale s_l = min + (max - min) l / (L - 1).  A
 * cell's anchors: each ratio r with scale s_l (width s sqrt(r), height s / sqrt(r), of the input),
 * and a square between this scale and the next, sqrt(s_l s_(l+1)), where s_L is 1.  With
 * `reduce_lowest` the first level has .1 square, s_0 with ratios 2 and 1/2. */
#include <math.h>

#include "vision/head.h"

#define LEVELS_MAX 8
#define RATIOS_MAX 8

typedef struct ssd_params {
    oc_head_select select;
    size_t         n_levels, n_ratios;
    int64_t        strides[LEVELS_MAX];
    float          scales[2], ratios[RATIOS_MAX], variances[4];
    bool           reduce_lowest, background, sigmoid;
    const char    *scores, *boxes;
} ssd_params;

typedef struct ssd_anchor {
    float y, x, h, w; /* input pixels */
} ssd_anchor;

typedef struct ssd_state {
    const ssd_params *p;
    oc_candidates     c;
    int               scores, boxes;
    size_t            n, n_classes; /* anchors; columns of the scores */
    ssd_anchor       *anchors;
} ssd_state;

static void ssd_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    ssd_params *p = params;
    (void)arena;
    oc_head_select_parse(map, .5f, .5f, &p->select);
    p->n_levels = oc_yaml_ints(map, "strides", 1, 4096, 1, LEVELS_MAX, p->strides);
    oc_yaml_floats(map, "scales", 1e-4, 4, 2, 2, p->scales);
    p->n_ratios = oc_yaml_floats(map, "ratios", 1e-2, 100, 1, RATIOS_MAX, p->ratios);
    for (size_t i = 0; i < 4; i++)
        p->variances[i] = 1;
    oc_yaml_floats_or(map, "box_scales", 1e-3, 1e3, 4, 4, p->variances);
    p->reduce_lowest = oc_yaml_bool_or(map, "reduce_lowest", false);
    p->background = oc_yaml_bool_or(map, "background", false);
    p->sigmoid = oc_yaml_bool_or(map, "sigmoid", true);
    p->scores = oc_yaml_text(map, "scores");
    p->boxes = oc_yaml_text(map, "boxes");
}

/* ---- anchors ---- */

static float scale_of(const ssd_params *p, size_t level)
{
    if (level >= p->n_levels)
        return 1;
    float part = p->n_levels > 1 ? (float)level / (float)(p->n_levels - 1) : .5f;
    return p->scales[0] + (p->scales[1] - p->scales[0]) * part;
}

/* The sizes of a cell's anchors on that level, width and height of the input; how many. */
static size_t shapes_of(const ssd_params *p, size_t level, float shape[RATIOS_MAX + 1][2])
{
    static const float lowest[3] = {1, 2, .5f};
    bool               low = level == 0 && p->reduce_lowest;
    size_t             n = low ? 3 : p->n_ratios;
    float              s = scale_of(p, level);
    for (size_t i = 0; i < n; i++) {
        float root = sqrtf(low ? lowest[i] : p->ratios[i]), size = low && i == 0 ? .1f : s;
        shape[i][0] = size * root;
        shape[i][1] = size / root;
    }
    if (!low) {
        shape[n][0] = shape[n][1] = sqrtf(s * scale_of(p, level + 1));
        n++;
    }
    return n;
}

static int64_t cells(int32_t size, int64_t stride)
{
    return (size + stride - 1) / stride;
}

static size_t count_anchors(const oc_head_bind *bind, const ssd_params *p)
{
    float  shape[RATIOS_MAX + 1][2];
    size_t n = 0;
    for (size_t l = 0; l < p->n_levels; l++)
        n += (size_t)(cells(bind->width, p->strides[l]) * cells(bind->height, p->strides[l])) *
             shapes_of(p, l, shape);
    return n;
}

static void make_anchors(const oc_head_bind *bind, const ssd_params *p, ssd_anchor *a)
{
    float shape[RATIOS_MAX + 1][2], width = (float)bind->width, height = (float)bind->height;
    for (size_t l = 0; l < p->n_levels; l++) {
        int64_t columns = cells(bind->width, p->strides[l]);
        int64_t rows = cells(bind->height, p->strides[l]);
        size_t  n = shapes_of(p, l, shape);
        for (int64_t i = 0; i < rows * columns; i++)
            for (size_t k = 0; k < n; k++)
                *a++ = (ssd_anchor){
                    .y = ((float)(i / columns) + .5f) / (float)rows * height,
                    .x = ((float)(i % columns) + .5f) / (float)columns * width,
                    .h = shape[k][1] * height,
                    .w = shape[k][0] * width,
                };
    }
}

/* ---- the head ---- */

static oc_status ssd_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    ssd_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    oc_status  st;
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    s->p = bind->params;
    s->n = count_anchors(bind, s->p);
    if ((s->scores = oc_head_output(bind, s->p->scores, err)) < 0 ||
        (s->boxes = oc_head_output(bind, s->p->boxes, err)) < 0)
        return OC_INVALID;
    if ((st = oc_head_shape(bind, s->boxes, 2, (int64_t[]){(int64_t)s->n, 4}, err)) != OC_OK ||
        (st = oc_head_shape(bind, s->scores, 2, (int64_t[]){(int64_t)s->n, -1}, err)) != OC_OK)
        return st;
    s->n_classes = (size_t)oc_head_dim(bind, s->scores, 2, 1);
    if (s->n_classes < (s->p->background ? 2 : 1))
        return OC_FAIL(err, OC_INVALID, "output '%.80s' has %zu classes", s->p->scores,
                       s->n_classes);
    s->anchors = oc_arena_alloc(bind->arena, s->n, sizeof(*s->anchors));
    if (!s->anchors)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    make_anchors(bind, s->p, s->anchors);
    *state = s;
    return oc_candidates_init(&s->c, bind->arena, &s->p->select, s->n, 0, err);
}

static oc_box decode_box(const ssd_state *s, size_t i, const float *b)
{
    const ssd_anchor *a = &s->anchors[i];
    const float      *v = s->p->variances;
    float             y = b[0] / v[0] * a->h + a->y, x = b[1] / v[1] * a->w + a->x;
    float             h = expf(b[2] / v[2]) * a->h / 2, w = expf(b[3] / v[3]) * a->w / 2;
    return (oc_box){x - w, y - h, x + w, y + h};
}

static void ssd_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                       oc_result *result)
{
    ssd_state   *s = state;
    const float *scores = outs[s->scores].data, *boxes = outs[s->boxes].data;
    size_t       first = s->p->background ? 1 : 0;
    for (size_t i = 0; i < s->n; i++) {
        const float *row = scores + i * s->n_classes;
        size_t       best = first;
        for (size_t c = first + 1; c < s->n_classes; c++)
            if (row[c] > row[best])
                best = c;
        float score = s->p->sigmoid ? 1 / (1 + expf(-row[best])) : row[best];
        if (score >= s->p->select.score)
            oc_candidates_add(&s->c, decode_box(s, i, boxes + 4 * i), score,
                              (uint32_t)(best - first), (uint32_t)i);
    }
    oc_candidates_finish(&s->c, map, result);
}

const oc_head_ops oc_head_ssd = {
    .name = "ssd",
    .kind = OC_HEAD_DETECT,
    .params_bytes = sizeof(ssd_params),
    .parse = ssd_parse,
    .bind = ssd_bind,
    .decode = ssd_decode,
};

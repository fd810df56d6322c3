/* Text regions by differentiable binarisation (Liao et al. 2020, arXiv:1911.08947).
 *
 *   out  [1, 1, H, W]  probability of text, at the input's size or a part of it
 *
 * Connected regions over `threshold` -> smallest rotated rectangle -> mean probability inside as
 * the score -> grown by area * unclip / perimeter on every side, since the network was taught
 * shrunken regions.  A detection is the upright box about it; its four points are the corners,
 * clockwise from the upper left of the text. */
#include <math.h>
#include <string.h>

#include "vision/head.h"
#include "vision/quad.h"

typedef struct db_params {
    oc_head_select select;
    const char    *output;
    float          threshold, unclip, side_min;
} db_params;

typedef struct db_state {
    const db_params *p;
    oc_candidates    c;
    int              output;
    int32_t          columns, rows;    /* of the map */
    float            scale_x, scale_y; /* map pixels to input pixels */
    uint8_t         *seen;
    int32_t         *stack;
    int32_t         *left, *right; /* the region's extent in each row */
    oc_xy           *edge, *hull;
    oc_xy (*corners)[4]; /* of the candidates, in map pixels */
} db_state;

static void db_parse(oc_yaml_map *map, oc_arena *arena, void *params)
{
    db_params *p = params;
    (void)arena;
    oc_head_select_parse(map, .6f, 1, &p->select);
    p->output = oc_yaml_text_or(map, "output", NULL);
    p->threshold = (float)oc_yaml_float_or(map, "threshold", 0, 1, .3);
    p->unclip = (float)oc_yaml_float_or(map, "unclip", 0, 10, 1.5);
    p->side_min = (float)oc_yaml_float_or(map, "side_min", 1, 1000, 3);
}

static oc_status db_bind(const oc_head_bind *bind, void **state, oc_error *err)
{
    const db_params *p = bind->params;
    int              i = oc_head_output(bind, p->output, err);
    if (i < 0)
        return OC_INVALID;
    oc_status st = oc_head_shape(bind, i, 2, (int64_t[]){-1, -1}, err);
    if (st != OC_OK)
        return st;
    int64_t rows = oc_head_dim(bind, i, 2, 0), columns = oc_head_dim(bind, i, 2, 1);
    if (rows > 16384 || columns > 16384 || bind->height % rows || bind->width % columns)
        return OC_FAIL(err, OC_INVALID, "output '%s' of %lldx%lld is no part of an input of %dx%d",
                       bind->outputs[i].name, (long long)columns, (long long)rows, bind->width,
                       bind->height);
    db_state *s = oc_arena_alloc(bind->arena, 1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    s->p = p;
    s->output = i;
    s->columns = (int32_t)columns;
    s->rows = (int32_t)rows;
    s->scale_x = (float)bind->width / (float)columns;
    s->scale_y = (float)bind->height / (float)rows;
    size_t n = (size_t)(rows * columns), cap = p->select.top_k;
    s->seen = oc_arena_alloc(bind->arena, n, 1);
    s->stack = oc_arena_alloc(bind->arena, n, sizeof(*s->stack));
    s->left = oc_arena_alloc(bind->arena, (size_t)rows, sizeof(*s->left));
    s->right = oc_arena_alloc(bind->arena, (size_t)rows, sizeof(*s->right));
    s->edge = oc_arena_alloc(bind->arena, 2 * (size_t)rows, sizeof(*s->edge));
    s->hull = oc_arena_alloc(bind->arena, 2 * (size_t)rows + 1, sizeof(*s->hull));
    s->corners = oc_arena_alloc(bind->arena, cap, sizeof(*s->corners));
    if (!s->seen || !s->stack || !s->left || !s->right || !s->edge || !s->hull || !s->corners)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    *state = s;
    return oc_candidates_init(&s->c, bind->arena, &p->select, cap, 4, err);
}

/* Fills the region about pixel `from`, noting its extent per row in [*y0, *y1]. */
static void flood(db_state *s, const float *map, int32_t from, int32_t *y0, int32_t *y1)
{
    size_t n = 0;
    *y0 = *y1 = from / s->columns;
    s->left[*y0] = s->right[*y0] = from % s->columns;
    s->seen[from] = 1;
    s->stack[n++] = from;
    while (n) {
        int32_t at = s->stack[--n], x = at % s->columns, y = at / s->columns;
        for (; y < *y0; s->left[*y0] = s->columns, s->right[*y0] = -1)
            --*y0;
        for (; y > *y1; s->left[*y1] = s->columns, s->right[*y1] = -1)
            ++*y1;
        s->left[y] = x < s->left[y] ? x : s->left[y];
        s->right[y] = x > s->right[y] ? x : s->right[y];
        for (int32_t v = y > 0 ? y - 1 : 0; v <= y + 1 && v < s->rows; v++) {
            for (int32_t u = x > 0 ? x - 1 : 0; u <= x + 1 && u < s->columns; u++) {
                int32_t next = v * s->columns + u;
                if (!s->seen[next] && map[next] > s->p->threshold) {
                    s->seen[next] = 1;
                    s->stack[n++] = next;
                }
            }
        }
    }
}

static oc_rect region_rect(db_state *s, int32_t y0, int32_t y1)
{
    size_t n = 0;
    for (int32_t y = y0; y <= y1; y++) {
        s->edge[n++] = (oc_xy){(float)s->left[y] + .5f, (float)y + .5f};
        if (s->right[y] > s->left[y])
            s->edge[n++] = (oc_xy){(float)s->right[y] + .5f, (float)y + .5f};
    }
    n = oc_hull(s->edge, n, s->hull);
    return oc_rect_min(s->hull, n);
}

/* Mean of the map over the pixel centres inside the rectangle. */
static float mean_inside(const db_state *s, const float *map, const oc_rect *r)
{
    oc_xy   u = r->along;
    float   reach_x = (fabsf(u.x) * r->width + fabsf(u.y) * r->height) / 2;
    float   reach_y = (fabsf(u.y) * r->width + fabsf(u.x) * r->height) / 2;
    int32_t x0 = (int32_t)fmaxf(floorf(r->center.x - reach_x), 0);
    int32_t y0 = (int32_t)fmaxf(floorf(r->center.y - reach_y), 0);
    int32_t x1 = (int32_t)fminf(ceilf(r->center.x + reach_x), (float)s->columns);
    int32_t y1 = (int32_t)fminf(ceilf(r->center.y + reach_y), (float)s->rows);
    double  sum = 0;
    size_t  n = 0;
    /* Half a thousandth of slack: centres on the border belong to it, as the hull runs there. */
    float half_w = r->width / 2 + .0005f, half_h = r->height / 2 + .0005f;
    for (int32_t y = y0; y < y1; y++) {
        for (int32_t x = x0; x < x1; x++) {
            float dx = (float)x + .5f - r->center.x, dy = (float)y + .5f - r->center.y;
            if (fabsf(dx * u.x + dy * u.y) <= half_w && fabsf(dy * u.x - dx * u.y) <= half_h) {
                sum += map[y * s->columns + x];
                n++;
            }
        }
    }
    return n ? (float)(sum / (double)n) : 0;
}

static void add_region(db_state *s, const float *map, int32_t y0, int32_t y1)
{
    oc_rect r = region_rect(s, y0, y1);
    if (fminf(r.width, r.height) < s->p->side_min || s->c.n == s->c.cap)
        return;
    float score = mean_inside(s, map, &r);
    if (!(score >= s->p->select.score))
        return;
    float grow = r.width * r.height * s->p->unclip / (r.width + r.height); /* both sides */
    r.width += grow;
    r.height += grow;
    oc_xy *corner = s->corners[s->c.n];
    oc_rect_corners(&r, corner);
    oc_box box = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (int i = 0; i < 4; i++) {
        corner[i] = (oc_xy){corner[i].x * s->scale_x, corner[i].y * s->scale_y};
        box.x0 = fminf(box.x0, corner[i].x);
        box.y0 = fminf(box.y0, corner[i].y);
        box.x1 = fmaxf(box.x1, corner[i].x);
        box.y1 = fmaxf(box.y1, corner[i].y);
    }
    oc_candidates_add(&s->c, box, fminf(score, 1), 0, (uint32_t)s->c.n);
}

static void db_decode(void *state, const oc_tensor_view *outs, const oc_to_tensor_map *map,
                      oc_result *result)
{
    db_state    *s = state;
    const float *text = outs[s->output].data;
    int32_t      n = s->rows * s->columns, y0, y1;
    memset(s->seen, 0, (size_t)n);
    for (int32_t i = 0; i < n; i++) {
        if (s->seen[i] || !(text[i] > s->p->threshold))
            continue;
        flood(s, text, i, &y0, &y1);
        add_region(s, text, y0, y1);
    }
    oc_candidates_finish(&s->c, map, result);
    for (size_t i = 0; i < result->detections.n; i++) {
        const oc_xy *corner = s->corners[s->c.source[s->c.order[i]]];
        for (int j = 0; j < 4; j++)
            s->c.points[i * 4 + (size_t)j] =
                oc_map_point(map, corner[j].x, corner[j].y, s->c.kept[i].score);
    }
}

const oc_head_ops oc_head_db_text = {
    .name = "db_text",
    .kind = OC_HEAD_DETECT,
    .params_bytes = sizeof(db_params),
    .parse = db_parse,
    .bind = db_bind,
    .decode = db_decode,
};

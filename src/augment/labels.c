/* Objects follow the pixels: corners of boxes, points, outlines and masks are moved, cut off at the
 * edge, and what is hardly there any more is dropped. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/step.h"

bool aug_object_box(const oc_data_object *object, int32_t height, aug_box *out)
{
    oc_data_object o = *object;
    if (!o.has_box && (o.n_rings || o.n_runs))
        oc_data_box_from_outline(&o, height);
    *out = (aug_box){o.box[0], o.box[1], o.box[0] + o.box[2], o.box[1] + o.box[3]};
    return o.has_box;
}

aug_box aug_box_moved(const aug_matrix *m, const aug_box *b)
{
    aug_box out = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (int i = 0; i < 4; i++) {
        double p[2];
        aug_point(m, i & 1 ? b->x1 : b->x0, i & 2 ? b->y1 : b->y0, p);
        out = (aug_box){fmin(out.x0, p[0]), fmin(out.y0, p[1]), fmax(out.x1, p[0]),
                        fmax(out.y1, p[1])};
    }
    return out;
}

static aug_box box_cut(const aug_box *b, const aug_box *at)
{
    aug_box c = {fmax(b->x0, at->x0), fmax(b->y0, at->y0), fmin(b->x1, at->x1),
                 fmin(b->y1, at->y1)};
    if (c.x1 < c.x0 || c.y1 < c.y0)
        c = (aug_box){at->x0, at->y0, at->x0, at->y0};
    return c;
}

static double box_area(const aug_box *b)
{
    return (b->x1 - b->x0) * (b->y1 - b->y0);
}

/* ---- polygons ---- */

/* On which side of edge e of the box: >= 0 inside. */
static double ring_side(const aug_box *b, int e, const double *p)
{
    return e == 0 ? p[0] - b->x0 : e == 1 ? b->x1 - p[0] : e == 2 ? p[1] - b->y0 : b->y1 - p[1];
}

/* One edge of the box.  Source: I. Sutherland, G. Hodgman, Reentrant polygon clipping, 1974. */
static size_t ring_cut(const aug_box *b, int e, const double *in, size_t n, double *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const double *p = in + 2 * i, *q = in + 2 * ((i + 1) % n);
        double        dp = ring_side(b, e, p), dq = ring_side(b, e, q);
        if (dp >= 0) {
            out[2 * k] = p[0];
            out[2 * k++ + 1] = p[1];
        }
        if ((dp >= 0) != (dq >= 0)) {
            double t = dp / (dp - dq);
            out[2 * k] = p[0] + (q[0] - p[0]) * t;
            out[2 * k++ + 1] = p[1] + (q[1] - p[1]) * t;
        }
    }
    return k;
}

static oc_status ring_move(const oc_data_ring *from, const aug_move *move, oc_arena *mem,
                           oc_data_ring *whole, oc_data_ring *cut, oc_error *err)
{
    /* an edge adds at most one corner for every two that cross it */
    size_t  room = 4 * from->n + 16;
    double *a = oc_arena_alloc(mem, room, 2 * sizeof(double));
    double *b = oc_arena_alloc(mem, room, 2 * sizeof(double));
    double *w = oc_arena_alloc(mem, from->n + 1, 2 * sizeof(double));
    if (!a || !b || !w)
        return OC_FAIL(err, OC_NOMEM, "no memory for a polygon of %zu corners", from->n);
    for (size_t i = 0; i < from->n; i++)
        aug_point(move->m, from->xy[2 * i], from->xy[2 * i + 1], w + 2 * i);
    *whole = (oc_data_ring){w, from->n};
    memcpy(a, w, from->n * 2 * sizeof(double));
    size_t n = from->n;
    for (int e = 0; e < 4 && n; e++) {
        double *swap = a;
        size_t  need = 2 * n;
        if (need > room) {
            room = need + 16;
            if (!(b = oc_arena_alloc(mem, room, 2 * sizeof(double))))
                return OC_FAIL(err, OC_NOMEM, "no memory for a polygon of %zu corners", n);
        }
        n = ring_cut(&move->part, e, a, n, b);
        a = b;
        b = swap;
    }
    *cut = (oc_data_ring){a, n};
    return OC_OK;
}

/* False in *seen: too little of the outline is left. */
static oc_status rings_move(const aug_move *move, oc_arena *mem, oc_data_object *o, bool *seen,
                            oc_error *err)
{
    oc_data_ring *cut = oc_arena_alloc(mem, o->n_rings, sizeof(*cut));
    oc_data_ring *whole = oc_arena_alloc(mem, o->n_rings, sizeof(*whole));
    oc_status     st = cut && whole ? OC_OK : OC_FAIL(err, OC_NOMEM, "no memory for polygons");
    size_t        n = 0;
    for (size_t i = 0; i < o->n_rings && st == OC_OK; i++) {
        st = ring_move(&o->ring[i], move, mem, &whole[i], &cut[n], err);
        n += st == OC_OK && cut[n].n >= 3;
    }
    if (st != OC_OK)
        return st;
    const oc_data_object all = {.ring = whole, .n_rings = o->n_rings};
    o->ring = cut;
    o->n_rings = n;
    *seen = n > 0 && oc_data_ring_area(o) >= move->visible * oc_data_ring_area(&all);
    return OC_OK;
}

/* ---- masks ---- */

/* Run lengths down the columns of what the pixels' middles come from.  `whole` counts the pixels that
 * the mask would have without an edge: its area times how much m stretches it, about its middle. */
static oc_status mask_move(const aug_move *move, int32_t from_width, oc_arena *mem,
                           oc_data_object *o, oc_error *err)
{
    size_t     h = (size_t)move->from_height, n = h * (size_t)from_width, at = 0, runs = 0;
    uint8_t   *bits = calloc(n ? n : 1, 1);
    size_t     most = (size_t)move->width * (size_t)move->height + 2;
    uint32_t  *run = malloc(most * sizeof(*run));
    aug_matrix back;
    oc_status  st = OC_OK;
    if (!bits || !run || !aug_inverse(move->m, &back)) {
        st = OC_FAIL(err, OC_NOMEM, "no memory for a mask");
        goto out;
    }
    for (size_t i = 0; i < o->n_runs && at < n; at += o->run[i++])
        if (i & 1)
            memset(bits + at, 1, o->run[i] < n - at ? o->run[i] : n - at);
    uint8_t  now = 0;
    uint32_t length = 0;
    for (int32_t x = 0; x < move->width; x++) {
        for (int32_t y = 0; y < move->height; y++) {
            double  p[2];
            uint8_t bit = 0;
            aug_point(&back, x + .5, y + .5, p);
            if (x + .5 > move->part.x0 && x + .5 < move->part.x1 && y + .5 > move->part.y0 &&
                y + .5 < move->part.y1 && p[0] >= 0 && p[1] >= 0 && p[0] < from_width &&
                p[1] < move->from_height)
                bit = bits[(size_t)p[0] * h + (size_t)p[1]];
            if (bit != now) {
                run[runs++] = length;
                length = 0;
                now = bit;
            }
            length++;
        }
    }
    run[runs++] = length;
    o->run = oc_arena_dup(mem, run, runs * sizeof(*run));
    o->n_runs = runs;
    if (!o->run)
        st = OC_FAIL(err, OC_NOMEM, "no memory for a mask");
out:
    free(bits);
    free(run);
    return st;
}

/* ---- key-points ---- */

/* What a mirror makes of a name: "left_eye" of "right_eye". */
static bool mirrored(const char *a, const char *b)
{
    static const char *const sides[2] = {"left", "right"};
    for (int s = 0; s < 2; s++) {
        const char *p = strstr(a, sides[s]);
        size_t      n = strlen(sides[s]), k = strlen(sides[1 - s]);
        size_t      before = p ? (size_t)(p - a) : 0;
        if (p && strncmp(a, b, before) == 0 && strncmp(b + before, sides[1 - s], k) == 0 &&
            strcmp(p + n, b + before + k) == 0)
            return true;
    }
    return false;
}

static size_t point_partner(const oc_data_category *c, size_t i)
{
    for (size_t k = 0; k < c->n_points; k++)
        if (c->point[i] && c->point[k] && mirrored(c->point[i], c->point[k]))
            return k;
    return i;
}

/* A mirror swaps left and right: by the sign of the matrix' determinant. */
static bool turns_over(const aug_matrix *a)
{
    return a->m[0] * a->m[4] - a->m[1] * a->m[3] < 0;
}

static oc_status points_move(const oc_augment_sample *from, const aug_move *move, oc_arena *mem,
                             oc_data_object *o, oc_error *err)
{
    const oc_data_category *c = from->set ? &from->set->categories[o->category] : NULL;
    double                 *to = oc_arena_alloc(mem, o->n_points, 3 * sizeof(*to));
    bool swap = turns_over(move->m) && c && c->point && c->n_points == o->n_points;
    if (!to)
        return OC_FAIL(err, OC_NOMEM, "no memory for key-points");
    for (size_t i = 0; i < o->n_points; i++) {
        const double *p = o->point + 3 * i;
        double       *q = to + 3 * (swap ? point_partner(c, i) : i);
        double        at[2];
        if (p[2] <= 0)
            continue;
        aug_point(move->m, p[0], p[1], at);
        if (at[0] < move->part.x0 || at[1] < move->part.y0 || at[0] >= move->part.x1 ||
            at[1] >= move->part.y1)
            continue; /* not labelled any more: zeros, as the arena gives them */
        memcpy(q, at, sizeof(at));
        q[2] = p[2];
    }
    o->point = to;
    return OC_OK;
}

/* ---- objects ---- */

/* A box around an outline follows the outline: it stays tight when the picture turns. */
static oc_status box_move(const aug_move *move, const aug_box *was, bool outlined,
                          oc_data_object *o, bool *seen)
{
    aug_box whole = aug_box_moved(move->m, was), cut = box_cut(&whole, &move->part);
    if (outlined) {
        o->has_box = false;
        oc_data_box_from_outline(o, move->height);
        cut = (aug_box){o->box[0], o->box[1], o->box[0] + o->box[2], o->box[1] + o->box[3]};
        *seen = *seen && o->has_box;
    } else {
        *seen = *seen && box_area(&cut) >= move->visible * box_area(&whole);
    }
    *seen = *seen && cut.x1 - cut.x0 >= move->side && cut.y1 - cut.y0 >= move->side;
    o->has_box = true;
    o->box[0] = cut.x0;
    o->box[1] = cut.y0;
    o->box[2] = cut.x1 - cut.x0;
    o->box[3] = cut.y1 - cut.y0;
    return OC_OK;
}

static oc_status object_move(const oc_augment_sample *from, const aug_move *move,
                             const oc_data_object *object, oc_arena *mem, oc_data_object *o,
                             bool *seen, oc_error *err)
{
    aug_box   was;
    bool      boxed = aug_object_box(object, move->from_height, &was);
    oc_status st = OC_OK;
    *o = *object;
    *seen = true;
    if (o->n_rings)
        st = rings_move(move, mem, o, seen, err);
    if (st == OC_OK && o->n_runs)
        st = mask_move(move, from->rgb->width, mem, o, err);
    if (st == OC_OK && boxed) {
        aug_box whole = aug_box_moved(move->m, &was), cut = box_cut(&whole, &move->part);
        /* a mask has no corners to be followed beyond the edge: its box tells how much is left */
        if (o->n_runs && !o->n_rings)
            *seen = *seen && box_area(&cut) >= move->visible * box_area(&whole);
        st = box_move(move, &was, o->n_rings || o->n_runs, o, seen);
    }
    if (st == OC_OK && o->n_points)
        st = points_move(from, move, mem, o, err);
    o->area = NAN; /* what was told is not so any more */
    return st;
}

oc_status aug_labels_move(const oc_augment_sample *from, const aug_move *move,
                          oc_augment_sample *to, oc_error *err)
{
    oc_data_object *all = oc_arena_alloc(&to->mem, from->n + to->n + 1, sizeof(*all));
    oc_status       st = OC_OK;
    if (!all)
        return OC_FAIL(err, OC_NOMEM, "no memory for %zu objects", from->n + to->n);
    if (to->n)
        memcpy(all, to->objects, to->n * sizeof(*all));
    for (size_t i = 0; i < from->n && st == OC_OK; i++) {
        bool seen = true;
        st = object_move(from, move, &from->objects[i], &to->mem, &all[to->n], &seen, err);
        to->n += st == OC_OK && seen;
    }
    to->objects = all;
    return st;
}

#include "eval/mask.h"

#include <math.h>
#include <stdlib.h>

#define FINE 5        /* sub-pixels a side on which a polygon's edges are walked */
#define FINE_MIDDLE 2 /* the sub-pixel column that decides for its pixel column */
#define COORDINATE_MAX 1e6
#define POINTS_MAX ((size_t)1 << 25) /* of one outline */

/* ---- spans ---- */

static void grow_box(oc_mask *m, oc_mask_span s, uint32_t height)
{
    uint32_t x0 = s.begin / height, x1 = (s.end - 1) / height;
    uint32_t y0 = x0 == x1 ? s.begin % height : 0;
    uint32_t y1 = x0 == x1 ? (s.end - 1) % height : height - 1;
    bool     first = m->area == 0;
    m->box[0] = first || x0 < m->box[0] ? (uint16_t)x0 : m->box[0];
    m->box[1] = first || y0 < m->box[1] ? (uint16_t)y0 : m->box[1];
    m->box[2] = first || x1 + 1 > m->box[2] ? (uint16_t)(x1 + 1) : m->box[2];
    m->box[3] = first || y1 + 1 > m->box[3] ? (uint16_t)(y1 + 1) : m->box[3];
}

/* Appends; one that touches the last makes it longer.  There is room. */
static void add_span(oc_mask *m, oc_mask_span *to, uint32_t begin, uint32_t end, uint32_t height)
{
    if (begin >= end)
        return;
    grow_box(m, (oc_mask_span){begin, end}, height);
    m->area += end - begin;
    if (m->n && to[m->n - 1].end == begin)
        to[m->n - 1].end = end;
    else
        to[m->n++] = (oc_mask_span){begin, end};
}

static oc_status check_size(uint32_t width, uint32_t height, oc_error *err)
{
    if (width < 1 || height < 1 || width > OC_MASK_SIDE_MAX || height > OC_MASK_SIDE_MAX)
        return OC_FAIL(err, OC_FORMAT, "a mask in an image of %u x %u", width, height);
    return OC_OK;
}

oc_status oc_mask_runs(oc_arena *mem, const uint32_t *run, size_t n, uint32_t width,
                       uint32_t height, oc_mask *out, oc_error *err)
{
    oc_mask   m = {0};
    uint64_t  at = 0, all = (uint64_t)width * height;
    oc_status st = check_size(width, height, err);
    if (st != OC_OK)
        return st;
    oc_mask_span *to = oc_arena_alloc(mem, n / 2 + 1, sizeof(*to));
    if (!to)
        return OC_FAIL(err, OC_NOMEM, "a mask of %zu runs", n);
    for (size_t i = 0; i < n; i++) {
        if (run[i] > all - at)
            return OC_FAIL(err, OC_FORMAT, "the runs are longer than %u x %u pixels", width,
                           height);
        if (i & 1)
            add_span(&m, to, (uint32_t)at, (uint32_t)(at + run[i]), height);
        at += run[i];
    }
    if (at != all)
        return OC_FAIL(err, OC_FORMAT, "the runs are %llu pixels long, %u x %u are %llu",
                       (unsigned long long)at, width, height, (unsigned long long)all);
    m.span = to;
    *out = m;
    return OC_OK;
}

oc_status oc_mask_text(oc_arena *mem, const char *text, uint32_t width, uint32_t height,
                       oc_mask *out, oc_error *err)
{
    size_t length = 0, n = 0;
    while (text[length])
        length++;
    uint32_t *run = calloc(length + 1, sizeof(*run));
    oc_status st = run ? OC_OK : OC_FAIL(err, OC_NOMEM, "a mask of %zu characters", length);
    for (const char *p = text; st == OC_OK && *p;) {
        int64_t  v = 0;
        unsigned bits = 0, c;
        do {
            c = (unsigned)(unsigned char)*p - '0';
            if (!*p || c > 63 || bits > 35) {
                st = OC_FAIL(err, OC_FORMAT, "character %td of the counts: no run length",
                             p - text + 1);
                break;
            }
            p++;
            v |= (int64_t)(c & 31) << bits;
            bits += 5;
        } while (c & 32);
        if (st == OC_OK && (c & 16))
            v -= (int64_t)1 << bits;
        if (n > 2)
            v += run[n - 2];
        if (st == OC_OK && (v < 0 || v > UINT32_MAX))
            st = OC_FAIL(err, OC_FORMAT, "character %td of the counts: run of %lld pixels",
                         p - text, (long long)v);
        run[n++] = (uint32_t)v;
    }
    if (st == OC_OK)
        st = oc_mask_runs(mem, run, n, width, height, out, err);
    free(run);
    return st;
}

oc_status oc_mask_union(oc_arena *mem, const oc_mask *a, const oc_mask *b, uint32_t height,
                        oc_mask *out, oc_error *err)
{
    oc_mask       m = {0};
    uint32_t      i = 0, j = 0, reached = 0;
    oc_mask_span *to = oc_arena_alloc(mem, (size_t)a->n + b->n + 1, sizeof(*to));
    if (!to)
        return OC_FAIL(err, OC_NOMEM, "a mask of %u spans", a->n + b->n);
    while (i < a->n || j < b->n) {
        bool         from_a = j == b->n || (i < a->n && a->span[i].begin <= b->span[j].begin);
        oc_mask_span s = from_a ? a->span[i++] : b->span[j++];
        add_span(&m, to, s.begin > reached ? s.begin : reached, s.end, height);
        reached = s.end > reached ? s.end : reached;
    }
    m.span = to;
    *out = m;
    return OC_OK;
}

double oc_mask_overlap(const oc_mask *d, const oc_mask *g, bool crowd)
{
    uint64_t both = 0;
    if (d->box[0] >= g->box[2] || g->box[0] >= d->box[2] || d->box[1] >= g->box[3] ||
        g->box[1] >= d->box[3])
        return 0;
    for (uint32_t i = 0, j = 0; i < d->n && j < g->n;) {
        oc_mask_span a = d->span[i], b = g->span[j];
        uint32_t     low = a.begin > b.begin ? a.begin : b.begin;
        uint32_t     high = a.end < b.end ? a.end : b.end;
        both += high > low ? high - low : 0;
        i += a.end <= b.end;
        j += b.end <= a.end;
    }
    if (both == 0)
        return 0;
    return (double)both / (double)(crowd ? d->area : (uint64_t)d->area + g->area - both);
}

/* ---- polygons ---- */

typedef struct fine_point {
    int32_t x, y; /* in sub-pixels */
} fine_point;

/* COCO's rule.  The outline is walked on a grid five times as fine.  Where it steps from one fine
 * column to the next, and the left one of the two is the middle of a pixel column, it crosses that
 * column: at the row of the upper end of the step, rounded up.  From each crossing on, down the
 * columns, inside and outside change places. */
typedef struct walk {
    uint32_t  *crossing;
    size_t     n, cap;
    uint32_t   width, height;
    bool       started, failed;
    fine_point last;
} walk;

static int32_t floor_div(int32_t a, int32_t b)
{
    return a / b - (a % b < 0);
}

static void step_to(walk *w, fine_point p)
{
    fine_point from = w->last;
    w->last = p;
    if (!w->started || from.x == p.x) {
        w->started = true;
        return;
    }
    int32_t left = (from.x < p.x ? from.x : p.x) - FINE_MIDDLE;
    int32_t row = floor_div((from.y < p.y ? from.y : p.y) - FINE_MIDDLE + FINE - 1, FINE);
    int32_t column = floor_div(left, FINE);
    if (column * FINE != left || column < 0 || column >= (int32_t)w->width)
        return;
    row = row < 0 ? 0 : row > (int32_t)w->height ? (int32_t)w->height : row;
    if (w->n == w->cap) {
        size_t    cap = w->cap * 2 + 64;
        uint32_t *grown = reallocarray(w->crossing, cap, sizeof(*grown));
        w->failed = w->failed || !grown;
        if (!grown)
            return;
        w->crossing = grown;
        w->cap = cap;
    }
    w->crossing[w->n++] = (uint32_t)column * w->height + (uint32_t)row;
}

/* Both ends included.  The longer side is gone along unit by unit, always upwards, so that an edge
 * has the same points whichever way it is walked. */
static void walk_edge(walk *w, fine_point a, fine_point b)
{
    int32_t dx = abs(b.x - a.x), dy = abs(b.y - a.y), n = dx >= dy ? dx : dy;
    bool    flat = dx >= dy, turned = flat ? a.x > b.x : a.y > b.y;
    if (turned) {
        fine_point swap = a;
        a = b;
        b = swap;
    }
    double slope = n == 0 ? 0 : (double)(flat ? b.y - a.y : b.x - a.x) / n;
    for (int32_t i = 0; i <= n; i++) {
        int32_t    t = turned ? n - i : i;
        fine_point p = flat ? (fine_point){a.x + t, (int32_t)(a.y + slope * t + .5)}
                            : (fine_point){(int32_t)(a.x + slope * t + .5), a.y + t};
        step_to(w, p);
    }
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static oc_status fill(oc_arena *mem, walk *w, oc_mask *out, oc_error *err)
{
    oc_mask       m = {0};
    uint32_t      all = w->width * w->height;
    oc_mask_span *to = oc_arena_alloc(mem, w->n / 2 + 1, sizeof(*to));
    if (!to || w->failed)
        return OC_FAIL(err, OC_NOMEM, "a polygon's mask");
    if (w->n)
        qsort(w->crossing, w->n, sizeof(*w->crossing), by_number);
    for (size_t i = 0; i < w->n; i += 2)
        add_span(&m, to, w->crossing[i], i + 1 < w->n ? w->crossing[i + 1] : all, w->height);
    m.span = to;
    *out = m;
    return OC_OK;
}

static fine_point refine(const double *xy)
{
    return (fine_point){(int32_t)(FINE * xy[0] + .5), (int32_t)(FINE * xy[1] + .5)};
}

oc_status oc_mask_polygon(oc_arena *mem, const double *xy, size_t n, uint32_t width,
                          uint32_t height, oc_mask *out, oc_error *err)
{
    walk      w = {.width = width, .height = height};
    double    length = 0;
    oc_status st = check_size(width, height, err);
    for (size_t i = 0; i < 2 * n && st == OC_OK; i++)
        if (!(fabs(xy[i]) <= COORDINATE_MAX))
            st = OC_FAIL(err, OC_FORMAT, "a polygon's corner at %g", xy[i]);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        const double *a = xy + 2 * i, *b = xy + 2 * ((i + 1) % n);
        length += FINE * fmax(fabs(a[0] - b[0]), fabs(a[1] - b[1])) + 1;
        if (length > (double)POINTS_MAX)
            st = OC_FAIL(err, OC_FORMAT, "a polygon with an outline of over %zu pixels",
                         POINTS_MAX / FINE);
    }
    for (size_t i = 0; i < n && st == OC_OK; i++)
        walk_edge(&w, refine(xy + 2 * i), refine(xy + 2 * ((i + 1) % n)));
    if (st == OC_OK)
        st = fill(mem, &w, out, err);
    free(w.crossing);
    return st;
}

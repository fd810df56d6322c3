#include "eval/mot_sequence.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PEDESTRIAN 1

static double shared(const oc_mot_row *a, const oc_mot_row *b)
{
    double x0 = a->x > b->x ? a->x : b->x, y0 = a->y > b->y ? a->y : b->y;
    double x1 = a->x + a->w < b->x + b->w ? a->x + a->w : b->x + b->w;
    double y1 = a->y + a->h < b->y + b->h ? a->y + a->h : b->y + b->h;
    return x1 > x0 && y1 > y0 ? (x1 - x0) * (y1 - y0) : 0.0;
}

static double iou(const oc_mot_row *a, const oc_mot_row *b)
{
    double inter = shared(a, b);
    /* sides as differences of corners, as TrackEval has them */
    double aa = (a->x + a->w - a->x) * (a->y + a->h - a->y);
    double ab = (b->x + b->w - b->x) * (b->y + b->h - b->y);
    double all = aa + ab - inter;
    if (aa <= DBL_EPSILON || ab <= DBL_EPSILON || all <= DBL_EPSILON)
        return 0.0;
    return inter / all;
}

typedef enum part {
    COUNTS,
    DISTRACTS, /* a result that matches it is dropped, and so is it */
    OTHER,     /* may take a result, is dropped */
    REGION,    /* not an object: unmatched results inside are dropped */
} part;

static bool is_kitti(oc_mot_benchmark b)
{
    return b == OC_MOT_KITTI_CAR || b == OC_MOT_KITTI_PEDESTRIAN;
}

static part part_of(const oc_mot_row *r, oc_mot_benchmark b)
{
    bool marked = fabs(r->conf) >= 1; /* TrackEval cuts it to a whole number */
    if (is_kitti(b)) {
        int32_t cls = b == OC_MOT_KITTI_CAR ? OC_MOT_CAR : OC_MOT_PEDESTRIAN;
        if (r->cls == OC_MOT_DONT_CARE)
            return REGION;
        return r->cls == cls && r->truncation <= 0 && r->occlusion <= 2 ? COUNTS : DISTRACTS;
    }
    if (b == OC_MOT15)
        return marked ? COUNTS : OTHER;
    /* person_on_vehicle, static_person, distractor, reflection; MOT20: non_mot_vehicle too */
    if (r->cls == 2 || r->cls == 7 || r->cls == 8 || r->cls == 12 || (b == OC_MOT20 && r->cls == 6))
        return DISTRACTS;
    return marked && r->cls == PEDESTRIAN ? COUNTS : OTHER;
}

void mot_match(mot_sequence *s, const double *score, size_t rows, size_t cols)
{
    double top = 1.0;
    for (size_t i = 0; i < rows * cols; i++)
        if (score[i] > top)
            top = score[i];
    for (size_t i = 0; i < rows * cols; i++)
        s->cost[i] = top - score[i];
    oc_assign_run_f64(s->assign, s->cost, rows, cols, (top + 1.0) * (double)(rows + cols + 1),
                      s->match);
}

typedef struct span {
    const oc_mot_row *row;
    size_t            n;
} span;

/* The rows of a frame; *at moves on. */
static span rows_of(const oc_mot_rows *r, int64_t frame, size_t *at)
{
    while (*at < r->n && r->row[*at].frame < frame)
        ++*at;
    size_t begin = *at;
    while (*at < r->n && r->row[*at].frame == frame)
        ++*at;
    return (span){r->n ? r->row + begin : NULL, *at - begin};
}

/* KITTI: what matches nothing is dropped when it is small or in a region that nobody labelled. */
static bool is_excused(const oc_mot_row *r, span gt)
{
    if (r->h <= 25 + DBL_EPSILON)
        return true;
    for (size_t i = 0; i < gt.n; i++) {
        const oc_mot_row *g = &gt.row[i];
        double            area = r->w * r->h;
        if (g->cls == OC_MOT_DONT_CARE && area > DBL_EPSILON &&
            shared(r, g) / area > 0.5 + DBL_EPSILON)
            return true;
    }
    return false;
}

/* drop[j]: result j does not count. */
static void find_dropped(mot_sequence *s, span gt, span trk, oc_mot_benchmark b, bool *drop)
{
    bool kitti = is_kitti(b);
    for (size_t j = 0; j < trk.n; j++)
        drop[j] = kitti && is_excused(&trk.row[j], gt);
    if (b == OC_MOT15 || gt.n == 0 || trk.n == 0)
        return;
    double *score = s->cost + gt.n * trk.n; /* the second half of the scratch */
    for (size_t i = 0; i < gt.n; i++) {
        bool object = part_of(&gt.row[i], b) != REGION;
        for (size_t j = 0; j < trk.n; j++) {
            double v = object ? iou(&gt.row[i], &trk.row[j]) : 0.0;
            score[i * trk.n + j] = v < 0.5 - DBL_EPSILON ? 0.0 : v;
        }
    }
    mot_match(s, score, gt.n, trk.n);
    for (size_t i = 0; i < gt.n; i++) {
        int32_t j = s->match[i];
        if (j >= 0 && score[i * trk.n + (size_t)j] > DBL_EPSILON)
            drop[j] = part_of(&gt.row[i], b) == DISTRACTS;
    }
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

typedef struct id_set {
    int64_t *id;
    size_t   n;
} id_set;

static void id_set_close(id_set *s)
{
    size_t n = 0;
    if (s->n)
        qsort(s->id, s->n, sizeof(*s->id), by_number);
    for (size_t i = 0; i < s->n; i++)
        if (i == 0 || s->id[i] != s->id[i - 1])
            s->id[n++] = s->id[i];
    s->n = n;
}

static uint32_t id_dense(const id_set *s, int64_t id)
{
    const int64_t *p = bsearch(&id, s->id, s->n, sizeof(id), by_number);
    return (uint32_t)(p - s->id);
}

typedef struct builder {
    mot_sequence    *s;
    oc_mot_benchmark benchmark;
    id_set           gt, trk;
    bool            *drop;
    oc_error        *err;
} builder;

/* Kept rows of one frame: ids for now as they are in the file, in the arrays of the sets. */
static oc_status build_frame(builder *b, mot_frame *f, span gt, span trk)
{
    mot_sequence *s = b->s;
    find_dropped(s, gt, trk, b->benchmark, b->drop);
    f->gt = oc_arena_alloc(&s->mem, gt.n + 1, sizeof(*f->gt));
    f->trk = oc_arena_alloc(&s->mem, trk.n + 1, sizeof(*f->trk));
    f->sim = oc_arena_alloc(&s->mem, gt.n * trk.n + 1, sizeof(*f->sim));
    if (!f->gt || !f->trk || !f->sim)
        return OC_FAIL(b->err, OC_NOMEM, "frame");
    for (size_t j = 0; j < trk.n; j++) {
        if (!b->drop[j]) {
            f->trk[f->n_trk++] = (uint32_t)j;
            b->trk.id[b->trk.n++] = trk.row[j].id;
        }
    }
    for (size_t i = 0; i < gt.n; i++) {
        if (part_of(&gt.row[i], b->benchmark) != COUNTS)
            continue;
        for (size_t j = 0; j < f->n_trk; j++)
            f->sim[f->n_gt * f->n_trk + j] = iou(&gt.row[i], &trk.row[f->trk[j]]);
        f->gt[f->n_gt++] = (uint32_t)i;
        b->gt.id[b->gt.n++] = gt.row[i].id;
    }
    s->n_gt_dets += f->n_gt;
    s->n_trk_dets += f->n_trk;
    return OC_OK;
}

static void widest(const oc_mot_rows *r, size_t *out)
{
    size_t run = 0;
    for (size_t i = 0; i < r->n; i++) {
        run = i && r->row[i].frame == r->row[i - 1].frame ? run + 1 : 1;
        if (run > *out)
            *out = run;
    }
}

static oc_status sequence_reserve(mot_sequence *s, const oc_mot_rows *gt, const oc_mot_rows *trk,
                                  builder *b, oc_error *err)
{
    widest(gt, &s->widest_gt);
    widest(trk, &s->widest_trk);
    size_t cells = 2 * s->widest_gt * s->widest_trk + 1;
    s->frame = oc_arena_alloc(&s->mem, s->n_frames + 1, sizeof(*s->frame));
    s->cost = oc_arena_alloc(&s->mem, cells, sizeof(*s->cost));
    s->match = oc_arena_alloc(&s->mem, s->widest_gt + 1, sizeof(*s->match));
    b->gt.id = oc_arena_alloc(&s->mem, gt->n + 1, sizeof(int64_t));
    b->trk.id = oc_arena_alloc(&s->mem, trk->n + 1, sizeof(int64_t));
    b->drop = oc_arena_alloc(&s->mem, s->widest_trk + 1, sizeof(bool));
    if (!s->frame || !s->cost || !s->match || !b->gt.id || !b->trk.id || !b->drop)
        return OC_FAIL(err, OC_NOMEM, "sequence of %zu frames", s->n_frames);
    return oc_assign_create(s->widest_gt, s->widest_trk, &s->assign, err);
}

oc_status mot_sequence_create(const oc_mot_rows *gt, const oc_mot_rows *results,
                              oc_mot_benchmark benchmark, int64_t frames, mot_sequence *out,
                              oc_error *err)
{
    mot_sequence s = {0};
    builder      b = {.s = &s, .benchmark = benchmark, .err = err};
    size_t       at_gt = 0, at_trk = 0;
    int64_t      last = gt->frames > results->frames ? gt->frames : results->frames;
    if (frames && frames < last)
        return OC_FAIL(err, OC_FORMAT, "a row of frame %lld, the sequence has %lld",
                       (long long)last, (long long)frames);
    s.n_frames = (size_t)(frames ? frames : last);
    if (s.n_frames > (size_t)1 << 26)
        return OC_FAIL(err, OC_UNSUPPORTED, "%zu frames", s.n_frames);
    oc_status st = sequence_reserve(&s, gt, results, &b, err);
    for (size_t f = 0; f < s.n_frames && st == OC_OK; f++) {
        span g = rows_of(gt, (int64_t)f + 1, &at_gt), t = rows_of(results, (int64_t)f + 1, &at_trk);
        st = build_frame(&b, &s.frame[f], g, t);
    }
    if (st != OC_OK) {
        mot_sequence_finish(&s);
        return st;
    }
    id_set_close(&b.gt);
    id_set_close(&b.trk);
    s.gt_id = b.gt.id;
    s.trk_id = b.trk.id;
    s.n_gt_ids = b.gt.n;
    s.n_trk_ids = b.trk.n;
    at_gt = at_trk = 0;
    for (size_t f = 0; f < s.n_frames; f++) {
        span g = rows_of(gt, (int64_t)f + 1, &at_gt), t = rows_of(results, (int64_t)f + 1, &at_trk);
        for (size_t i = 0; i < s.frame[f].n_gt; i++)
            s.frame[f].gt[i] = id_dense(&b.gt, g.row[s.frame[f].gt[i]].id);
        for (size_t j = 0; j < s.frame[f].n_trk; j++)
            s.frame[f].trk[j] = id_dense(&b.trk, t.row[s.frame[f].trk[j]].id);
    }
    *out = s;
    return OC_OK;
}

void mot_sequence_finish(mot_sequence *s)
{
    oc_assign_destroy(s->assign);
    oc_arena_finish(&s->mem);
    *s = (mot_sequence){0};
}

#include "observe/drift.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/picture.h"

#define WINDOW_S 60.0
#define PARTS 6        /* of a window */
#define LOOK_S 0.5     /* between two looks at the picture */
#define VALUES_MIN 20  /* in a window and in a reference: fewer say nothing */
#define PSI_LEAST 0.25 /* limits, whatever the reference did */
#define KS_LEAST 0.15
#define PSI_TIMES 1.5 /* over the largest of the reference's own windows */
#define KS_TIMES 1.25
#define KS_MOST 0.7
#define KS_CHANCE 1.63   /* times sqrt(1/n + 1/m): one in a hundred of two samples of the same */
#define FEW 2.0          /* limits of a reference of n windows are 1 + FEW / sqrt(n) times as far */
#define LOOKS 2          /* in a row, before anything is told */
#define OVER 0.8         /* of a limit: below it is over */
#define WINDOWS_MAX 2048 /* kept while learning; then every second one, and so on */

/* What is watched: features, each by one spread, then embeddings of recognisers, each by its
 * projections'.  Spreads of all of them stand one after the other. */
#define WATCHED_MAX (OC_FEATURES + OC_RECOGNISERS_MAX)
#define NAME_BYTES 80

typedef struct watched {
    char             name[NAME_BYTES];     /* "brightness", "embedding of person" */
    size_t           first, n;             /* its spreads */
    const double    *limit_psi, *limit_ks; /* of the reference; NULL = not in it */
    const oc_spread *reference;
    unsigned         beyond, within; /* looks in a row */
    bool             firing;
    oc_series       *m_psi, *m_ks, *m_firing, *m_alerts;
} watched;

typedef struct drifting {
    oc_drift                 *all;
    oc_drift_reference        own;       /* name, detector, the whole so far */
    const oc_drift_reference *reference; /* NULL: none */
    double                    window_s, part_end_s, look_s, last_s;
    watched                   item[WATCHED_MAX];
    size_t                    n_items, n_spreads;
    oc_spread                *part;  /* [PARTS][n_spreads] */
    oc_spread                *sum;   /* [n_spreads]: scratch, the window */
    size_t                    parts; /* ended so far */
    oc_spread                *kept;  /* [WINDOWS_MAX][n_spreads] while learning, else NULL */
    size_t                    n_kept, every, skipped;
} drifting;

struct oc_drift {
    oc_drift_options    options;
    oc_observer         observer;
    oc_drift_reference *reference;
    size_t              n_references;
    pthread_mutex_t     lock;
    drifting           *stream[OC_DRIFT_STREAMS_MAX];
    size_t              n_streams;
};

/* Means over n pairs of spreads. */
static void distance(const oc_spread *a, const oc_spread *b, size_t n, double *psi, double *ks)
{
    *psi = *ks = 0;
    for (size_t i = 0; i < n; i++) {
        *psi += oc_spread_psi(&a[i], &b[i]) / (double)n;
        *ks += oc_spread_ks(&a[i], &b[i]) / (double)n;
    }
}

/* ---- a window has moved on ---- */

static void sum_window(const drifting *s)
{
    memset(s->sum, 0, s->n_spreads * sizeof(*s->sum));
    for (size_t i = 0; i < PARTS * s->n_spreads; i++)
        oc_spread_merge(&s->sum[i % s->n_spreads], &s->part[i]);
}

static void tell(const drifting *s, const watched *w, double psi, double ks, double times,
                 const oc_observed_frame *frame)
{
    const oc_drift_told told = {.stream = s->own.stream,
                                .feature = w->name,
                                .psi = psi,
                                .ks = ks,
                                .times = times,
                                .firing = w->firing,
                                .window_s = s->window_s,
                                .time_s = frame->time_s,
                                .frame = frame->frame->index};
    if (s->all->options.told)
        s->all->options.told(s->all->options.ctx, &told);
}

/* How far the window is from the reference: the smaller of the two measures, in parts of its limit. */
static double times_of(const drifting *s, const watched *w, double psi, double ks)
{
    const double n = s->sum[w->first].n, m = w->reference->n;
    /* of few windows the largest says little about those to come */
    const double far = 1 + FEW / sqrt(fmax(s->reference->learned_s / s->reference->window_s, 1));
    const double chance = KS_CHANCE * sqrt(1 / n + 1 / m);
    const double most_psi = fmax(PSI_LEAST, PSI_TIMES * far * *w->limit_psi);
    const double most_ks = fmax(fmax(KS_LEAST, chance), KS_TIMES * far * *w->limit_ks);
    return fmin(psi / most_psi, ks / fmin(most_ks, KS_MOST));
}

static void compare(const drifting *s, watched *w, const oc_observed_frame *frame)
{
    double psi, ks;
    if (!w->reference || s->sum[w->first].n < VALUES_MIN || w->reference->n < VALUES_MIN)
        return;
    distance(&s->sum[w->first], w->reference, w->n, &psi, &ks);
    const double times = times_of(s, w, psi, ks);
    w->beyond = times > 1 ? w->beyond + 1 : 0;
    w->within = times < OVER ? w->within + 1 : 0;
    if (!w->firing && w->beyond >= LOOKS) {
        w->firing = true;
        if (w->m_alerts)
            oc_series_add(w->m_alerts, 1);
        tell(s, w, psi, ks, times, frame);
    } else if (w->firing && w->within >= LOOKS) {
        w->firing = false;
        tell(s, w, psi, ks, times, frame);
    }
    if (w->m_psi) {
        oc_series_set(w->m_psi, psi);
        oc_series_set(w->m_ks, ks);
        oc_series_set(w->m_firing, w->firing);
    }
}

/* Evenly over the whole of what is learned, however long that is. */
static void keep(drifting *s)
{
    const size_t n = s->n_spreads;
    if (s->skipped++ % s->every != 0)
        return;
    if (s->n_kept == WINDOWS_MAX) {
        for (size_t i = 0; i < WINDOWS_MAX / 2; i++)
            memmove(&s->kept[i * n], &s->kept[2 * i * n], n * sizeof(*s->kept));
        s->n_kept = WINDOWS_MAX / 2;
        s->every *= 2;
        if ((s->skipped - 1) % s->every != 0)
            return;
    }
    memcpy(&s->kept[s->n_kept++ * n], s->sum, n * sizeof(*s->kept));
}

static oc_spread *part_now(const drifting *s)
{
    return &s->part[s->parts % PARTS * s->n_spreads];
}

static void end_part(drifting *s, const oc_observed_frame *frame)
{
    s->parts++;
    if (s->parts >= PARTS) {
        sum_window(s);
        for (size_t i = 0; i < s->n_items; i++)
            compare(s, &s->item[i], frame);
        if (s->kept)
            keep(s);
    }
    memset(part_now(s), 0, s->n_spreads * sizeof(*s->part));
}

/* From here on, as if nothing had been seen: what is learned and told stays. */
static void restart(drifting *s, double time_s)
{
    s->part_end_s = s->look_s = s->last_s = time_s;
    s->parts = 0;
    memset(s->part, 0, PARTS * s->n_spreads * sizeof(*s->part));
}

/* ---- hooks ---- */

static void count(drifting *s, oc_feature f, double value)
{
    double from, to;
    oc_feature_range(f, &from, &to);
    oc_spread_add(&part_now(s)[f], from, to, value);
    if (s->kept)
        oc_spread_add(&s->own.spread[f], from, to, value);
}

static void embedded(void *stream, const char *recogniser, const float *embedding, size_t n)
{
    drifting *s = stream;
    double    at[OC_PROJECTIONS];
    size_t    k = 0;
    while (k < s->own.n_embeddings && strcmp(s->own.embedding[k].recogniser, recogniser) != 0)
        k++;
    if (k == s->own.n_embeddings || !oc_project(embedding, n, at))
        return;
    oc_spread *part = part_now(s) + s->item[OC_FEATURES + k].first;
    for (size_t i = 0; i < OC_PROJECTIONS; i++) {
        oc_spread_add(&part[i], -OC_PROJECTION_RANGE, OC_PROJECTION_RANGE, at[i]);
        if (s->kept)
            oc_spread_add(&s->own.embedding[k].spread[i], -OC_PROJECTION_RANGE, OC_PROJECTION_RANGE,
                          at[i]);
    }
}

static void look_at_tracks(drifting *s, const oc_observed_frame *f)
{
    const double area = (double)f->frame->width * (double)f->frame->height;
    count(s, OC_FEATURE_COUNT, log2(1.0 + (double)f->detections));
    for (size_t i = 0; i < f->objects->n; i++) {
        const oc_track *t = &f->objects->list[i]->track;
        if (t->state == OC_TRACK_ENDED || t->detection < 0)
            continue;
        const oc_box *b = &t->box;
        count(s, OC_FEATURE_CONFIDENCE, (double)t->score);
        count(s, OC_FEATURE_BOX_SIZE,
              0.5 * log2(fmax((double)((b->x1 - b->x0) * (b->y1 - b->y0)) / area, 1e-9)));
    }
}

static void completed(void *stream, const oc_observed_frame *f)
{
    drifting *s = stream;
    if (f->time_s < s->last_s) /* a source that began anew */
        restart(s, f->time_s);
    s->own.learned_s += f->time_s - s->last_s;
    s->last_s = f->time_s;
    if (f->time_s >= s->part_end_s) {
        if (s->part_end_s > 0)
            end_part(s, f);
        s->part_end_s = f->time_s + s->window_s / PARTS;
    }
    if (f->decision->look)
        look_at_tracks(s, f);
    if (f->time_s < s->look_s)
        return;
    s->look_s = f->time_s + LOOK_S;
    const oc_picture_facts p = oc_picture_look(f->frame);
    count(s, OC_FEATURE_BRIGHTNESS, p.brightness);
    count(s, OC_FEATURE_CONTRAST, p.contrast);
    count(s, OC_FEATURE_SHARPNESS, p.sharpness);
}

static void event(void *stream, const oc_event *e, const char *line, size_t bytes)
{
    (void)line;
    (void)bytes;
    if (e->type == OC_EVENT_RECOGNISED)
        count(stream, OC_FEATURE_RECOGNITION, (double)e->confidence);
}

/* ---- a stream that is opened ---- */

static void make_series(drifting *s)
{
    oc_metrics *m = s->all->options.metrics;
    for (size_t i = 0; m && i < s->n_items; i++) {
        watched          *w = &s->item[i];
        const char *const values[] = {s->own.stream, w->name};
        if (!w->reference)
            continue;
        w->m_psi = oc_metrics_series(m, OC_M_DRIFT_PSI, values);
        w->m_ks = oc_metrics_series(m, OC_M_DRIFT_KS, values);
        w->m_firing = oc_metrics_series(m, OC_M_DRIFT_FIRING, values);
        w->m_alerts = oc_metrics_series(m, OC_M_DRIFT_ALERTS, values);
    }
}

static const oc_drift_embedding *embedding_of(const oc_drift_reference *r, const char *recogniser)
{
    for (size_t i = 0; r && i < r->n_embeddings; i++)
        if (strcmp(r->embedding[i].recogniser, recogniser) == 0)
            return &r->embedding[i];
    return NULL;
}

/* Items, and what of the reference each is held against. */
static void lay_out(drifting *s)
{
    const oc_drift_reference *r = s->reference;
    for (size_t f = 0; f < OC_FEATURES; f++) {
        watched *w = &s->item[f];
        snprintf(w->name, sizeof(w->name), "%s", oc_feature_name((oc_feature)f));
        w->first = f;
        w->n = 1;
        if (r) {
            w->reference = &r->spread[f];
            w->limit_psi = &r->psi[f];
            w->limit_ks = &r->ks[f];
        }
    }
    for (size_t k = 0; k < s->own.n_embeddings; k++) {
        watched                  *w = &s->item[OC_FEATURES + k];
        const oc_drift_embedding *e = embedding_of(r, s->own.embedding[k].recogniser);
        snprintf(w->name, sizeof(w->name), "embedding of %s", s->own.embedding[k].recogniser);
        w->first = OC_FEATURES + k * OC_PROJECTIONS;
        w->n = OC_PROJECTIONS;
        if (e) {
            w->reference = e->spread;
            w->limit_psi = &e->psi;
            w->limit_ks = &e->ks;
        }
    }
    s->n_items = OC_FEATURES + s->own.n_embeddings;
    s->n_spreads = OC_FEATURES + s->own.n_embeddings * OC_PROJECTIONS;
}

static oc_status refuse(const oc_drift *d, const char *stream, const char *what, const char *was,
                        const char *is, oc_error *err)
{
    return OC_FAIL(err, OC_INVALID,
                   "%s: stream '%s' was learned with %s '%s', this one is '%s': learn it again",
                   d->options.reference, stream, what, was, is);
}

static oc_status find_reference(const oc_drift *d, const oc_observed_stream *info,
                                const oc_drift_reference **out, oc_error *err)
{
    const char *detector = info->config->detect.network;
    for (size_t i = 0; i < d->n_references; i++) {
        const oc_drift_reference *r = &d->reference[i];
        if (strcmp(r->stream, info->name) != 0)
            continue;
        if (strcmp(r->detector, detector) != 0)
            return refuse(d, info->name, "detector", r->detector, detector, err);
        for (size_t k = 0; k < info->config->n_recognise; k++) {
            const oc_recognise_config *c = &info->config->recognise[k];
            const oc_drift_embedding  *e = embedding_of(r, c->name);
            if (e && strcmp(e->network, c->network) != 0)
                return refuse(d, info->name, "recogniser", e->network, c->network, err);
        }
        *out = r;
        return OC_OK;
    }
    return OC_FAIL(err, OC_NOT_FOUND, "%s: has no stream '%s'", d->options.reference, info->name);
}

static bool is_stream(const drifting *s, const char *name)
{
    return strcmp(s->own.stream, name) == 0;
}

static oc_status own_embeddings(drifting *s, const oc_pipeline_config *c, oc_error *err)
{
    for (size_t i = 0; i < c->n_recognise; i++) {
        oc_drift_embedding *e = &s->own.embedding[s->own.n_embeddings];
        if (c->recognise[i].kind != OC_RECOGNISE_GALLERY)
            continue;
        if (strlen(c->recognise[i].name) >= sizeof(e->recogniser) ||
            strlen(c->recognise[i].network) >= sizeof(e->network))
            return OC_FAIL(err, OC_INVALID,
                           "drift: recogniser '%.80s': its name or its network's is too long",
                           c->recognise[i].name);
        memcpy(e->recogniser, c->recognise[i].name, strlen(c->recognise[i].name) + 1);
        memcpy(e->network, c->recognise[i].network, strlen(c->recognise[i].network) + 1);
        s->own.n_embeddings++;
    }
    return OC_OK;
}

static void free_stream(drifting *s)
{
    free(s->part);
    free(s->sum);
    free(s->kept);
    free(s);
}

static oc_status fill(drifting *s, const oc_observed_stream *info, oc_error *err)
{
    const char *detector = info->config->detect.network;
    if (strlen(info->name) >= sizeof(s->own.stream) || strlen(detector) >= sizeof(s->own.detector))
        return OC_FAIL(err, OC_INVALID,
                       "drift: stream '%.80s': its name or its detector's is too long", info->name);
    memcpy(s->own.stream, info->name, strlen(info->name) + 1);
    memcpy(s->own.detector, detector, strlen(detector) + 1);
    oc_status st = own_embeddings(s, info->config, err);
    if (st != OC_OK)
        return st;
    lay_out(s);
    s->part = calloc(PARTS * s->n_spreads, sizeof(*s->part));
    s->sum = calloc(s->n_spreads, sizeof(*s->sum));
    if (s->all->options.learn)
        s->kept = calloc(WINDOWS_MAX * s->n_spreads, sizeof(*s->kept));
    if (!s->part || !s->sum || (s->all->options.learn && !s->kept))
        return OC_FAIL(err, OC_NOMEM, "drift: out of memory");
    return OC_OK;
}

static oc_status new_stream(oc_drift *d, const oc_observed_stream *info, drifting **out,
                            oc_error *err)
{
    if (d->n_streams == OC_DRIFT_STREAMS_MAX)
        return OC_FAIL(err, OC_INVALID, "drift: more than %d streams", OC_DRIFT_STREAMS_MAX);
    drifting *s = calloc(1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "drift: out of memory");
    s->all = d;
    s->every = 1;
    oc_status st = fill(s, info, err);
    if (st != OC_OK) {
        free_stream(s);
        return st;
    }
    d->stream[d->n_streams++] = s;
    *out = s;
    return OC_OK;
}

/* A stream that comes back goes on in a window of its own. */
static oc_status opened(void *ctx, const oc_observed_stream *info, void **stream, oc_error *err)
{
    oc_drift                 *d = ctx;
    const oc_drift_reference *reference = NULL;
    drifting                 *s = NULL;
    oc_status                 st = OC_OK;
    pthread_mutex_lock(&d->lock);
    if (d->options.reference)
        st = find_reference(d, info, &reference, err);
    for (size_t i = 0; i < d->n_streams && !s; i++)
        s = is_stream(d->stream[i], info->name) ? d->stream[i] : NULL;
    if (st == OC_OK && !s)
        st = new_stream(d, info, &s, err);
    if (st == OC_OK) {
        s->reference = reference;
        s->window_s = reference                 ? reference->window_s
                      : d->options.window_s > 0 ? d->options.window_s
                                                : WINDOW_S;
        lay_out(s);
        restart(s, 0);
        make_series(s);
        *stream = s;
    }
    pthread_mutex_unlock(&d->lock);
    return st;
}

/* ---- life ---- */

oc_status oc_drift_create(const oc_drift_options *options, oc_drift **out, oc_error *err)
{
    oc_drift *d = calloc(1, sizeof(*d));
    if (!d)
        return OC_FAIL(err, OC_NOMEM, "drift: out of memory");
    d->options = *options;
    d->observer = (oc_observer){.struct_size = sizeof(oc_observer),
                                .ctx = d,
                                .opened = opened,
                                .event = event,
                                .completed = completed,
                                .embedded = embedded};
    pthread_mutex_init(&d->lock, NULL);
    oc_status st = OC_OK;
    if (options->reference)
        st = oc_drift_file_read(options->reference, &d->reference, &d->n_references, err);
    if (st != OC_OK) {
        oc_drift_destroy(d);
        return st;
    }
    *out = d;
    return OC_OK;
}

void oc_drift_destroy(oc_drift *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n_streams; i++)
        free_stream(d->stream[i]);
    free(d->reference);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

const oc_observer *oc_drift_observer(const oc_drift *d)
{
    return &d->observer;
}

/* How far the windows were from the whole of it. */
static void own_limits(const drifting *s, oc_drift_reference *r)
{
    for (size_t k = 0; k < s->n_kept; k++) {
        const oc_spread *w = &s->kept[k * s->n_spreads];
        double           psi, ks;
        for (size_t f = 0; f < OC_FEATURES; f++) {
            if (w[f].n < VALUES_MIN)
                continue;
            distance(&w[f], &r->spread[f], 1, &psi, &ks);
            r->psi[f] = fmax(r->psi[f], psi);
            r->ks[f] = fmax(r->ks[f], ks);
        }
        for (size_t i = 0; i < r->n_embeddings; i++) {
            const oc_spread *e = &w[s->item[OC_FEATURES + i].first];
            if (e->n < VALUES_MIN)
                continue;
            distance(e, r->embedding[i].spread, OC_PROJECTIONS, &psi, &ks);
            r->embedding[i].psi = fmax(r->embedding[i].psi, psi);
            r->embedding[i].ks = fmax(r->embedding[i].ks, ks);
        }
    }
}

oc_status oc_drift_write(oc_drift *d, oc_error *err)
{
    oc_drift_reference *list = calloc(d->n_streams + 1, sizeof(*list));
    oc_status           st = OC_OK;
    if (!list)
        return OC_FAIL(err, OC_NOMEM, "drift: out of memory");
    for (size_t i = 0; i < d->n_streams && st == OC_OK; i++) {
        const drifting     *s = d->stream[i];
        oc_drift_reference *r = &list[i];
        *r = s->own;
        r->window_s = s->window_s;
        if (s->n_kept == 0)
            st = OC_FAIL(err, OC_INVALID,
                         "%s: stream '%s' did not last for one window of %g s: nothing learned",
                         d->options.learn, r->stream, s->window_s);
        own_limits(s, r);
    }
    if (st == OC_OK)
        st = oc_drift_file_write(d->options.learn, list, d->n_streams, err);
    free(list);
    return st;
}

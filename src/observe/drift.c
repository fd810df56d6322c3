#include "observe/drift.h"

#include <math.h>
#include <pthread.h>
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
#define FEW 2.0          /* limits of a reference of n windows are 1 + FEW / sqrt(n) times as far */
#define LOOKS 2          /* in a row, before anything is told */
#define OVER 0.8         /* of a limit: below it is over */
#define WINDOWS_MAX 2048 /* kept while learning; then every second one, and so on */

typedef struct window {
    oc_spread spread[OC_FEATURES];
} window;

typedef struct drifting {
    oc_drift                 *all;
    oc_drift_reference        own;       /* name, detector, the whole so far */
    const oc_drift_reference *reference; /* NULL: none */
    double                    window_s, part_end_s, look_s, last_s;
    window                    part[PARTS];
    size_t                    parts; /* ended so far */
    window                   *kept;
    size_t                    n_kept, every, skipped;
    unsigned                  beyond[OC_FEATURES], within[OC_FEATURES]; /* looks in a row */
    bool                      firing[OC_FEATURES];
    oc_series                *m_psi[OC_FEATURES], *m_ks[OC_FEATURES], *m_firing[OC_FEATURES];
    oc_series                *m_alerts[OC_FEATURES];
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

/* ---- a window has moved on ---- */

static void sum_window(const drifting *s, window *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t p = 0; p < PARTS; p++)
        for (size_t f = 0; f < OC_FEATURES; f++)
            oc_spread_merge(&out->spread[f], &s->part[p].spread[f]);
}

static void tell(drifting *s, size_t f, double psi, double ks, double times,
                 const oc_observed_frame *frame)
{
    const oc_drift_told told = {.stream = s->own.stream,
                                .feature = oc_feature_name((oc_feature)f),
                                .psi = psi,
                                .ks = ks,
                                .times = times,
                                .firing = s->firing[f],
                                .window_s = s->window_s,
                                .time_s = frame->time_s,
                                .frame = frame->frame->index};
    if (s->all->options.told)
        s->all->options.told(s->all->options.ctx, &told);
}

static void compare(drifting *s, size_t f, const oc_spread *now, const oc_observed_frame *frame)
{
    const oc_drift_reference *r = s->reference;
    if (now->n < VALUES_MIN || r->spread[f].n < VALUES_MIN)
        return;
    const double psi = oc_spread_psi(now, &r->spread[f]), ks = oc_spread_ks(now, &r->spread[f]);
    /* of few windows the largest says little about those to come */
    const double far = 1 + FEW / sqrt(fmax(r->learned_s / r->window_s, 1));
    const double times = fmin(psi / fmax(PSI_LEAST, PSI_TIMES * far * r->psi[f]),
                              ks / fmin(fmax(KS_LEAST, KS_TIMES * far * r->ks[f]), KS_MOST));
    s->beyond[f] = times > 1 ? s->beyond[f] + 1 : 0;
    s->within[f] = times < OVER ? s->within[f] + 1 : 0;
    if (!s->firing[f] && s->beyond[f] >= LOOKS) {
        s->firing[f] = true;
        if (s->m_alerts[f])
            oc_series_add(s->m_alerts[f], 1);
        tell(s, f, psi, ks, times, frame);
    } else if (s->firing[f] && s->within[f] >= LOOKS) {
        s->firing[f] = false;
        tell(s, f, psi, ks, times, frame);
    }
    if (s->m_psi[f]) {
        oc_series_set(s->m_psi[f], psi);
        oc_series_set(s->m_ks[f], ks);
        oc_series_set(s->m_firing[f], s->firing[f]);
    }
}

/* Evenly over the whole of what is learned, however long that is. */
static void keep(drifting *s, const window *w)
{
    if (s->skipped++ % s->every != 0)
        return;
    if (s->n_kept == WINDOWS_MAX) {
        for (size_t i = 0; i < WINDOWS_MAX / 2; i++)
            s->kept[i] = s->kept[2 * i];
        s->n_kept = WINDOWS_MAX / 2;
        s->every *= 2;
        if ((s->skipped - 1) % s->every != 0)
            return;
    }
    s->kept[s->n_kept++] = *w;
}

static void end_part(drifting *s, const oc_observed_frame *frame)
{
    window now;
    s->parts++;
    if (s->parts >= PARTS) {
        sum_window(s, &now);
        for (size_t f = 0; s->reference && f < OC_FEATURES; f++)
            compare(s, f, &now.spread[f], frame);
        if (s->kept)
            keep(s, &now);
    }
    memset(&s->part[s->parts % PARTS], 0, sizeof(window));
}

/* ---- hooks ---- */

static void count(drifting *s, oc_feature f, double value)
{
    double from, to;
    oc_feature_range(f, &from, &to);
    oc_spread_add(&s->part[s->parts % PARTS].spread[f], from, to, value);
    if (s->kept)
        oc_spread_add(&s->own.spread[f], from, to, value);
}

static void completed(void *stream, const oc_observed_frame *f)
{
    drifting *s = stream;
    s->own.learned_s += fmax(f->time_s - s->last_s, 0);
    s->last_s = f->time_s;
    if (f->time_s >= s->part_end_s) {
        if (s->part_end_s > 0)
            end_part(s, f);
        s->part_end_s = f->time_s + s->window_s / PARTS;
    }
    if (f->decision->look) {
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

static void make_series(drifting *s)
{
    oc_metrics *m = s->all->options.metrics;
    for (size_t f = 0; m && s->reference && f < OC_FEATURES; f++) {
        const char *const values[] = {s->own.stream, oc_feature_name((oc_feature)f)};
        s->m_psi[f] = oc_metrics_series(m, OC_M_DRIFT_PSI, values);
        s->m_ks[f] = oc_metrics_series(m, OC_M_DRIFT_KS, values);
        s->m_firing[f] = oc_metrics_series(m, OC_M_DRIFT_FIRING, values);
        s->m_alerts[f] = oc_metrics_series(m, OC_M_DRIFT_ALERTS, values);
    }
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
            return OC_FAIL(
                err, OC_INVALID,
                "%s: stream '%s' was learned with detector '%s', this one is '%s': learn "
                "it again",
                d->options.reference, info->name, r->detector, detector);
        *out = r;
        return OC_OK;
    }
    return OC_FAIL(err, OC_NOT_FOUND, "%s: has no stream '%s'", d->options.reference, info->name);
}

static bool is_stream(const drifting *s, const char *name)
{
    return strcmp(s->own.stream, name) == 0;
}

static oc_status new_stream(oc_drift *d, const oc_observed_stream *info, drifting **out,
                            oc_error *err)
{
    const char *detector = info->config->detect.network;
    drifting   *s;
    if (d->n_streams == OC_DRIFT_STREAMS_MAX)
        return OC_FAIL(err, OC_INVALID, "drift: more than %d streams", OC_DRIFT_STREAMS_MAX);
    if (strlen(info->name) >= sizeof(s->own.stream) || strlen(detector) >= sizeof(s->own.detector))
        return OC_FAIL(err, OC_INVALID,
                       "drift: stream '%.80s': its name or its detector's is too long", info->name);
    s = calloc(1, sizeof(*s));
    if (s && d->options.learn && !(s->kept = calloc(WINDOWS_MAX, sizeof(*s->kept)))) {
        free(s);
        s = NULL;
    }
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "drift: out of memory");
    s->all = d;
    s->every = 1;
    memcpy(s->own.stream, info->name, strlen(info->name) + 1);
    memcpy(s->own.detector, detector, strlen(detector) + 1);
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
        s->part_end_s = s->look_s = s->last_s = 0;
        s->parts = 0;
        memset(s->part, 0, sizeof(s->part));
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
                                .completed = completed};
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
    for (size_t i = 0; i < d->n_streams; i++) {
        free(d->stream[i]->kept);
        free(d->stream[i]);
    }
    free(d->reference);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

const oc_observer *oc_drift_observer(const oc_drift *d)
{
    return &d->observer;
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
        for (size_t k = 0; k < s->n_kept; k++)
            for (size_t f = 0; f < OC_FEATURES; f++) {
                if (s->kept[k].spread[f].n < VALUES_MIN)
                    continue;
                r->psi[f] = fmax(r->psi[f], oc_spread_psi(&s->kept[k].spread[f], &r->spread[f]));
                r->ks[f] = fmax(r->ks[f], oc_spread_ks(&s->kept[k].spread[f], &r->spread[f]));
            }
    }
    if (st == OC_OK)
        st = oc_drift_file_write(d->options.learn, list, d->n_streams, err);
    free(list);
    return st;
}

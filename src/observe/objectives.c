/* Objectives: hooks count, ticks look. */
#include "observe/objectives.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "observe/burn_store.h"
#include "pipeline/site_config.h"

#define TICK_S 5.0
#define KEEP_S 300.0
#define ALIVE_S 10.0 /* a detector that ran less than this ago is alive */
#define JUMP_S 2.0   /* of the wall clock against the clock since boot */
#define PATH_BYTES 4200

typedef struct watched_objective {
    oc_objective         o;
    atomic_uint_fast64_t good, bad;
    uint64_t             good_taken, bad_taken;
    double               offset_s; /* of the windows' time against the clock since boot */
    oc_burn              burn;
    bool                 firing[OC_BURN_PAIRS];
    oc_series           *m_good, *m_bad, *m_budget, *m_rate[OC_BURN_WINDOWS];
    oc_series           *m_firing[OC_BURN_PAIRS], *m_alerts[OC_BURN_PAIRS];
    char                 window[OC_BURN_PAIRS][16];
} watched_objective;

typedef struct watched_stream {
    char                 name[OC_METRIC_VALUE_BYTES];
    atomic_bool          open;
    uint64_t             opened_ns;
    double               patience_s; /* with a detector that does not run */
    atomic_uint_fast64_t detected_ns, captured;
    size_t               n;
    watched_objective    item[];
} watched_stream;

struct oc_objectives {
    oc_objectives_options options;
    oc_observer           observer;
    pthread_mutex_t       lock; /* all below; hooks on a frame's way take none */
    pthread_cond_t        wake;
    pthread_t             thread;
    bool                  started, stop;
    watched_stream       *stream[OC_STREAMS_MAX];
    size_t                n_streams;
    oc_burn_store         store; /* windows of streams that are not there */
    oc_burn_clock         last;
    double                kept_s; /* clock since boot */
    bool                  keeping;
    oc_series            *m_written, *m_failed, *m_forward, *m_back;
};

/* ---- hooks ---- */

static void captured(void *stream, const oc_frame *frame, uint64_t begin_ns, uint64_t end_ns)
{
    watched_stream *s = stream;
    (void)frame;
    (void)begin_ns;
    (void)end_ns;
    atomic_fetch_add_explicit(&s->captured, 1, memory_order_relaxed);
}

static void count(watched_stream *s, oc_objective_kind kind, bool bad, uint64_t latency_ns)
{
    for (size_t i = 0; i < s->n; i++) {
        watched_objective *w = &s->item[i];
        if (w->o.kind != kind)
            continue;
        bool missed = bad || (kind == OC_OBJECTIVE_LATENCY && latency_ns > w->o.limit_ns);
        atomic_fetch_add_explicit(missed ? &w->bad : &w->good, 1, memory_order_relaxed);
    }
}

/* What somebody asked for is nobody's failure. */
static void dropped(void *stream, const oc_frame *frame, oc_drop reason)
{
    (void)frame;
    if (reason != OC_DROP_STOPPED && reason != OC_DROP_RATE && reason != OC_DROP_PAUSED)
        count(stream, OC_OBJECTIVE_COMPLETED, true, 0);
}

static void stage(void *stream, uint64_t frame, oc_stage at, uint64_t begin_ns, uint64_t end_ns)
{
    watched_stream *s = stream;
    (void)frame;
    (void)begin_ns;
    if (at == OC_STAGE_DETECT)
        atomic_store_explicit(&s->detected_ns, end_ns, memory_order_relaxed);
}

static void completed(void *stream, const oc_observed_frame *f)
{
    count(stream, OC_OBJECTIVE_LATENCY, false, f->end_ns - f->captured_ns);
    count(stream, OC_OBJECTIVE_COMPLETED, false, 0);
}

/* ---- a stream that is opened ---- */

static void make_series(oc_objectives *all, const watched_stream *s, watched_objective *w)
{
    oc_metrics *m = all->options.metrics;
    char        name[16];
    const char *v[OC_METRIC_LABELS_MAX] = {s->name, w->o.name};
    oc_series_set(oc_metrics_series(m, OC_M_OBJECTIVE_TARGET, v), w->o.target);
    w->m_budget = oc_metrics_series(m, OC_M_OBJECTIVE_BUDGET, v);
    v[2] = "good";
    w->m_good = oc_metrics_series(m, OC_M_OBJECTIVE_EVENTS, v);
    v[2] = "bad";
    w->m_bad = oc_metrics_series(m, OC_M_OBJECTIVE_EVENTS, v);
    for (size_t i = 0; i < OC_BURN_WINDOWS; i++) {
        oc_burn_window_name(w->o.period_s, oc_burn_windows[i], name, sizeof(name));
        v[2] = name;
        w->m_rate[i] = oc_metrics_series(m, OC_M_OBJECTIVE_BURN, v);
    }
    for (size_t i = 0; i < OC_BURN_PAIRS; i++) {
        oc_burn_window_name(w->o.period_s, oc_burn_pairs[i].high, w->window[i],
                            sizeof(w->window[i]));
        v[2] = oc_burn_pairs[i].severity;
        v[3] = w->window[i];
        w->m_firing[i] = oc_metrics_series(m, OC_M_ALERT_FIRING, v);
        w->m_alerts[i] = oc_metrics_series(m, OC_M_ALERTS, v);
    }
}

/* The windows of an earlier process or stream, or empty ones. */
static void take_up(oc_objectives *all, const watched_stream *s, watched_objective *w,
                    const oc_burn_clock *now)
{
    const uint64_t key = oc_burn_key(s->name, w->o.name, w->o.period_s);
    oc_burn_entry  old;
    w->offset_s = -now->boot_s;
    if (!oc_burn_store_take(&all->store, key, now, &old))
        return;
    w->burn = old.burn;
    w->offset_s = old.time_s - now->boot_s;
    oc_burn_advance(&w->burn, w->o.period_s, old.time_s);
}

static void entry_of(const watched_stream *s, const watched_objective *w, const oc_burn_clock *now,
                     oc_burn_entry *out)
{
    memset(out, 0, sizeof(*out)); /* holes are in the file's checksum, too */
    out->key = oc_burn_key(s->name, w->o.name, w->o.period_s);
    out->time_s = now->boot_s + w->offset_s;
    out->burn = w->burn;
}

/* What was counted goes into the windows. */
static void take_counts(watched_objective *w, const oc_burn_clock *now)
{
    uint64_t good = atomic_load(&w->good), bad = atomic_load(&w->bad);
    oc_burn_advance(&w->burn, w->o.period_s, now->boot_s + w->offset_s);
    oc_burn_add(&w->burn, good - w->good_taken, bad - w->bad_taken);
    w->good_taken = good;
    w->bad_taken = bad;
}

/* A closed stream goes; its windows stay in case it comes back. */
static void retire(oc_objectives *all, size_t i, const oc_burn_clock *now)
{
    watched_stream *s = all->stream[i];
    oc_burn_entry   entry;
    for (size_t k = 0; k < s->n; k++) {
        take_counts(&s->item[k], now);
        entry_of(s, &s->item[k], now, &entry);
        oc_burn_store_put(&all->store, &entry, now);
        for (size_t p = 0; p < OC_BURN_PAIRS; p++)
            oc_series_set(s->item[k].m_firing[p], 0); /* nobody looks any more */
    }
    all->stream[i] = all->stream[--all->n_streams];
    free(s);
}

static size_t find(const oc_objectives *all, const char *name)
{
    size_t i = 0;
    while (i < all->n_streams && (all->stream[i]->open || strcmp(all->stream[i]->name, name) != 0))
        i++;
    return i;
}

/* A stream that comes again goes on with what it had, where its objectives are the same. */
static bool is_same(const watched_stream *s, const oc_pipeline_config *c)
{
    bool same = s->n == c->n_objectives;
    for (size_t i = 0; same && i < s->n; i++)
        same = strcmp(s->item[i].o.name, c->objective[i].name) == 0 &&
               s->item[i].o.period_s == c->objective[i].period_s;
    return same;
}

void oc_objectives_forget(oc_objectives *all, const char *stream)
{
    oc_burn_clock now;
    oc_burn_clock_now(&now);
    pthread_mutex_lock(&all->lock);
    for (size_t i = find(all, stream); i < all->n_streams; i = find(all, stream))
        retire(all, i, &now);
    pthread_mutex_unlock(&all->lock);
}

/* The place of a stream that was closed first makes room. */
static void make_room(oc_objectives *all, const oc_burn_clock *now)
{
    for (size_t i = 0; i < all->n_streams && all->n_streams == OC_STREAMS_MAX; i++)
        if (!all->stream[i]->open)
            retire(all, i, now);
}

static watched_stream *make_stream(oc_objectives *all, const oc_observed_stream *info,
                                   const oc_burn_clock *now)
{
    const oc_pipeline_config *c = info->config;
    make_room(all, now);
    if (all->n_streams == OC_STREAMS_MAX)
        return NULL;
    watched_stream *s = calloc(1, sizeof(*s) + c->n_objectives * sizeof(s->item[0]));
    if (!s)
        return NULL;
    snprintf(s->name, sizeof(s->name), "%s", info->name);
    s->n = c->n_objectives;
    for (size_t i = 0; i < s->n; i++) {
        s->item[i].o = c->objective[i];
        make_series(all, s, &s->item[i]);
        take_up(all, s, &s->item[i], now);
    }
    all->stream[all->n_streams++] = s;
    return s;
}

static oc_status opened(void *ctx, const oc_observed_stream *info, void **stream, oc_error *err)
{
    oc_objectives *all = ctx;
    oc_burn_clock  now;
    oc_burn_clock_now(&now);
    pthread_mutex_lock(&all->lock);
    size_t at = find(all, info->name);
    if (at < all->n_streams && !is_same(all->stream[at], info->config)) {
        retire(all, at, &now);
        at = all->n_streams;
    }
    watched_stream *s = at < all->n_streams ? all->stream[at] : make_stream(all, info, &now);
    if (s) {
        for (size_t i = 0; i < s->n; i++)
            s->item[i].o = info->config->objective[i];
        s->patience_s = fmax(ALIVE_S, 3.0 * info->config->detect.every / fmax(info->fps, 1e-3));
        s->opened_ns = oc_now_ns();
        atomic_store(&s->detected_ns, s->opened_ns);
        s->open = true;
        *stream = s;
    }
    pthread_mutex_unlock(&all->lock);
    return s ? OC_OK : OC_FAIL(err, OC_NOMEM, "no room for the objectives of %s", info->name);
}

static void closed(void *stream, const oc_counts *counts)
{
    watched_stream *s = stream;
    (void)counts;
    s->open = false; /* read by tick, which may count one second too many */
}

/* ---- ticks ---- */

static void tell(oc_objectives *all, const watched_stream *s, watched_objective *w, size_t pair,
                 double rate)
{
    const oc_alert alert = {.stream = s->name,
                            .objective = w->o.name,
                            .severity = oc_burn_pairs[pair].severity,
                            .window = w->window[pair],
                            .burn = rate,
                            .firing = w->firing[pair],
                            .time_s = (double)(oc_now_ns() - s->opened_ns) * 1e-9,
                            .frame = atomic_load(&s->captured)};
    if (alert.firing)
        oc_series_add(w->m_alerts[pair], 1);
    if (all->options.alert)
        all->options.alert(all->options.ctx, &alert);
}

static void look(oc_objectives *all, const watched_stream *s, watched_objective *w)
{
    for (size_t i = 0; i < OC_BURN_WINDOWS; i++)
        oc_series_set(w->m_rate[i],
                      oc_burn_rate(oc_burn_over(&w->burn, oc_burn_windows[i]), w->o.target));
    oc_series_set(w->m_budget,
                  1.0 - oc_burn_rate(oc_burn_over(&w->burn, OC_BURN_PERIOD), w->o.target));
    for (size_t i = 0; i < OC_BURN_PAIRS; i++) {
        double rate;
        bool   firing = oc_burn_alert(&w->burn, &oc_burn_pairs[i], w->o.target, &rate);
        oc_series_set(w->m_firing[i], firing);
        if (firing != w->firing[i]) {
            w->firing[i] = firing;
            tell(all, s, w, i, rate);
        }
    }
}

static void tick_one(oc_objectives *all, watched_stream *s, watched_objective *w,
                     const oc_burn_clock *now)
{
    if (w->o.kind == OC_OBJECTIVE_DETECTOR && s->open) {
        double since = ((double)oc_now_ns() - (double)atomic_load(&s->detected_ns)) * 1e-9;
        atomic_fetch_add(since > s->patience_s ? &w->bad : &w->good, 1);
    }
    take_counts(w, now);
    oc_series_set_count(w->m_good, w->good_taken);
    oc_series_set_count(w->m_bad, w->bad_taken);
    look(all, s, w);
}

static void see_jumps(oc_objectives *all, const oc_burn_clock *now)
{
    double jump = now->unix_s - all->last.unix_s - (now->boot_s - all->last.boot_s);
    if (jump > JUMP_S)
        oc_series_add(all->m_forward, 1);
    else if (jump < -JUMP_S)
        oc_series_add(all->m_back, 1);
    all->last = *now;
}

/* All windows as of now; NULL: none, or no memory.  Under the lock. */
static oc_burn_entry *copy_entries(oc_objectives *all, const oc_burn_clock *now, size_t *n)
{
    size_t most = all->store.n;
    for (size_t i = 0; i < all->n_streams; i++)
        most += all->stream[i]->n;
    oc_burn_entry *entry = most ? calloc(most, sizeof(*entry)) : NULL;
    *n = 0;
    if (!entry)
        return NULL;
    for (size_t i = 0; i < all->n_streams; i++)
        for (size_t k = 0; k < all->stream[i]->n; k++)
            entry_of(all->stream[i], &all->stream[i]->item[k], now, &entry[(*n)++]);
    oc_burn_store_go_on(&all->store, now);
    for (size_t i = 0; i < all->store.n; i++)
        entry[(*n)++] = all->store.entry[i];
    return entry;
}

/* The file is written without the lock: a slow disk keeps no stream from opening. */
static void keep(oc_objectives *all, const oc_burn_clock *now)
{
    oc_error err = {0};
    size_t   n, bytes = 0;
    pthread_mutex_lock(&all->lock);
    oc_burn_entry *entry = all->keeping ? copy_entries(all, now, &n) : NULL;
    pthread_mutex_unlock(&all->lock);
    if (!entry)
        return;
    oc_status st = oc_burn_file_write(all->options.file, now, entry, n, &bytes, &err);
    free(entry);
    if (st == OC_OK) {
        oc_series_add(all->m_written, bytes);
    } else {
        oc_series_add(all->m_failed, 1);
        if (all->options.trouble)
            all->options.trouble(all->options.ctx, &err);
    }
}

void oc_objectives_tick(oc_objectives *all, const oc_burn_clock *now)
{
    pthread_mutex_lock(&all->lock);
    see_jumps(all, now);
    for (size_t i = 0; i < all->n_streams; i++)
        for (size_t k = 0; k < all->stream[i]->n; k++)
            tick_one(all, all->stream[i], &all->stream[i]->item[k], now);
    const bool due = now->boot_s - all->kept_s >= KEEP_S;
    if (due)
        all->kept_s = now->boot_s;
    pthread_mutex_unlock(&all->lock);
    if (due)
        keep(all, now);
}

/* ---- life ---- */

static void read_old(oc_objectives *all)
{
    oc_error  err = {0};
    char      aside[PATH_BYTES];
    oc_status st = oc_burn_file_read(all->options.file, &all->store.clock, &all->store.entry,
                                     &all->store.n, &err);
    all->keeping = st == OC_OK || st == OC_FORMAT;
    if (st == OC_OK)
        return;
    oc_series_add(all->m_failed, 1);
    if (st == OC_FORMAT &&
        (size_t)snprintf(aside, sizeof(aside), "%s.bad", all->options.file) < sizeof(aside) &&
        rename(all->options.file, aside) == 0)
        oc_error_prefix(&err, "put aside as .bad");
    if (all->options.trouble)
        all->options.trouble(all->options.ctx, &err);
}

oc_status oc_objectives_create(const oc_objectives_options *options, oc_objectives **out,
                               oc_error *err)
{
    static const char *const forward[] = {"forward"}, *const back[] = {"back"};
    pthread_condattr_t attr;
    oc_objectives     *all = calloc(1, sizeof(*all));
    if (!all)
        return OC_FAIL(err, OC_NOMEM, "no memory for objectives");
    all->options = *options;
    all->observer = (oc_observer){.struct_size = sizeof(oc_observer),
                                  .ctx = all,
                                  .opened = opened,
                                  .captured = captured,
                                  .dropped = dropped,
                                  .stage = stage,
                                  .completed = completed,
                                  .closed = closed};
    all->m_written = oc_metrics_series(options->metrics, OC_M_STATE_WRITTEN, NULL);
    all->m_failed = oc_metrics_series(options->metrics, OC_M_STATE_FAILED, NULL);
    all->m_forward = oc_metrics_series(options->metrics, OC_M_CLOCK_JUMPS, forward);
    all->m_back = oc_metrics_series(options->metrics, OC_M_CLOCK_JUMPS, back);
    pthread_mutex_init(&all->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&all->wake, &attr);
    pthread_condattr_destroy(&attr);
    oc_burn_clock_now(&all->last);
    all->store.clock = all->last;
    all->kept_s = all->last.boot_s;
    if (options->file)
        read_old(all);
    *out = all;
    return OC_OK;
}

static void *tick_on(void *ctx)
{
    oc_objectives  *all = ctx;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    pthread_mutex_lock(&all->lock);
    while (!all->stop) {
        t.tv_sec += (time_t)TICK_S;
        while (!all->stop && pthread_cond_timedwait(&all->wake, &all->lock, &t) == 0)
            ;
        pthread_mutex_unlock(&all->lock);
        oc_burn_clock now;
        oc_burn_clock_now(&now);
        oc_objectives_tick(all, &now);
        pthread_mutex_lock(&all->lock);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

oc_status oc_objectives_start(oc_objectives *all, oc_error *err)
{
    if (pthread_create(&all->thread, NULL, tick_on, all) != 0)
        return OC_FAIL(err, OC_NOMEM, "no thread for objectives");
    all->started = true;
    return OC_OK;
}

void oc_objectives_destroy(oc_objectives *all)
{
    if (!all)
        return;
    if (all->started) {
        pthread_mutex_lock(&all->lock);
        all->stop = true;
        pthread_cond_signal(&all->wake);
        pthread_mutex_unlock(&all->lock);
        pthread_join(all->thread, NULL);
    }
    oc_burn_clock now;
    oc_burn_clock_now(&now);
    for (size_t i = 0; i < all->n_streams; i++)
        for (size_t k = 0; k < all->stream[i]->n; k++)
            take_counts(&all->stream[i]->item[k], &now); /* since the last tick */
    keep(all, &now);
    for (size_t i = 0; i < all->n_streams; i++)
        free(all->stream[i]);
    oc_burn_store_finish(&all->store);
    pthread_cond_destroy(&all->wake);
    pthread_mutex_destroy(&all->lock);
    free(all);
}

const oc_observer *oc_objectives_observer(const oc_objectives *all)
{
    return &all->observer;
}

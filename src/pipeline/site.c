/* A site's life: its streams' threads, and what they have in common. */
#include "pipeline/control.h"
#include "pipeline/site_state.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_NS 50000000 /* the cancel flag is looked at so often: a signal cannot wake us */
#define PROGRESS_S 0.2

/* All streams' progress as one. */
static void sum_progress(const oc_site *site, oc_progress *sum)
{
    *sum = (oc_progress){.frames = site->n == 1 ? site->stream[0]->progress.frames : -1};
    for (size_t i = 0; i < site->n; i++) {
        const oc_progress *p = &site->stream[i]->progress;
        sum->counts.captured += p->counts.captured;
        sum->counts.completed += p->counts.completed;
        sum->counts.in_flight += p->counts.in_flight;
        for (int k = 0; k < OC_DROP_REASONS; k++)
            sum->counts.dropped[k] += p->counts.dropped[k];
        sum->time_s = p->time_s > sum->time_s ? p->time_s : sum->time_s;
        sum->wall_s = p->wall_s > sum->wall_s ? p->wall_s : sum->wall_s;
        sum->fps += site->stream[i]->state == OC_STREAM_RUNNING ? p->fps : 0;
        sum->tracks += p->tracks;
    }
}

static void note_progress(void *ctx, const oc_progress *progress)
{
    oc_stream                 *s = ctx;
    oc_site                   *site = s->site;
    const oc_pipeline_options *o = &site->options.stream;
    uint64_t                   now = oc_now_ns();
    double                     every = o->progress_s > 0 ? o->progress_s : PROGRESS_S;
    pthread_mutex_lock(&site->lock);
    s->progress = *progress;
    if (o->progress && (double)(now - site->progress_ns) * 1e-9 >= every) {
        oc_progress sum;
        site->progress_ns = now;
        sum_progress(site, &sum);
        o->progress(o->progress_ctx, &sum);
    }
    pthread_mutex_unlock(&site->lock);
}

void oc_stream_destroy(oc_stream *s)
{
    if (!s)
        return;
    oc_pipeline_destroy(s->pipeline);
    oc_pipeline_config_destroy(s->config);
    free(s->own);
    free(s);
}

oc_status oc_stream_pipeline(oc_stream *s, const oc_pipeline_config *config, oc_pipeline **out,
                             oc_error *err)
{
    oc_site            *site = s->site;
    oc_pipeline_options o = site->options.stream;
    const oc_observer  *observers[OC_OBSERVERS_MAX];
    if (o.n_observers >= OC_OBSERVERS_MAX)
        return OC_FAIL(err, OC_INVALID, "%zu observers, at most %d", o.n_observers,
                       OC_OBSERVERS_MAX - 1);
    for (size_t i = 0; i < o.n_observers; i++)
        observers[i] = o.observers[i];
    observers[o.n_observers++] = &site->events_observer;
    o.observers = observers;
    o.models = site->models;
    o.sched = site->sched;
    o.stream = s->number;
    o.cancel = &s->cancel;
    o.patient = site->many;
    o.outputs = (oc_outputs_config){0}; /* oc_stream_outputs gives them */
    o.progress = note_progress;
    o.progress_ctx = s;
    return oc_pipeline_create(config, &o, out, err);
}

char *oc_site_write(const oc_yaml_node *node)
{
    size_t n = oc_yaml_write(node, NULL, 0);
    char  *text = malloc(n + 1);
    if (text)
        oc_yaml_write(node, text, n + 1);
    return text;
}

oc_status oc_stream_make(oc_site *site, oc_pipeline_config *config, char *own, oc_stream **out,
                         oc_error *err)
{
    oc_stream *s = calloc(1, sizeof(*s));
    if (!s || !own) {
        oc_pipeline_config_destroy(config);
        free(own);
        free(s);
        return OC_FAIL(err, OC_NOMEM, "stream: out of memory");
    }
    s->site = site;
    s->config = config;
    s->own = own;
    s->number = site->numbers++;
    s->outputs = config->outputs;
    config->outputs = (oc_outputs_config){0};
    oc_status st = oc_stream_pipeline(s, config, &s->pipeline, err);
    if (st == OC_OK)
        st = oc_stream_outputs(s, err);
    if (st != OC_OK) {
        oc_stream_destroy(s);
        return st;
    }
    *out = s;
    return OC_OK;
}

static oc_status make_scheduler(oc_site *site, oc_error *err)
{
    const oc_sched_options o = {.pool = site->options.stream.pool};
    site->sched = site->options.stream.sched;
    if (site->sched)
        return OC_OK;
    site->own_sched = true;
    return oc_sched_create(&o, &site->sched, err);
}

oc_status oc_site_create(oc_site_config *config, const oc_site_options *options, oc_site **out,
                         oc_error *err)
{
    oc_site *site = calloc(1, sizeof(*site));
    if (!site)
        return OC_FAIL(err, OC_NOMEM, "site: out of memory");
    site->config = config;
    site->options = *options;
    site->many = config->many || options->control;
    pthread_mutex_init(&site->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&site->changed, &attr);
    pthread_condattr_destroy(&attr);
    oc_site_events_init(site);
    oc_status st = oc_models_create(&site->models, err);
    if (st == OC_OK)
        st = make_scheduler(site, err);
    for (size_t i = 0; i < config->n && st == OC_OK; i++) {
        oc_pipeline_config *c = config->stream[i];
        config->stream[i] = NULL;
        st = oc_stream_make(site, c, oc_site_write(config->over[i]), &site->stream[i], err);
        site->n += st == OC_OK;
    }
    if (st != OC_OK) {
        oc_site_destroy(site);
        return st;
    }
    *out = site;
    return OC_OK;
}

void oc_site_destroy(oc_site *site)
{
    if (!site)
        return;
    for (size_t i = 0; i < site->n; i++)
        oc_stream_destroy(site->stream[i]);
    oc_site_events_drop(site);
    if (site->own_sched)
        oc_sched_destroy(site->sched);
    oc_models_destroy(site->models);
    pthread_cond_destroy(&site->changed);
    pthread_mutex_destroy(&site->lock);
    free(site->summary);
    free(site->text);
    free(site);
}

oc_status oc_site_outputs(oc_site *site, const oc_outputs_config *outputs, oc_error *err)
{
    oc_status st = OC_OK;
    site->options.stream.outputs = *outputs;
    for (size_t i = 0; i < site->n && st == OC_OK; i++)
        st = oc_stream_outputs(site->stream[i], err);
    return st;
}

static void *stream_thread(void *arg)
{
    oc_stream *s = arg;
    oc_error   err = {0};
    sigset_t   all;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    oc_status st = oc_pipeline_run(s->pipeline, &err);
    if (st == OC_CANCELLED && s->site->many) /* its camera never came: that is no failure */
        st = OC_OK;
    pthread_mutex_lock(&s->site->lock);
    s->status = st;
    s->err = err;
    s->state = st == OC_OK ? OC_STREAM_ENDED : OC_STREAM_FAILED;
    pthread_cond_broadcast(&s->site->changed);
    pthread_mutex_unlock(&s->site->lock);
    return NULL;
}

oc_status oc_stream_start(oc_stream *s, oc_error *err)
{
    s->state = OC_STREAM_RUNNING;
    if (pthread_create(&s->thread, NULL, stream_thread, s) != 0) {
        s->state = OC_STREAM_READY;
        return OC_FAIL(err, OC_NOMEM, "cannot start the thread of stream '%s'", s->config->name);
    }
    s->started = true;
    return OC_OK;
}

void oc_stream_cancel(oc_stream *s)
{
    __atomic_store_n(&s->cancel, 1, __ATOMIC_RELAXED);
    oc_pipeline_pause(s->pipeline, false); /* who rests would not notice */
}

/* With the lock. */
static void cancel_all(oc_site *site)
{
    site->interrupted = true;
    for (size_t i = 0; i < site->n; i++)
        oc_stream_cancel(site->stream[i]);
}

void oc_stream_join(oc_stream *s)
{
    if (s->started)
        pthread_join(s->thread, NULL);
    s->started = false;
}

/* A site that can be told to take streams waits for the first.  Who is being removed counts as gone:
 * the run does not end because its last stream does so on the way out. */
static bool all_ended(const oc_site *site)
{
    size_t there = 0;
    for (size_t i = 0; i < site->n; i++) {
        if (site->stream[i]->removed)
            continue;
        there++;
        if (site->stream[i]->state == OC_STREAM_RUNNING)
            return false;
    }
    return there > 0 || !site->control || site->interrupted;
}

/* Waits until there is nothing to wait for. */
static void wait_for_all(oc_site *site)
{
    const volatile int *cancel = site->options.stream.cancel;
    pthread_mutex_lock(&site->lock);
    while (!all_ended(site)) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_nsec += LOOK_NS;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&site->changed, &site->lock, &t);
        bool told = cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED) == 1;
        if (!site->interrupted && (told || site->stop))
            cancel_all(site);
    }
    pthread_mutex_unlock(&site->lock);
}

/* The first stream that failed. */
static oc_status how_it_went(const oc_site *site, oc_error *err)
{
    for (size_t i = 0; i < site->n; i++) {
        const oc_stream *s = site->stream[i];
        if (s->state != OC_STREAM_FAILED)
            continue;
        *err = s->err;
        if (site->many)
            oc_error_prefix(err, "stream '%s'", s->config->name);
        return s->status;
    }
    return OC_OK;
}

oc_status oc_site_run(oc_site *site, oc_error *err)
{
    oc_error  own;
    oc_status st, ended;
    err = err ? err : &own;
    if ((st = oc_site_events_open(site, err)) != OC_OK)
        return st;
    pthread_mutex_lock(&site->lock); /* the first streams look at the others' state */
    site->running = true;
    for (size_t i = 0; i < site->n && st == OC_OK; i++)
        st = oc_stream_start(site->stream[i], err);
    pthread_mutex_unlock(&site->lock);
    if (st == OC_OK && site->options.control)
        st = oc_control_create(site, site->options.control, &site->control, err);
    if (st != OC_OK) {
        pthread_mutex_lock(&site->lock);
        cancel_all(site);
        pthread_mutex_unlock(&site->lock);
    }
    wait_for_all(site);
    oc_control_destroy(site->control); /* nobody changes the list any more */
    site->control = NULL;
    wait_for_all(site); /* for what was added at the last moment */
    for (size_t i = 0; i < site->n; i++)
        oc_stream_join(site->stream[i]);
    if (st == OC_OK && (ended = how_it_went(site, err)) != OC_OK)
        st = ended;
    oc_error  late = {0};
    oc_status finished = oc_site_events_finish(site, &late);
    if (finished == OC_OK)
        finished = oc_site_summary_make(site, &late);
    if (st == OC_OK && (st = finished) != OC_OK)
        *err = late;
    return st;
}

oc_pipeline_end oc_site_ended(oc_site *site)
{
    oc_pipeline_end all = {.interrupted = site->interrupted && !site->stop};
    for (size_t i = 0; i < site->n; i++) {
        const oc_pipeline_end *e = oc_pipeline_ended(site->stream[i]->pipeline);
        all.interrupted = all.interrupted || (e->interrupted && !site->stop);
        if (e->truncated && !all.truncated) {
            all.truncated = true;
            all.broken = e->broken;
        }
    }
    return all;
}

void oc_site_stop(oc_site *site)
{
    pthread_mutex_lock(&site->lock);
    site->stop = true;
    pthread_cond_broadcast(&site->changed);
    pthread_mutex_unlock(&site->lock);
}

const char *oc_site_summary(oc_site *site)
{
    return site->summary ? site->summary : "";
}

const char *oc_site_text(oc_site *site)
{
    return site->text ? site->text : "";
}

oc_sched *oc_site_sched(oc_site *site)
{
    return site->sched;
}

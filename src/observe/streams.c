/* Streams as metrics: hooks, the collector, readiness. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "observe/streams.h"

#define NETWORKS_MAX (1 + OC_LADDER_MAX + OC_RECOGNISERS_MAX)

typedef struct watched {
    oc_streams *all;
    char        name[OC_METRIC_VALUE_BYTES];
    bool        used;
    atomic_bool open;
    double      fps;

    /* written by hooks, read by the collector */
    atomic_uint_fast64_t captured, completed, dropped[OC_DROP_REASONS], detections;
    atomic_uint_fast64_t captured_ns; /* when the last frame was; 0 = none yet */
    atomic_uint_fast64_t begun_ns;    /* work on a frame; 0 = none is worked on */
    atomic_uint_fast64_t working;     /* which one that is */
    atomic_uint_fast64_t tracks, level;

    oc_series *m_captured, *m_completed, *m_dropped[OC_DROP_REASONS], *m_in_flight, *m_latency;
    oc_series *m_stage[OC_STAGES], *m_detections, *m_tracks, *m_events[OC_EVENT_TYPES];
    oc_series *m_reconnects, *m_up, *m_age, *m_level, *m_up_moves, *m_down_moves;

    const oc_observed_stream *info; /* while it is open */
    struct {
        const char *name;
        oc_series  *m_run;
    } network[NETWORKS_MAX]; /* of the working thread */
    size_t n_networks;
} watched;

struct oc_streams {
    oc_metrics     *metrics;
    uint64_t        stale_ns, stall_ns;
    oc_observer     observer;
    pthread_mutex_t lock; /* places, expected */
    watched         place[OC_STREAMS_MAX];
    size_t          expected;
    oc_series      *ready;

    oc_streams_forget_fn *forget;
    void                 *forget_ctx;
};

static uint64_t get(const atomic_uint_fast64_t *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

static void add(atomic_uint_fast64_t *to, uint64_t n)
{
    atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static void put(atomic_uint_fast64_t *to, uint64_t value)
{
    atomic_store_explicit(to, value, memory_order_relaxed);
}

/* ---- a stream's series ---- */

static oc_series *one(const watched *w, oc_metric_id id, const char *second)
{
    const char *const values[OC_METRIC_LABELS_MAX] = {w->name, second};
    return oc_metrics_series(w->all->metrics, id, values);
}

static void make_networks(watched *w)
{
    w->n_networks = w->info->n_networks < NETWORKS_MAX ? w->info->n_networks : NETWORKS_MAX;
    for (size_t i = 0; i < w->n_networks; i++) {
        w->network[i].name = w->info->networks[i];
        w->network[i].m_run = one(w, OC_M_NETWORK_DURATION, w->info->networks[i]);
    }
}

static void make_series(watched *w, const oc_observed_stream *info)
{
    const char *const about[] = {w->name, info->source, info->config->detect.network};
    for (int i = 0; i < OC_DROP_REASONS; i++)
        w->m_dropped[i] = one(w, OC_M_FRAMES_DROPPED, oc_drop_name((oc_drop)i));
    for (int i = 0; i < OC_STAGES; i++)
        if (i != OC_STAGE_TOTAL)
            w->m_stage[i] = one(w, OC_M_STAGE_DURATION, oc_stage_name((oc_stage)i));
    for (int i = 0; i < OC_EVENT_TYPES; i++)
        w->m_events[i] = one(w, OC_M_EVENTS, oc_event_name((oc_event_type)i));
    w->m_captured = one(w, OC_M_FRAMES_CAPTURED, NULL);
    w->m_completed = one(w, OC_M_FRAMES_COMPLETED, NULL);
    w->m_in_flight = one(w, OC_M_FRAMES_IN_FLIGHT, NULL);
    w->m_latency = one(w, OC_M_FRAME_LATENCY, NULL);
    w->m_detections = one(w, OC_M_DETECTIONS, NULL);
    w->m_tracks = one(w, OC_M_TRACKS, NULL);
    w->m_reconnects = one(w, OC_M_RECONNECTS, NULL);
    w->m_up = one(w, OC_M_STREAM_UP, NULL);
    w->m_age = one(w, OC_M_STREAM_AGE, NULL);
    w->m_level = one(w, OC_M_LADDER_LEVEL, NULL);
    w->m_up_moves = one(w, OC_M_LADDER_MOVES, "up");
    w->m_down_moves = one(w, OC_M_LADDER_MOVES, "down");
    oc_metrics_series(w->all->metrics, OC_M_STREAM, about);
    w->info = info;
    make_networks(w);
}

/* A stream's own place, a free one, or that of one that has ended. */
static watched *find_place(oc_streams *s, const char *name)
{
    watched *unused = NULL, *ended = NULL;
    for (size_t i = 0; i < OC_STREAMS_MAX; i++) {
        watched *w = &s->place[i];
        bool     open = atomic_load(&w->open);
        if (w->used && !open && strcmp(w->name, name) == 0)
            return w;
        if (!w->used && !unused)
            unused = w;
        if (w->used && !open && !ended)
            ended = w;
    }
    if (!unused && ended) {
        if (s->forget)
            s->forget(s->forget_ctx, ended->name);
        oc_metrics_drop(s->metrics, "stream", ended->name);
        *ended = (watched){0};
        unused = ended;
    }
    return unused;
}

static oc_status opened(void *ctx, const oc_observed_stream *info, void **stream, oc_error *err)
{
    oc_streams *s = ctx;
    pthread_mutex_lock(&s->lock);
    watched *w = find_place(s, info->name);
    if (w) {
        w->all = s;
        w->used = true;
        w->fps = info->fps;
        strncpy(w->name, info->name, sizeof(w->name) - 1);
        make_series(w, info);
        atomic_store(&w->open, true);
        *stream = w;
    }
    pthread_mutex_unlock(&s->lock);
    return w ? OC_OK
             : OC_FAIL(err, OC_INVALID, "more than %d streams at once are not watched",
                       OC_STREAMS_MAX);
}

/* ---- hooks ---- */

static void captured(void *stream, const oc_frame *frame, uint64_t begin_ns, uint64_t end_ns)
{
    watched *w = stream;
    (void)frame;
    add(&w->captured, 1);
    put(&w->captured_ns, end_ns);
    oc_series_observe(w->m_stage[OC_STAGE_DECODE], end_ns - begin_ns);
}

static void dropped(void *stream, const oc_frame *frame, oc_drop reason)
{
    watched *w = stream;
    add(&w->dropped[reason], 1);
    /* a frame that waited may go while another one hangs */
    if (get(&w->working) == frame->index)
        put(&w->begun_ns, 0);
}

static void begun(void *stream, const oc_frame *frame, const oc_decision *decision)
{
    watched *w = stream;
    put(&w->working, frame->index);
    put(&w->begun_ns, oc_now_ns());
    put(&w->level, decision->level);
}

static void stage(void *stream, uint64_t frame, oc_stage at, uint64_t begin_ns, uint64_t end_ns)
{
    watched *w = stream;
    (void)frame;
    if (at == OC_STAGE_DECODE || at == OC_STAGE_TOTAL)
        return; /* counted where the frame is captured and completed */
    oc_series_observe(w->m_stage[at], end_ns - begin_ns);
}

static void ran(void *stream, const char *network, uint64_t ns)
{
    watched *w = stream;
    size_t   i = 0;
    while (i < w->n_networks && strcmp(w->network[i].name, network) != 0)
        i++;
    if (i < w->n_networks)
        oc_series_observe(w->network[i].m_run, ns);
}

/* Other networks, perhaps: their series are made here, between two frames, not when they run. */
static void configured(void *stream, const oc_pipeline_config *config)
{
    (void)config;
    make_networks(stream);
}

static void event(void *stream, const oc_event *e, const char *line, size_t bytes)
{
    watched *w = stream;
    (void)line;
    (void)bytes;
    oc_series_add(w->m_events[e->type], 1);
}

static void ladder(void *stream, const oc_ladder_move *move)
{
    watched *w = stream;
    put(&w->level, move->to);
    oc_series_add(move->to > move->from ? w->m_up_moves : w->m_down_moves, 1);
}

static void completed(void *stream, const oc_observed_frame *f)
{
    watched *w = stream;
    add(&w->completed, 1);
    add(&w->detections, f->detections);
    put(&w->tracks, f->objects->n);
    put(&w->begun_ns, 0);
    oc_series_observe(w->m_latency, f->end_ns - f->captured_ns);
}

static void closed(void *stream, const oc_counts *counts)
{
    watched *w = stream;
    (void)counts;
    put(&w->begun_ns, 0);
    put(&w->tracks, 0);
    atomic_store(&w->open, false);
}

static void source(void *stream, bool connected, const oc_error *why)
{
    watched *w = stream;
    (void)why;
    if (connected)
        oc_series_add(w->m_reconnects, 1);
}

/* ---- telling ---- */

typedef enum state { STREAM_WAITS, STREAM_UP, STREAM_STALE, STREAM_ENDED } state;
static const char *const state_names[] = {"waits for its first frame", "delivers",
                                          "no frame for too long", "ended"};

static state state_of(const watched *w, uint64_t now)
{
    uint64_t last = get(&w->captured_ns), patience = w->all->stale_ns;
    if (!atomic_load(&w->open))
        return STREAM_ENDED;
    if (!last)
        return STREAM_WAITS;
    if (w->fps > 0.0 && 3e9 / w->fps > (double)patience)
        patience = (uint64_t)(3e9 / w->fps);
    /* one whose frames are waited on is not to blame: its capture waits as well */
    return now > last && now - last > patience && !get(&w->begun_ns) ? STREAM_STALE : STREAM_UP;
}

static void collect_stream(const watched *w, uint64_t now, double unix_s)
{
    uint64_t done = get(&w->completed), lost = 0, last = get(&w->captured_ns);
    for (int i = 0; i < OC_DROP_REASONS; i++) {
        uint64_t n = get(&w->dropped[i]);
        oc_series_set_count(w->m_dropped[i], n);
        lost += n;
    }
    atomic_thread_fence(memory_order_acquire);
    uint64_t came = get(&w->captured); /* after the others: never fewer than they */
    if (came < done + lost)
        came = done + lost;
    oc_series_set_count(w->m_completed, done);
    oc_series_set_count(w->m_captured, came);
    oc_series_set(w->m_in_flight, (double)(came - done - lost));
    oc_series_set_count(w->m_detections, get(&w->detections));
    oc_series_set(w->m_tracks, (double)get(&w->tracks));
    oc_series_set(w->m_level, (double)get(&w->level));
    oc_series_set(w->m_up, state_of(w, now) == STREAM_UP);
    oc_series_set(w->m_age, last ? unix_s - ((double)now - (double)last) * 1e-9 : 0.0);
}

static void collect(void *ctx)
{
    oc_streams     *s = ctx;
    struct timespec t;
    uint64_t        now = oc_now_ns();
    clock_gettime(CLOCK_REALTIME, &t);
    bool ready = oc_streams_ready(s, NULL);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < OC_STREAMS_MAX; i++)
        if (s->place[i].used)
            collect_stream(&s->place[i], now, (double)t.tv_sec + (double)t.tv_nsec * 1e-9);
    pthread_mutex_unlock(&s->lock);
    oc_series_set(s->ready, ready);
}

static void tell(oc_strbuf *text, const char *name, const char *what, bool first)
{
    if (!text)
        return;
    oc_strbuf_put(text, first ? "{\"stream\":" : ",{\"stream\":");
    oc_strbuf_json(text, name);
    oc_strbuf_printf(text, ",\"state\":\"%s\"}", what);
}

static void tell_begin(oc_strbuf *text)
{
    if (text)
        oc_strbuf_put(text, "{\"streams\":[");
}

static void tell_end(oc_strbuf *text, const char *key, bool yes)
{
    if (text)
        oc_strbuf_printf(text, "],\"%s\":%s}\n", key, yes ? "true" : "false");
}

bool oc_streams_ready(oc_streams *s, oc_strbuf *text)
{
    uint64_t now = oc_now_ns();
    size_t   seen = 0;
    bool     yes = true;
    tell_begin(text);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < OC_STREAMS_MAX; i++) {
        if (!s->place[i].used)
            continue;
        state is = state_of(&s->place[i], now);
        yes = yes && is == STREAM_UP;
        tell(text, s->place[i].name, state_names[is], seen++ == 0);
    }
    yes = yes && seen > 0 && seen >= s->expected;
    pthread_mutex_unlock(&s->lock);
    tell_end(text, "ready", yes);
    return yes;
}

bool oc_streams_live(oc_streams *s, oc_strbuf *text)
{
    uint64_t now = oc_now_ns();
    bool     yes = true;
    tell_begin(text);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < OC_STREAMS_MAX; i++) {
        uint64_t since = get(&s->place[i].begun_ns);
        if (!since || now < since || now - since <= s->stall_ns)
            continue;
        tell(text, s->place[i].name, "work on a frame does not end", yes);
        yes = false;
    }
    pthread_mutex_unlock(&s->lock);
    tell_end(text, "live", yes);
    return yes;
}

/* ---- life ---- */

oc_status oc_streams_create(oc_metrics *metrics, double stale_s, double stall_s, oc_streams **out,
                            oc_error *err)
{
    oc_streams *s = calloc(1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "no memory to watch streams");
    s->metrics = metrics;
    s->stale_ns = (uint64_t)((stale_s > 0 ? stale_s : 10.0) * 1e9);
    s->stall_ns = (uint64_t)((stall_s > 0 ? stall_s : 30.0) * 1e9);
    s->observer = (oc_observer){.struct_size = sizeof(oc_observer),
                                .ctx = s,
                                .opened = opened,
                                .captured = captured,
                                .dropped = dropped,
                                .begun = begun,
                                .stage = stage,
                                .event = event,
                                .ladder = ladder,
                                .completed = completed,
                                .closed = closed,
                                .source = source,
                                .configured = configured,
                                .ran = ran};
    s->ready = oc_metrics_series(metrics, OC_M_READY, NULL);
    pthread_mutex_init(&s->lock, NULL);
    if (!oc_metrics_on_collect(metrics, collect, s)) {
        oc_streams_destroy(s);
        return OC_FAIL(err, OC_INVALID, "too many readers of metrics");
    }
    *out = s;
    return OC_OK;
}

void oc_streams_destroy(oc_streams *s)
{
    if (!s)
        return;
    oc_metrics_off_collect(s->metrics, collect, s);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void oc_streams_on_forget(oc_streams *s, oc_streams_forget_fn *fn, void *ctx)
{
    s->forget = fn;
    s->forget_ctx = ctx;
}

const oc_observer *oc_streams_observer(const oc_streams *s)
{
    return &s->observer;
}

void oc_streams_expect(oc_streams *s, size_t n)
{
    pthread_mutex_lock(&s->lock);
    s->expected = n;
    pthread_mutex_unlock(&s->lock);
}

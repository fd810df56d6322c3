#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/pool.h"
#include "media/source.h"

static const load_network networks[NETWORKS] = {
    {.card = "blazeface", .cls = OC_SCHED_CRITICAL, .rate = 10, .deadline_ms = 60},
    {.card = "movenet-lightning", .cls = OC_SCHED_CRITICAL, .rate = 5, .deadline_ms = 100},
    {.card = "centernet", .cls = OC_SCHED_NORMAL, .rate = 1, .deadline_ms = 500},
    {.card = "ppocr-v4-rec", .cls = OC_SCHED_SLACK, .rate = 5, .deadline_ms = 500, .crop = true},
};

static const char *const sources[STREAMS] = {"opencv/data/vtest.avi", "opencv/data/Megamind.avi",
                                             "opencv/data/tree.avi", "opencv/text/scenetext0?.jpg"};

/* ---- frames and networks ---- */

static oc_status read_frames(load *l, unsigned stream, const char *media, oc_error *err)
{
    char              url[4096];
    oc_source_options o = {.struct_size = sizeof(o), .url = url};
    oc_input         *input;
    size_t            n = 0;
    snprintf(url, sizeof(url), "%s/%s", media, sources[stream]);
    oc_status st = oc_input_open(&o, &input, err);
    if (st != OC_OK)
        return st;
    while (n < FRAMES && (st = oc_input_read(input, &l->frame[stream][n], err)) == OC_OK)
        n++;
    oc_input_close(input);
    if (n == 0)
        return st == OC_OK ? OC_FAIL(err, OC_FORMAT, "%s: no frames", url) : st;
    for (size_t i = n; i < FRAMES; i++)
        l->frame[stream][i] = oc_frame_ref(l->frame[stream][i % n]);
    l->stream_name[stream] = strrchr(sources[stream], '/') + 1;
    return OC_OK;
}

void load_plan(load *l)
{
    memset(l, 0, sizeof(*l));
    memcpy(l->network, networks, sizeof(networks));
}

oc_status load_open(load *l, const char *media, unsigned cores, oc_error *err)
{
    load_plan(l);
    oc_status st = oc_pool_create(cores, &l->pool, err);
    if (st != OC_OK)
        return st;
    l->cores = oc_pool_threads(l->pool);
    for (unsigned s = 0; s < STREAMS && st == OC_OK; s++)
        st = read_frames(l, s, media, err);
    for (unsigned n = 0; n < NETWORKS && st == OC_OK; n++) {
        oc_net_options o = {.pool = l->pool};
        for (unsigned i = 0; i < STREAMS && st == OC_OK; i++)
            st = oc_net_create(networks[n].card, NULL, &o, &l->network[n].net[i], err);
    }
    return st;
}

void load_close(load *l)
{
    for (unsigned n = 0; n < NETWORKS; n++)
        for (unsigned i = 0; i < STREAMS; i++)
            oc_net_destroy(l->network[n].net[i]);
    for (unsigned s = 0; s < STREAMS; s++)
        for (unsigned i = 0; i < FRAMES; i++)
            oc_frame_unref(l->frame[s][i]);
    oc_pool_destroy(l->pool);
}

oc_status load_run(load *l, unsigned network, unsigned instance, unsigned stream, uint64_t turn,
                   oc_error *err)
{
    oc_result       result;
    const oc_frame *f = l->frame[stream][turn % FRAMES];
    const float     w = (float)f->width, h = (float)f->height;
    const float     side = h * 6.0f < w ? h : w / 6.0f; /* six times as wide as high */
    const oc_box  strip = {w / 2 - 3 * side, h / 2 - side / 2, w / 2 + 3 * side, h / 2 + side / 2};
    load_network *n = &l->network[network];
    return oc_net_run(n->net[instance], f, n->crop ? &strip : NULL, &result, err);
}

/* ---- solo times ---- */

typedef struct solo_job {
    load    *l;
    unsigned network;
    uint64_t turn;
    double   cpu_ms;
} solo_job;

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static oc_status solo_fn(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    solo_job    *j = ctx[0];
    const double begin = cpu_ms();
    (void)n;
    (void)grant;
    oc_status st = load_run(j->l, j->network, 0, (unsigned)(j->turn % STREAMS), j->turn, err);
    j->cpu_ms = cpu_ms() - begin;
    return st;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#define TURNS 40

static oc_status measure(load *l, unsigned network, unsigned cores, double *ms, double *cpu,
                         oc_error *err)
{
    oc_sched        *s = NULL;
    uint32_t         id;
    double           wall[TURNS], used[TURNS];
    oc_sched_options o = {.pool = l->pool};
    oc_status        st = oc_sched_create(&o, &s, err);
    if (st == OC_OK)
        st = oc_sched_network_add(
            s, &(oc_sched_network_options){.name = "solo", .cores_max = cores}, &id, err);
    for (int i = -4; i < TURNS && st == OC_OK; i++) {
        solo_job         j = {l, network, (uint64_t)(i + 4), 0};
        oc_sched_job     job = {.network = id, .fn = solo_fn, .ctx = &j};
        oc_sched_verdict v;
        st = oc_sched_run(s, &job, &v, err);
        if (i < 0 || st != OC_OK)
            continue;
        wall[i] = (double)v.run_ns * 1e-6;
        used[i] = j.cpu_ms;
        if (cores == 1)
            l->network[network].sample[i] = v.run_ns;
    }
    oc_sched_destroy(s);
    if (st != OC_OK)
        return st;
    qsort(wall, TURNS, sizeof(*wall), by_size);
    qsort(used, TURNS, sizeof(*used), by_size);
    *ms = wall[TURNS / 2];
    *cpu = used[TURNS / 2];
    return OC_OK;
}

oc_status load_measure(load *l, oc_error *err)
{
    oc_status st = OC_OK;
    for (unsigned n = 0; n < NETWORKS && st == OC_OK; n++) {
        load_network *net = &l->network[n];
        double        unused;
        st = measure(l, n, 1, &net->solo_ms, &net->solo_cpu_ms, err);
        net->n_samples = TURNS;
        if (st == OC_OK)
            st = measure(l, n, l->cores, &net->wide_ms, &unused, err);
    }
    return st;
}

/* ---- demand ---- */

double load_tasks(const load *l, double demand, load_task tasks[TASKS])
{
    double at_one = 0;
    for (unsigned n = 0; n < NETWORKS; n++)
        at_one += STREAMS * l->network[n].rate * l->network[n].solo_cpu_ms * 1e-3 / l->cores;
    const double scale = demand / at_one;
    for (unsigned i = 0; i < TASKS; i++) {
        const unsigned      n = i % NETWORKS, s = i / NETWORKS;
        const load_network *net = &l->network[n];
        const double        period = 1e9 / (net->rate * scale);
        tasks[i] = (load_task){.network = n,
                               .stream = s,
                               .first_ns = (uint64_t)(period * ((i * 37) % 100) / 100.0),
                               .period_ns = (uint64_t)period,
                               .deadline_ns = (uint64_t)(net->deadline_ms * 1e6)};
    }
    return scale;
}

double load_solo_sum_ms(const load *l)
{
    double sum = 0;
    for (unsigned n = 0; n < NETWORKS; n++)
        sum += l->network[n].solo_ms;
    return sum;
}

#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "telemetry/histogram.h"

#define AFTER 60      /* seconds that are watched beyond the run */
#define TELL_EVERY 30 /* seconds */

typedef struct ticks {
    double steal, busy, all, own; /* seconds of CPU */
} ticks;

static ticks read_ticks(void)
{
    double        v[8] = {0};
    ticks         t = {0};
    struct rusage u;
    FILE         *f = fopen("/proc/stat", "r");
    if (f && fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4],
                    &v[5], &v[6], &v[7]) == 8) {
        const double hz = 100.0; /* USER_HZ, on every Linux */
        for (int i = 0; i < 8; i++)
            t.all += v[i] / hz;
        t.steal = v[7] / hz;
        t.busy = t.all - (v[3] + v[4] + v[7]) / hz;
    }
    if (f)
        fclose(f);
    getrusage(RUSAGE_SELF, &u);
    t.own = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
            (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
    return t;
}

static void note_second(ledger *g, size_t i, const ticks *old, const ticks *now)
{
    const double all = now->all - old->all > 0 ? now->all - old->all : 1;
    g->steal[i] = (float)((now->steal - old->steal) / (double)g->cores);
    g->elsewhere[i] = (float)((now->busy - old->busy - (now->own - old->own)) / all);
    atomic_fetch_add(&g->n_clean, (double)g->steal[i] <= STEAL_MAX);
    atomic_store(&g->n_seconds, i + 1);
    if ((i + 1) % TELL_EVERY == 0)
        fprintf(stderr, "  %zu s, %zu of %zu without steal\n", i + 1, atomic_load(&g->n_clean),
                g->wanted);
}

/* Some seconds longer than the run: jobs of its end have to do with them. */
static void *watch_machine(void *arg)
{
    ledger  *g = arg;
    ticks    old = read_ticks();
    uint64_t next = g->start_ns;
    for (size_t i = 0; i < g->most + AFTER && !atomic_load(&g->stop); i++) {
        next += 1000000000u;
        struct timespec t = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        ticks now = read_ticks();
        note_second(g, i, &old, &now);
        old = now;
    }
    return NULL;
}

bool ledger_open(ledger *g, size_t wanted, size_t most)
{
    *g = (ledger){.wanted = wanted, .most = most > wanted ? most : wanted};
    g->cores = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_mutex_init(&g->lock, NULL);
    g->cap = 1 << 16;
    g->entries = calloc(g->cap, sizeof(*g->entries));
    g->steal = calloc(g->most + AFTER, sizeof(*g->steal));
    g->elsewhere = calloc(g->most + AFTER, sizeof(*g->elsewhere));
    g->start_ns = oc_now_ns();
    g->watched = g->entries && g->steal && g->elsewhere &&
                 pthread_create(&g->watch, NULL, watch_machine, g) == 0;
    return g->watched;
}

bool ledger_enough(const ledger *g)
{
    return atomic_load(&g->n_clean) >= g->wanted || atomic_load(&g->n_seconds) >= g->most;
}

void ledger_stop(ledger *g)
{
    if (g->watched) {
        atomic_store(&g->stop, true);
        pthread_join(g->watch, NULL);
    }
    g->watched = false;
}

void ledger_close(ledger *g)
{
    free(g->entries);
    free(g->steal);
    free(g->elsewhere);
    *g = (ledger){0};
}

static bool grow(ledger *g)
{
    entry *more = realloc(g->entries, 2 * g->cap * sizeof(*more));
    if (!more)
        return false;
    g->entries = more;
    g->cap *= 2;
    return true;
}

static uint32_t second_of(const ledger *g, uint64_t ns)
{
    return ns > g->start_ns ? (uint32_t)((ns - g->start_ns) / 1000000000u) : 0;
}

void ledger_note(ledger *g, const job_end *job)
{
    const entry e = {.begin = second_of(g, job->due_ns),
                     .end = second_of(g, job->end_ns),
                     .network = (uint8_t)job->network,
                     .what = (uint8_t)job->what,
                     .response_ms = (float)((double)(job->end_ns - job->due_ns) * 1e-6),
                     .run_ms = (float)((double)job->run_ns * 1e-6)};
    pthread_mutex_lock(&g->lock);
    if (g->n < g->cap || grow(g))
        g->entries[g->n++] = e;
    else
        g->full = true;
    pthread_mutex_unlock(&g->lock);
}

static bool is_disturbed(const ledger *g, const entry *e)
{
    for (size_t s = e->begin; s <= e->end && s < g->n_seconds; s++)
        if ((double)g->steal[s] > STEAL_MAX)
            return true;
    return false;
}

static double mean(const ledger *g, const float *part)
{
    double sum = 0;
    for (size_t i = 0; i < g->n_seconds; i++)
        sum += (double)part[i];
    return g->n_seconds ? sum / (double)g->n_seconds : 0;
}

double ledger_elsewhere(const ledger *g)
{
    return mean(g, g->elsewhere);
}

double ledger_steal(const ledger *g)
{
    return mean(g, g->steal);
}

static bool has_run_time(const ledger *g, const entry *e, unsigned network)
{
    return e->network == network && e->run_ms > 0 && !is_disturbed(g, e);
}

size_t ledger_run_times(const ledger *g, unsigned network, uint64_t *ns, size_t most)
{
    size_t all = 0, seen = 0, n = 0;
    for (size_t i = 0; i < g->n; i++)
        all += has_run_time(g, &g->entries[i], network);
    const size_t every = all / most + 1;
    for (size_t i = 0; i < g->n && n < most; i++)
        if (has_run_time(g, &g->entries[i], network) && seen++ % every == 0)
            ns[n++] = (uint64_t)((double)g->entries[i].run_ms * 1e6);
    return n;
}

static int by_size(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void ledger_sum(const ledger *g, unsigned network, bool disturbed, outcome *out)
{
    float *ms = malloc((g->n + 1) * sizeof(*ms));
    size_t n = 0;
    *out = (outcome){0};
    for (size_t i = 0; i < g->n; i++) {
        const entry *e = &g->entries[i];
        if (e->network != network || is_disturbed(g, e) != disturbed)
            continue;
        out->released++;
        if (e->what >= 2) {
            out->dropped[e->what - 2]++;
            continue;
        }
        out->done++;
        out->missed += e->what == 1;
        if (ms)
            ms[n++] = e->response_ms;
    }
    if (n) {
        qsort(ms, n, sizeof(*ms), by_size);
        out->p50_ms = (double)ms[n / 2];
        out->p99_ms = (double)ms[n * 99 / 100];
        out->p999_ms = (double)ms[n * 999 / 1000];
        out->max_ms = (double)ms[n - 1];
    }
    free(ms);
}

const char *reason_name(unsigned reason)
{
    return reason < OC_SCHED_DROPS ? oc_sched_drop_name((oc_sched_drop)reason) : "newest";
}

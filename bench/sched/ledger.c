#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "telemetry/histogram.h"

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

static void *watch_machine(void *arg)
{
    ledger  *g = arg;
    ticks    old = read_ticks();
    uint64_t next = oc_now_ns();
    for (size_t i = 0; i < g->n_seconds && !g->stop; i++) {
        next += 1000000000u;
        struct timespec t = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        ticks  now = read_ticks();
        double all = now.all - old.all > 0 ? now.all - old.all : 1;
        g->steal[i] = (float)((now.steal - old.steal) / all);
        g->elsewhere[i] = (float)((now.busy - old.busy - (now.own - old.own)) / all);
        old = now;
    }
    return NULL;
}

bool ledger_open(ledger *g, size_t seconds)
{
    *g = (ledger){.n_seconds = seconds + 1};
    pthread_mutex_init(&g->lock, NULL);
    g->cap = seconds * 4000 + 1000;
    g->entries = calloc(g->cap, sizeof(*g->entries));
    g->steal = calloc(g->n_seconds, sizeof(*g->steal));
    g->elsewhere = calloc(g->n_seconds, sizeof(*g->elsewhere));
    return g->entries && g->steal && g->elsewhere &&
           pthread_create(&g->watch, NULL, watch_machine, g) == 0;
}

void ledger_stop(ledger *g)
{
    if (!g->entries)
        return;
    g->stop = true;
    pthread_join(g->watch, NULL);
}

void ledger_close(ledger *g)
{
    free(g->entries);
    free(g->steal);
    free(g->elsewhere);
}

void ledger_note(ledger *g, uint64_t since_start_ns, unsigned network, unsigned what,
                 double response_ms)
{
    pthread_mutex_lock(&g->lock);
    if (g->n < g->cap)
        g->entries[g->n++] = (entry){(uint32_t)(since_start_ns / 1000000000u), (uint8_t)network,
                                     (uint8_t)what, (float)response_ms};
    pthread_mutex_unlock(&g->lock);
}

static bool is_disturbed(const ledger *g, uint32_t second)
{
    return second < g->n_seconds && (double)g->steal[second] > STEAL_MAX;
}

size_t ledger_disturbed(const ledger *g)
{
    size_t n = 0;
    for (uint32_t i = 0; i < g->n_seconds; i++)
        n += is_disturbed(g, i);
    return n;
}

double ledger_elsewhere(const ledger *g)
{
    double sum = 0;
    for (size_t i = 0; i < g->n_seconds; i++)
        sum += (double)g->elsewhere[i];
    return sum / (double)g->n_seconds;
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
        if (e->network != network || is_disturbed(g, e->second) != disturbed)
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
        out->max_ms = (double)ms[n - 1];
    }
    free(ms);
}

const char *reason_name(unsigned reason)
{
    return reason < OC_SCHED_DROPS ? oc_sched_drop_name((oc_sched_drop)reason) : "newest";
}

/* ./dev bench sched: four streams with four networks each on this machine's cores, at several demands;
 * what the scheduler does with them, what its simulator foretells, and what becomes of the same in ONNX
 * Runtime with a thread a stream. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tell.h"

typedef struct options {
    const char *media, *json, *markdown, *times, *simulate;
    unsigned    seconds, most, naive_seconds, cores;
    double      demand[DEMANDS_MAX];
    size_t      n_demands;
    bool        naive, micro;
} options;

static void usage(void)
{
    fputs("sched_bench --media DIR [--seconds N] [--seconds-most N] [--naive-seconds N]\n"
          "            [--demand 60,95,150] [--cores N] [--json FILE] [--markdown FILE]\n"
          "            [--times PREFIX] [--no-naive] [--no-micro]\n"
          "sched_bench --simulate FILE [--seconds N]\n"
          "  --seconds        without steal of each run (default 20)\n"
          "  --seconds-most   with those that are repeated for steal (default twice as many)\n"
          "  --naive-seconds  of the runs in ONNX Runtime (default as the others)\n"
          "  --times          run times of each demand into PREFIX-60.txt ...\n"
          "  --simulate       no more than the simulator, with the run times of such a file\n",
          stderr);
}

static bool read_demands(options *o, const char *text)
{
    char *end;
    for (o->n_demands = 0; o->n_demands < DEMANDS_MAX; text = end + 1) {
        double v = strtod(text, &end);
        if (end == text || !(v > 0) || v > 1000)
            return false;
        o->demand[o->n_demands++] = v / 100;
        if (!*end)
            return true;
        if (*end != ',')
            return false;
    }
    return false;
}

static bool read_options(options *o, int argc, char **argv)
{
    static const struct option known[] = {{"media", 1, NULL, 'm'},
                                          {"seconds", 1, NULL, 's'},
                                          {"demand", 1, NULL, 'd'},
                                          {"cores", 1, NULL, 'c'},
                                          {"json", 1, NULL, 'j'},
                                          {"markdown", 1, NULL, 'k'},
                                          {"no-naive", 0, NULL, 'n'},
                                          {"no-micro", 0, NULL, 'u'},
                                          {"seconds-most", 1, NULL, 'M'},
                                          {"naive-seconds", 1, NULL, 'N'},
                                          {"times", 1, NULL, 't'},
                                          {"simulate", 1, NULL, 'S'},
                                          {0}};
    *o = (options){.seconds = 20, .naive = true, .micro = true};
    read_demands(o, "60,95,150");
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;)
        switch (c) {
        case 'm': o->media = optarg; break;
        case 's': o->seconds = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'c': o->cores = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'd':
            if (!read_demands(o, optarg))
                return false;
            break;
        case 'j': o->json = optarg; break;
        case 'k': o->markdown = optarg; break;
        case 'M': o->most = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'N': o->naive_seconds = (unsigned)strtoul(optarg, NULL, 10); break;
        case 't': o->times = optarg; break;
        case 'S': o->simulate = optarg; break;
        case 'n': o->naive = false; break;
        case 'u': o->micro = false; break;
        default: return false;
        }
    o->most = o->most ? o->most : 2 * o->seconds;
    o->naive_seconds = o->naive_seconds ? o->naive_seconds : o->seconds;
    return (o->media || o->simulate) && o->seconds > 0 && o->seconds <= 86400 &&
           o->most >= o->seconds && o->most <= 2 * 86400 && o->naive_seconds <= 86400 &&
           optind == argc;
}

/* The ledger has been stopped. */
static void take(way *w, const ledger *g)
{
    w->ran = true;
    w->seconds = atomic_load(&g->n_seconds);
    w->disturbed_seconds = w->seconds - atomic_load(&g->n_clean);
    w->elsewhere = ledger_elsewhere(g);
    w->full = g->full;
    for (unsigned n = 0; n < NETWORKS; n++) {
        ledger_sum(g, n, false, &w->clean[n]);
        ledger_sum(g, n, true, &w->disturbed[n]);
    }
}

static oc_status keep_times(const load *l, const options *o, double demand, oc_error *err)
{
    char path[4096];
    if (!o->times)
        return OC_OK;
    snprintf(path, sizeof(path), "%.4000s-%.0f.txt", o->times, demand * 100);
    return times_write(path, l, demand, err);
}

static void run_naive_too(load *l, const options *o, const load_task *tasks, demand_result *d)
{
    ledger   g = {0};
    oc_error why = {0};
    fprintf(stderr, "demand %.0f %%: the same in ONNX Runtime, %u s\n", d->demand * 100,
            o->naive_seconds);
    oc_status st =
        run_naive(l, tasks, (duration){o->naive_seconds, 2 * o->naive_seconds}, &g, &why);
    ledger_stop(&g);
    if (st == OC_OK) {
        take(&d->naive, &g);
    } else {
        snprintf(d->no_naive, sizeof(d->no_naive), "%.255s", why.message);
        fprintf(stderr, "no ONNX Runtime: %s\n", d->no_naive);
    }
    ledger_close(&g);
}

static oc_status run_demand(load *l, const options *o, demand_result *d, oc_error *err)
{
    load_task tasks[TASKS];
    ledger    g = {0};
    d->scale = load_tasks(l, d->demand, tasks);
    fprintf(stderr, "demand %.0f %% (rates x %.2f): %u s without steal, %u s at most\n",
            d->demand * 100, d->scale, o->seconds, o->most);
    oc_status st = run_scheduler(l, tasks, (duration){o->seconds, o->most}, &g, &d->facts, err);
    if (st == OC_OK)
        take(&d->scheduler, &g);
    ledger_stop(&g);
    ledger_close(&g);
    if (st == OC_OK)
        st = run_simulator(l, tasks, o->seconds, &d->sim, err);
    if (st == OC_OK)
        st = keep_times(l, o, d->demand, err);
    if (st == OC_OK && o->naive)
        run_naive_too(l, o, tasks, d);
    return st;
}

static bool write_to(const char *path, const results *r, void (*tell)(FILE *, const results *))
{
    FILE *f = path ? fopen(path, "w") : NULL;
    if (f)
        tell(f, r);
    return !path || (f && fclose(f) == 0);
}

/* After every step: what is there is not lost with what comes. */
static oc_status keep(const options *o, const results *r, oc_error *err)
{
    if (write_to(o->json, r, tell_json) && write_to(o->markdown, r, tell_markdown))
        return OC_OK;
    return OC_FAIL(err, OC_IO, "the results cannot be written");
}

static oc_status run_micro(load *l, const options *o, results *r, oc_error *err)
{
    fprintf(stderr, "what a job costs, and how long one waits beside a long one: %u s\n",
            o->seconds);
    oc_status st = measure_overhead(l->cores, &r->overhead, err);
    r->have_overhead = st == OC_OK;
    if (st == OC_OK)
        st = measure_blocking(l, (duration){o->seconds, o->most}, &r->blocking, err);
    r->have_blocking = st == OC_OK;
    return st == OC_OK ? keep(o, r, err) : st;
}

static oc_status run_all(load *l, const options *o, results *r, oc_error *err)
{
    oc_status st = load_open(l, o->media, o->cores, err);
    if (st == OC_OK)
        st = load_measure(l, err);
    if (st == OC_OK && o->micro)
        st = run_micro(l, o, r, err);
    for (size_t i = 0; i < o->n_demands && st == OC_OK; i++) {
        r->demand[i].demand = o->demand[i];
        st = run_demand(l, o, &r->demand[i], err);
        r->n_demands = i + (st == OC_OK);
        if (st == OC_OK)
            st = keep(o, r, err);
    }
    return st;
}

static oc_status simulate(load *l, const options *o, results *r, oc_error *err)
{
    load_task      tasks[TASKS];
    demand_result *d = &r->demand[0];
    load_plan(l);
    oc_status st = times_read(o->simulate, l, &d->demand, err);
    if (st != OC_OK)
        return st;
    d->scale = load_tasks(l, d->demand, tasks);
    r->n_demands = 1;
    return run_simulator(l, tasks, o->seconds, &d->sim, err);
}

int main(int argc, char **argv)
{
    options  o;
    oc_error err = {0};
    load    *l = calloc(1, sizeof(*l));
    results *r = calloc(1, sizeof(*r));
    if (!l || !r || !read_options(&o, argc, argv)) {
        usage();
        return 2;
    }
    r->l = l;
    oc_status st = o.simulate ? simulate(l, &o, r, &err) : run_all(l, &o, r, &err);
    if (r->n_demands)
        tell_markdown(stdout, r);
    if (st != OC_OK)
        fprintf(stderr, "sched_bench: %s\n", err.message);
    if (!o.simulate)
        load_close(l);
    free(l);
    free(r);
    return st == OC_OK ? 0 : 1;
}

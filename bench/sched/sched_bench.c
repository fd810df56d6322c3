/* ./dev bench sched: four streams with four networks each on this machine's cores, at several demands;
 * what the scheduler does with them, what its simulator foretells, and what becomes of the same in ONNX
 * Runtime with a thread a stream. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tell.h"

typedef struct options {
    const char *media, *json, *markdown;
    unsigned    seconds, cores;
    double      demand[DEMANDS_MAX];
    size_t      n_demands;
    bool        naive, micro;
} options;

static void usage(void)
{
    fputs("sched_bench --media DIR [--seconds N] [--demand 60,95,150] [--cores N] [--json FILE]\n"
          "            [--markdown FILE] [--no-naive] [--no-micro]\n"
          "  --seconds   of each run (default 20); twice that for each demand, with ONNX Runtime\n",
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
    static const struct option known[] = {
        {"media", 1, NULL, 'm'},    {"seconds", 1, NULL, 's'},  {"demand", 1, NULL, 'd'},
        {"cores", 1, NULL, 'c'},    {"json", 1, NULL, 'j'},     {"markdown", 1, NULL, 'k'},
        {"no-naive", 0, NULL, 'n'}, {"no-micro", 0, NULL, 'u'}, {0}};
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
        case 'n': o->naive = false; break;
        case 'u': o->micro = false; break;
        default: return false;
        }
    return o->media && o->seconds > 0 && o->seconds <= 86400 && optind == argc;
}

static void take(way *w, ledger *g, unsigned seconds)
{
    ledger_stop(g);
    w->ran = true;
    w->seconds = seconds;
    w->disturbed_seconds = ledger_disturbed(g);
    w->elsewhere = ledger_elsewhere(g);
    for (unsigned n = 0; n < NETWORKS; n++) {
        ledger_sum(g, n, false, &w->clean[n]);
        ledger_sum(g, n, true, &w->disturbed[n]);
    }
}

static oc_status run_demand(load *l, const options *o, demand_result *d, oc_error *err)
{
    load_task tasks[TASKS];
    ledger    g = {0};
    d->scale = load_tasks(l, d->demand, tasks);
    fprintf(stderr, "demand %.0f %%: rates x %.2f, %u s\n", d->demand * 100, d->scale, o->seconds);
    oc_status st = run_scheduler(l, tasks, o->seconds, &g, &d->facts, err);
    if (st == OC_OK)
        take(&d->scheduler, &g, o->seconds);
    else
        ledger_stop(&g);
    ledger_close(&g);
    if (st == OC_OK)
        st = run_simulator(l, tasks, o->seconds, d->facts.blocking_p999_ms, &d->sim, err);
    if (st != OC_OK || !o->naive)
        return st;
    memset(&g, 0, sizeof(g));
    oc_error why;
    if (run_naive(l, tasks, o->seconds, &g, &why) == OC_OK) {
        take(&d->naive, &g, o->seconds);
    } else {
        ledger_stop(&g);
        snprintf(d->no_naive, sizeof(d->no_naive), "%.255s", why.message);
        fprintf(stderr, "no ONNX Runtime: %s\n", d->no_naive);
    }
    ledger_close(&g);
    return OC_OK;
}

static oc_status run_all(load *l, const options *o, results *r, oc_error *err)
{
    oc_status st = load_open(l, o->media, o->cores, err);
    if (st == OC_OK)
        st = load_measure(l, err);
    if (st == OC_OK && o->micro) {
        r->have_overhead = r->have_blocking = true;
        if ((st = measure_overhead(l->cores, &r->overhead, err)) == OC_OK)
            st = measure_blocking(l, o->seconds, &r->blocking, err);
    }
    for (size_t i = 0; i < o->n_demands && st == OC_OK; i++) {
        r->demand[i].demand = o->demand[i];
        st = run_demand(l, o, &r->demand[i], err);
        r->n_demands = i + 1;
    }
    return st;
}

static bool write_to(const char *path, const results *r, void (*tell)(FILE *, const results *))
{
    FILE *f = fopen(path, "w");
    if (f)
        tell(f, r);
    return f && fclose(f) == 0;
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
    oc_status st = run_all(l, &o, r, &err);
    if (st == OC_OK) {
        tell_markdown(stdout, r);
        if ((o.json && !write_to(o.json, r, tell_json)) ||
            (o.markdown && !write_to(o.markdown, r, tell_markdown)))
            st = OC_FAIL(&err, OC_IO, "the results cannot be written");
    }
    if (st != OC_OK)
        fprintf(stderr, "%s\n", err.message);
    load_close(l);
    free(l);
    free(r);
    return st == OC_OK ? 0 : 1;
}

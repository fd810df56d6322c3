#include "eval/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void oc_compare_run_finish(oc_compare_run *run)
{
    if (run->finish)
        run->finish(run);
    oc_arena_finish(&run->mem);
    *run = (oc_compare_run){.n_units = 0};
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void draw(uint64_t seed, size_t resample, uint32_t *weight, size_t n)
{
    uint64_t state = seed;
    state = next_random(&state) + resample;
    memset(weight, 0, n * sizeof(*weight));
    for (size_t i = 0; i < n; i++)
        weight[next_random(&state) % n]++; /* n is far below 2^64: no bias to speak of */
}

typedef struct boot {
    const oc_compare_run *run[2];
    uint64_t              seed;
    double               *difference; /* [resamples][n_figures] */
    bool                  failed;     /* no memory in a worker */
} boot;

static void boot_range(void *ctx, oc_range part, unsigned worker)
{
    boot                 *b = ctx;
    const oc_compare_run *r = b->run[0];
    size_t                scratch_bytes =
        r->scratch_bytes > b->run[1]->scratch_bytes ? r->scratch_bytes : b->run[1]->scratch_bytes;
    uint32_t *weight = calloc(r->n_units, sizeof(*weight));
    double   *value = calloc(2 * r->n_figures, sizeof(*value));
    void     *scratch = malloc(scratch_bytes + 1);
    (void)worker;
    if (!weight || !value || !scratch)
        __atomic_store_n(&b->failed, true, __ATOMIC_RELAXED);
    for (size_t i = part.begin; i < part.end && weight && value && scratch; i++) {
        draw(b->seed, i, weight, r->n_units);
        for (size_t side = 0; side < 2; side++)
            b->run[side]->figures(b->run[side], weight, scratch, value + side * r->n_figures);
        for (size_t f = 0; f < r->n_figures; f++)
            b->difference[i * r->n_figures + f] = value[r->n_figures + f] - value[f];
    }
    free(weight);
    free(value);
    free(scratch);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Between the ranks, as NumPy's percentile. */
static double quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static void summarise(const boot *b, size_t figure, size_t resamples, double level, double *column,
                      oc_compare_row *row)
{
    size_t n = 0, below = 0, above = 0;
    row->difference = row->b - row->a;
    row->low = row->high = row->p = NAN;
    for (size_t i = 0; i < resamples; i++) {
        double d = b->difference[i * b->run[0]->n_figures + figure];
        if (isnan(d))
            continue;
        column[n++] = d;
        below += d <= 0;
        above += d >= 0;
    }
    if (n == 0)
        return;
    qsort(column, n, sizeof(*column), ascending);
    row->low = quantile(column, n, (1 - level) / 2);
    row->high = quantile(column, n, (1 + level) / 2);
    row->p = fmin(1, 2 * (double)(below < above ? below : above) / (double)n);
}

static oc_status check_units(const oc_compare_run *a, const oc_compare_run *b, oc_error *err)
{
    if (a->n_units == 0)
        return OC_FAIL(err, OC_INVALID, "nothing to compare");
    if (a->n_units != b->n_units || a->n_figures != b->n_figures)
        return OC_FAIL(err, OC_INVALID, "the runs are over different data: %zu and %zu units",
                       a->n_units, b->n_units);
    for (size_t i = 0; i < a->n_units; i++)
        if (strcmp(a->unit[i], b->unit[i]) != 0)
            return OC_FAIL(err, OC_INVALID, "the runs are over different data: '%.80s' and '%.80s'",
                           a->unit[i], b->unit[i]);
    for (size_t f = 0; f < a->n_figures; f++)
        if (strcmp(a->figure[f], b->figure[f]) != 0)
            return OC_FAIL(err, OC_INVALID, "the runs have different figures: '%.80s' and '%.80s'",
                           a->figure[f], b->figure[f]);
    return OC_OK;
}

oc_status oc_compare_figures(const oc_compare_run *run, double *out, oc_error *err)
{
    uint32_t *weight = calloc(run->n_units + 1, sizeof(*weight));
    void     *scratch = malloc(run->scratch_bytes + 1);
    oc_status st = OC_OK;
    if (!weight || !scratch) {
        st = OC_FAIL(err, OC_NOMEM, "%zu units", run->n_units);
    } else {
        for (size_t i = 0; i < run->n_units; i++)
            weight[i] = 1;
        run->figures(run, weight, scratch, out);
    }
    free(weight);
    free(scratch);
    return st;
}

oc_status oc_compare_bootstrap(const oc_compare_run *a, const oc_compare_run *b,
                               const oc_compare_options *options, oc_compare_row *out,
                               oc_error *err)
{
    const size_t resamples = options->resamples ? options->resamples : 1000;
    const double level = options->level > 0 ? options->level : .95;
    boot         w = {.run = {a, b}, .seed = options->seed};
    oc_status    st = check_units(a, b, err);
    if (st != OC_OK)
        return st;
    double *value = calloc(a->n_figures, 2 * sizeof(*value));
    double *column = calloc(resamples, sizeof(*column));
    w.difference = calloc(resamples, a->n_figures * sizeof(*w.difference));
    if (!value || !column || !w.difference)
        st = OC_FAIL(err, OC_NOMEM, "%zu draws of %zu figures", resamples, a->n_figures);
    if (st == OC_OK && (st = oc_compare_figures(a, value, err)) == OC_OK &&
        (st = oc_compare_figures(b, value + a->n_figures, err)) == OC_OK) {
        oc_pool_run(options->pool, 0, resamples, 8, boot_range, &w);
        if (w.failed)
            st = OC_FAIL(err, OC_NOMEM, "%zu units", a->n_units);
    }
    for (size_t f = 0; f < a->n_figures && st == OC_OK; f++) {
        out[f].a = value[f];
        out[f].b = value[a->n_figures + f];
        summarise(&w, f, resamples, level, column, &out[f]);
    }
    free(value);
    free(column);
    free(w.difference);
    return st;
}

typedef struct change {
    double amount;
    size_t unit;
} change;

static int most_first(const void *a, const void *b)
{
    const change *x = a, *y = b;
    if (x->amount != y->amount)
        return x->amount > y->amount ? -1 : 1;
    return x->unit < y->unit ? -1 : x->unit > y->unit;
}

size_t oc_compare_changed(const oc_compare_run *a, const oc_compare_run *b, size_t *out)
{
    size_t  n = 0;
    change *c = calloc(a->n_units + 1, sizeof(*c));
    if (!c)
        return 0;
    for (size_t i = 0; i < a->n_units; i++) {
        double d = fabs(b->score[i] - a->score[i]);
        if (d > 1e-12)
            c[n++] = (change){d, i};
    }
    if (n)
        qsort(c, n, sizeof(*c), most_first);
    for (size_t i = 0; i < n; i++)
        out[i] = c[i].unit;
    free(c);
    return n;
}

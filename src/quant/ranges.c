#include "quant/ranges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 96 /* ranges tried between a hundredth and all of what was seen */

static const char *const names[Q_METHODS] = {"minmax",  "average", "percentile",
                                             "entropy", "mse",     "auto"};

const char *q_method_name(q_method m)
{
    return names[m];
}

bool q_method_parse(const char *text, q_method *m)
{
    for (int i = 0; i < Q_METHODS; i++) {
        if (strcmp(text, names[i]) == 0) {
            *m = (q_method)i;
            return true;
        }
    }
    return false;
}

/* ---- collecting ---- */

typedef struct walk {
    const oc_tensor_view *view;
    q_stat               *stat;
    bool                  histogram;
    uint8_t              *bad; /* per value: not finite */
} walk;

static bool extremes(const float *x, size_t n, q_stat *s)
{
    float  lo = INFINITY, hi = -INFINITY;
    double square = 0;
    bool   bad = false;
    for (size_t i = 0; i < n; i++) {
        bad |= !(x[i] - x[i] == 0);
        lo = x[i] < lo ? x[i] : lo;
        hi = x[i] > hi ? x[i] : hi;
        square += (double)x[i] * (double)x[i];
    }
    if (bad || n == 0)
        return !bad;
    s->min = s->samples == 0 || lo < s->min ? lo : s->min;
    s->max = s->samples == 0 || hi > s->max ? hi : s->max;
    s->sum_min += (double)lo;
    s->sum_max += (double)hi;
    s->mean_square += (square - s->mean_square * (double)n) / (double)(s->elements + n);
    s->elements += n;
    s->samples++;
    return true;
}

static void count(const float *x, size_t n, q_stat *s)
{
    const float width = s->max - s->min, k = width > 0 ? (float)Q_BINS / width : 0;
    for (size_t i = 0; i < n; i++) {
        float at = (x[i] - s->min) * k;
        int   bin = at >= (float)(Q_BINS - 1) ? Q_BINS - 1 : at > 0 ? (int)at : 0;
        s->bins[bin] += s->bins[bin] < UINT32_MAX;
    }
}

static void walk_range(void *ctx, oc_range part, unsigned worker)
{
    walk *w = ctx;
    (void)worker;
    for (size_t i = part.begin; i < part.end; i++) {
        const oc_tensor_view *v = &w->view[i];
        size_t                n;
        if (v->info.dtype != OC_F32 || !oc_shape_elements(&v->info.shape, &n))
            continue;
        if (w->histogram && w->stat[i].bins)
            count(v->data, n, &w->stat[i]);
        else if (!w->histogram)
            w->bad[i] = !extremes(v->data, n, &w->stat[i]);
    }
}

static oc_status walk_samples(q_runner *runner, q_samples *samples, walk *w, oc_pool *pool,
                              q_progress *progress, void *ctx, oc_error *err)
{
    const size_t n = q_samples_count(samples), results = q_runner_results(runner);
    for (size_t i = 0; i < n; i++) {
        const oc_tensor_view *in;
        oc_status             st;
        if (progress && !progress(ctx, w->histogram ? "histograms" : "ranges", i, n))
            return OC_FAIL(err, OC_CANCELLED, "stopped after %zu of %zu samples", i, n);
        if ((st = q_samples_load(samples, i, &in, err)) != OC_OK)
            return st;
        if ((st = q_runner_run(runner, in, &w->view, err)) != OC_OK) {
            oc_error_prefix(err, "%s", q_samples_name(samples, i));
            return st;
        }
        oc_pool_run(pool, 0, results, 1, walk_range, w);
        for (size_t k = 0; k < results && !w->histogram; k++)
            if (w->bad[k])
                return OC_FAIL(err, OC_INVALID, "%s: value '%.120s' is NaN or infinite",
                               q_samples_name(samples, i), q_runner_name(runner, k));
    }
    return OC_OK;
}

oc_status q_collect(q_runner *runner, q_samples *samples, bool histograms, oc_pool *pool,
                    q_progress *progress, void *ctx, q_stat *stats, oc_error *err)
{
    const size_t n = q_runner_results(runner);
    walk         w = {.stat = stats, .bad = calloc(n + 1, 1)};
    if (!w.bad)
        return OC_FAIL(err, OC_NOMEM, "statistics");
    oc_status st = walk_samples(runner, samples, &w, pool, progress, ctx, err);
    for (size_t i = 0; i < n && histograms && st == OC_OK; i++)
        if (!(stats[i].bins = calloc(Q_BINS, sizeof(*stats[i].bins))))
            st = OC_FAIL(err, OC_NOMEM, "histograms");
    w.histogram = true;
    if (st == OC_OK && histograms)
        st = walk_samples(runner, samples, &w, pool, progress, ctx, err);
    free(w.bad);
    return st;
}

void q_stats_finish(q_stat *stats, size_t n)
{
    for (size_t i = 0; stats && i < n; i++) {
        free(stats[i].bins);
        free(stats[i].post);
        stats[i].bins = NULL;
        stats[i].post = NULL;
    }
}

/* ---- ranges ---- */

/* Zero has to be a level (padding is zero), and a range has to be one. */
static q_range settle(double lo, double hi, q_method method, bool symmetric)
{
    q_range r = {.lo = (float)fmin(lo, 0), .hi = (float)fmax(hi, 0), .method = method};
    if (symmetric) {
        r.hi = fmaxf(-r.lo, r.hi);
        r.lo = -r.hi;
    }
    if (!(r.hi - r.lo > 1e-12f))
        r.hi = r.lo + 1; /* all zero: any scale does */
    if (symmetric && r.lo == 0)
        r.lo = -r.hi;
    return r;
}

static double bin_center(const q_stat *s, int bin)
{
    return (double)s->min + ((double)s->max - (double)s->min) * (bin + 0.5) / Q_BINS;
}

/* What follows, at x. */
static double behind(const q_stat *s, double x)
{
    const double at = (x - (double)s->min) / ((double)s->max - (double)s->min) * (Q_POST - 1);
    if (!(at > 0))
        return (double)s->post[0];
    if (at >= Q_POST - 1)
        return (double)s->post[Q_POST - 1];
    const int    i = (int)at;
    const double t = at - i;
    return (double)s->post[i] * (1 - t) + (double)s->post[i + 1] * t;
}

/* Squared error of a level `step` wide around x, all places in it being as likely. */
static double rounding_error(const q_stat *s, double x, double step)
{
    const double d = s->post ? behind(s, x + step / 2) - behind(s, x - step / 2) : step;
    return d * d / 12;
}

static double clipping_error(const q_stat *s, double x, double to)
{
    const double d = s->post ? behind(s, x) - behind(s, to) : x - to;
    return d * d;
}

double q_range_error(const q_stat *s, q_range r, unsigned levels)
{
    const double lo = (double)r.lo, hi = (double)r.hi, step = (hi - lo) / levels;
    double       sum = 0, n = 0;
    if (!s->bins)
        return 0;
    for (int i = 0; i < Q_BINS; i++) {
        if (!s->bins[i])
            continue;
        const double x = bin_center(s, i);
        const double e = x < lo   ? clipping_error(s, x, lo)
                         : x > hi ? clipping_error(s, x, hi)
                                  : rounding_error(s, x, step);
        sum += s->bins[i] * e;
        n += s->bins[i];
    }
    return n > 0 ? sum / n : 0;
}

static q_range by_percentile(const q_stat *s, double percentile, bool symmetric)
{
    double total = 0, at = 0;
    int    lo = 0, hi = Q_BINS - 1;
    for (int i = 0; i < Q_BINS; i++)
        total += s->bins[i];
    const double cut = total * (100 - percentile) / 200;
    for (at = s->bins[lo]; at <= cut && lo < hi; at += s->bins[lo])
        lo++;
    for (at = s->bins[hi]; at <= cut && hi > lo; at += s->bins[hi])
        hi--;
    const double width = ((double)s->max - (double)s->min) / Q_BINS;
    return settle(lo == 0 ? (double)s->min : (double)s->min + lo * width,
                  hi == Q_BINS - 1 ? (double)s->max : (double)s->min + (hi + 1) * width,
                  Q_PERCENTILE, symmetric);
}

/* Divergence of the histogram, clipped to the range, from itself rounded to the levels. */
static double divergence(const q_stat *s, q_range r, unsigned levels)
{
    const double width = ((double)s->max - (double)s->min) / Q_BINS;
    if (!(width > 0))
        return INFINITY; /* all values are the same */
    const int from = (int)fmin(fmax(floor(((double)r.lo - (double)s->min) / width), 0), Q_BINS);
    const int to = (int)fmin(fmax(ceil(((double)r.hi - (double)s->min) / width), 0), Q_BINS);
    if (to - from < (int)levels)
        return INFINITY; /* every bin would have a level of its own, and nothing diverge */
    double total = 0, outside = 0, sum = 0, before = 0, after = 0;
    for (int i = 0; i < Q_BINS; i++) {
        total += s->bins[i];
        before += i < from ? s->bins[i] : 0;
        after += i >= to ? s->bins[i] : 0;
    }
    outside = before + after;
    if (!(total > 0))
        return 0;
    const double per = (double)(to - from) / levels; /* bins a level */
    for (unsigned level = 0; level < levels; level++) {
        int    a = from + (int)(level * per), b = from + (int)((level + 1) * per);
        double mass = 0, filled = 0;
        b = level + 1 == levels ? to : b > a ? b : a + 1;
        b = b > to ? to : b;
        for (int i = a; i < b; i++) {
            mass += s->bins[i];
            filled += s->bins[i] > 0;
        }
        for (int i = a; i < b; i++) {
            double p = s->bins[i] + (i == from ? before : 0) + (i == to - 1 ? after : 0);
            double q = s->bins[i] > 0 ? mass / filled : 0;
            if (p > 0)
                sum += p / total * log(p / total / fmax(q / (total - outside), 1e-9));
        }
    }
    return sum;
}

static double badness(const q_stat *s, q_range r, q_method method, unsigned levels)
{
    return method == Q_ENTROPY ? divergence(s, r, levels) : q_range_error(s, r, levels);
}

/* Both ends drawn in together, then each alone from there. */
static q_range by_search(const q_stat *s, const q_range_options *o, q_method method)
{
    q_range       best = settle((double)s->min, (double)s->max, method, o->symmetric);
    double        least = badness(s, best, method, o->levels);
    const q_range all = best;
    for (int i = 1; i < STEPS; i++) {
        const double k = 0.01 + 0.99 * i / STEPS;
        q_range      r = settle((double)all.lo * k, (double)all.hi * k, method, o->symmetric);
        double       d = badness(s, r, method, o->levels);
        if (d < least) {
            least = d;
            best = r;
        }
    }
    for (int end = 0; end < 2 && !o->symmetric; end++) {
        const q_range from = best;
        for (int i = 1; i < STEPS; i++) {
            const double k = 0.01 + 0.99 * i / STEPS;
            q_range      r = settle(end ? (double)from.lo : (double)all.lo * k,
                               end ? (double)all.hi * k : (double)from.hi, method, false);
            double d = badness(s, r, method, o->levels);
            if (d < least) {
                least = d;
                best = r;
            }
        }
    }
    return best;
}

static q_range by_method(const q_stat *s, const q_range_options *o, q_method m)
{
    switch (m) {
    case Q_AVERAGE:
        return settle(s->sum_min / (double)s->samples, s->sum_max / (double)s->samples, m,
                      o->symmetric);
    case Q_PERCENTILE: return by_percentile(s, o->percentile, o->symmetric);
    case Q_ENTROPY:
    case Q_MSE: return by_search(s, o, m);
    default: return settle((double)s->min, (double)s->max, Q_MINMAX, o->symmetric);
    }
}

q_range q_range_of(const q_stat *stat, const q_range_options *options)
{
    if (stat->samples == 0)
        return settle(0, 0, Q_MINMAX, options->symmetric);
    if (options->method != Q_AUTO)
        return by_method(stat, options, options->method);
    q_range best = by_method(stat, options, Q_MINMAX);
    double  least = q_range_error(stat, best, options->levels);
    for (q_method m = Q_AVERAGE; m < Q_AUTO; m++) {
        q_range r = by_method(stat, options, m);
        double  d = q_range_error(stat, r, options->levels);
        if (d < least) {
            least = d;
            best = r;
        }
    }
    return best;
}

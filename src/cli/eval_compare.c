#include "cli/eval_compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/eval_data.h"

typedef struct report {
    const cli_compare      *c;
    const cli_compare_kind *kind;
    const oc_compare_run   *own;
    oc_compare_run          other;
    oc_compare_row         *row;
    size_t                 *changed, n_changed;
    oc_compare_folds        folds;
    double                 *each;    /* [figures][folds] */
    oc_compare_spread      *spread;  /* [figures] over folds */
    double                 *runs[2]; /* [figures][re-runs] of other, of this */
    size_t                  n_runs[2];
    oc_error               *err;
} report;

bool cli_compare_wanted(const cli_compare *c)
{
    return c->with.n || c->again.n || c->folds;
}

void cli_json_number(const char *key, double v, bool first)
{
    if (isfinite(v))
        printf("%s\"%s\":%.9f", first ? "" : ",", key, v);
    else
        printf("%s\"%s\":null", first ? "" : ",", key);
}

/* ---- computing ---- */

static oc_status bootstrap(report *r, uint64_t threads)
{
    oc_pool  *pool = NULL;
    oc_status st = r->kind->make(r->kind->ctx, r->c->with.item[0], true, &r->other, r->err);
    r->row = calloc(r->own->n_figures + 1, sizeof(*r->row));
    r->changed = calloc(r->own->n_units + 1, sizeof(*r->changed));
    if (st == OC_OK && (!r->row || !r->changed))
        st = OC_FAIL(r->err, OC_NOMEM, "figures");
    if (st == OC_OK && (st = oc_pool_create((unsigned)threads, &pool, r->err)) == OC_OK) {
        oc_compare_options o = {
            .resamples = (size_t)r->c->resamples, .seed = r->c->seed, .pool = pool};
        st = oc_compare_bootstrap(&r->other, r->own, &o, r->row, r->err);
    }
    if (st == OC_OK)
        r->n_changed = oc_compare_changed(&r->other, r->own, r->changed);
    oc_pool_destroy(pool);
    return st;
}

/* Figures of the runs of a side: the first is made already. */
static oc_status rerun(report *r, size_t side, const oc_compare_run *first, const char *const *path,
                       size_t n)
{
    const size_t figures = r->own->n_figures;
    oc_status    st = OC_OK;
    double      *value = calloc(figures + 1, sizeof(*value));
    r->runs[side] = calloc(figures + 1, (n + 1) * sizeof(double));
    if (!value || !r->runs[side])
        st = OC_FAIL(r->err, OC_NOMEM, "figures");
    r->n_runs[side] = n + 1;
    for (size_t k = 0; k <= n && st == OC_OK; k++) {
        oc_compare_run        made = {.n_units = 0};
        const oc_compare_run *run = k ? &made : first;
        if (k)
            st = r->kind->make(r->kind->ctx, path[k - 1], false, &made, r->err);
        if (st == OC_OK && run->n_figures != figures)
            st = OC_FAIL(r->err, OC_INVALID, "%s: other figures", path[k - 1]);
        if (st == OC_OK)
            st = oc_compare_figures(run, value, r->err);
        for (size_t f = 0; f < figures && st == OC_OK; f++)
            r->runs[side][f * (n + 1) + k] = value[f];
        oc_compare_run_finish(&made);
    }
    free(value);
    return st;
}

static oc_status fold(report *r)
{
    oc_status st = oc_compare_folds_read(r->c->folds, r->own, &r->folds, r->err);
    if (st != OC_OK)
        return st;
    r->each = calloc(r->own->n_figures + 1, r->folds.n * sizeof(*r->each));
    r->spread = calloc(r->own->n_figures + 1, sizeof(*r->spread));
    if (!r->each || !r->spread)
        return OC_FAIL(r->err, OC_NOMEM, "folds");
    return oc_compare_over_folds(r->own, &r->folds, r->each, r->spread, r->err);
}

/* ---- telling ---- */

static oc_compare_spread runs_of(const report *r, size_t side, size_t figure)
{
    return oc_compare_spread_of(r->runs[side] + figure * r->n_runs[side], r->n_runs[side]);
}

static void print_json_spread(const char *key, const oc_compare_spread *s)
{
    printf(",\"%s\":{", key);
    cli_json_number("mean", s->mean, true);
    cli_json_number("sd", s->sd, false);
    cli_json_number("half_width", s->half, false);
    printf(",\"n\":%zu}", s->n);
}

static void print_json_figure(const report *r, size_t f)
{
    printf("{\"name\":");
    cli_json_text(stdout, r->own->figure[f]);
    if (r->row) {
        cli_json_number("this", r->row[f].b, false);
        cli_json_number("other", r->row[f].a, false);
        cli_json_number("difference", r->row[f].difference, false);
        cli_json_number("low", r->row[f].low, false);
        cli_json_number("high", r->row[f].high, false);
        cli_json_number("p", r->row[f].p, false);
    }
    if (r->spread) {
        print_json_spread("folds", &r->spread[f]);
        printf(",\"fold_values\":[");
        for (size_t k = 0; k < r->folds.n; k++) {
            double v = r->each[f * r->folds.n + k];
            printf(isfinite(v) ? "%s%.9f" : "%snull", k ? "," : "", v);
        }
        printf("]");
    }
    for (size_t side = 0; side < 2; side++) {
        if (!r->runs[side])
            continue;
        oc_compare_spread s = runs_of(r, side, f);
        print_json_spread(side ? "runs" : "other_runs", &s);
    }
    printf("}");
}

static size_t shown_of(const report *r)
{
    return r->n_changed < r->c->shown ? r->n_changed : (size_t)r->c->shown;
}

static void print_json(const report *r)
{
    printf("{\"units\":%zu,\"resamples\":%llu,\"seed\":%llu", r->own->n_units,
           (unsigned long long)r->c->resamples, (unsigned long long)r->c->seed);
    for (size_t f = 0; f < r->own->n_figures; f++) {
        const char *lead = f == 0                ? ",\"figures\":["
                           : f == r->own->n_main ? "],\"classes\":["
                                                 : ",";
        fputs(lead, stdout);
        print_json_figure(r, f);
    }
    printf("]");
    if (r->row) {
        printf(",\"n_changed\":%zu,\"changed\":[", r->n_changed);
        for (size_t i = 0; i < shown_of(r); i++) {
            size_t u = r->changed[i];
            printf("%s{\"name\":", i ? "," : "");
            cli_json_text(stdout, r->own->unit[u]);
            cli_json_number("this", r->own->score[u], false);
            cli_json_number("other", r->other.score[u], false);
            printf("}");
        }
        printf("]");
        if (r->kind->more)
            r->kind->more(r->kind->ctx, NULL, true, (size_t)r->c->shown);
    }
    cli_eval_data_end();
}

static void print_spread(const char *what, const oc_compare_spread *s)
{
    if (s->n > 1)
        printf("  %s %.4f ± %.4f (sd %.4f, n %zu)", what, s->mean, s->half, s->sd, s->n);
}

static void print_figure(const report *r, size_t f)
{
    if (r->row && isnan(r->row[f].difference))
        return;
    printf("%-24.24s", r->own->figure[f]);
    if (r->row)
        printf(" %9.4f %9.4f %+9.4f  [%+.4f, %+.4f] %7.3f", r->row[f].a, r->row[f].b,
               r->row[f].difference, r->row[f].low, r->row[f].high, r->row[f].p);
    if (r->spread)
        print_spread("folds", &r->spread[f]);
    for (size_t side = 0; side < 2; side++) {
        if (!r->runs[side])
            continue;
        oc_compare_spread s = runs_of(r, side, f);
        print_spread(side ? "runs" : "other's runs", &s);
    }
    printf("\n");
}

static void print_table(const report *r)
{
    if (r->row)
        printf("%-24s %9s %9s %9s  %-20s %7s\n", "", "other", "this", "change", "95 % interval",
               "p");
    for (size_t f = 0; f < r->own->n_figures; f++)
        print_figure(r, f);
    if (!r->row)
        return;
    printf("\n%zu of %zu changed; most:\n", r->n_changed, r->own->n_units);
    for (size_t i = 0; i < shown_of(r); i++) {
        size_t u = r->changed[i];
        printf("%9.4f → %.4f  %s\n", r->other.score[u], r->own->score[u], r->own->unit[u]);
    }
    if (r->kind->more)
        r->kind->more(r->kind->ctx, NULL, false, (size_t)r->c->shown);
}

static oc_status write_sheet(const report *r)
{
    oc_page   page;
    char      title[512];
    oc_status st;
    snprintf(title, sizeof(title), "this run against %s, %zu units", r->c->with.item[0],
             r->own->n_units);
    if ((st = oc_sheet_open(r->c->sheet, title, &page, r->err)) != OC_OK)
        return st;
    oc_sheet_figures(&page, r->own, r->row);
    oc_sheet_begin(&page, "Changed most (other left, this right)");
    for (size_t i = 0; i < shown_of(r); i++) {
        size_t u = r->changed[i];
        oc_sheet_unit(&page, r->own->unit[u], r->other.score[u], r->own->score[u]);
        if (r->kind->draw) {
            oc_page_put(&page, "<div class=pair>");
            r->kind->draw(r->kind->ctx, &page, r->own, u);
            oc_page_put(&page, "</div>");
        }
    }
    oc_sheet_end(&page);
    if (r->kind->more)
        r->kind->more(r->kind->ctx, &page, false, (size_t)r->c->shown);
    return oc_sheet_close(&page, r->err);
}

oc_status cli_compare_report(const cli_compare *c, const cli_compare_kind *kind,
                             const oc_compare_run *own, uint64_t threads, bool json, oc_error *err)
{
    report    r = {.c = c, .kind = kind, .own = own, .err = err};
    oc_status st = OC_OK;
    if (c->sheet && !c->with.n)
        return OC_FAIL(err, OC_INVALID, "--sheet wants --compare");
    if (c->resamples < 1 || c->resamples > 1000000)
        return OC_FAIL(err, OC_INVALID, "--resamples is 1 to 1000000");
    if (c->with.n)
        st = bootstrap(&r, threads);
    if (st == OC_OK && c->with.n > 1)
        st = rerun(&r, 0, &r.other, c->with.item + 1, c->with.n - 1);
    if (st == OC_OK && c->again.n)
        st = rerun(&r, 1, own, c->again.item, c->again.n);
    if (st == OC_OK && c->folds)
        st = fold(&r);
    if (st == OC_OK && c->sheet)
        st = write_sheet(&r);
    if (st == OC_OK && json)
        print_json(&r);
    else if (st == OC_OK)
        print_table(&r);
    free(r.row);
    free(r.changed);
    free(r.each);
    free(r.spread);
    free(r.runs[0]);
    free(r.runs[1]);
    oc_compare_folds_finish(&r.folds);
    oc_compare_run_finish(&r.other);
    return st;
}

/* ocellus eval mot: scores of trackers by TrackEval's definitions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/eval.h"
#include "cli/eval_compare.h"
#include "cli/eval_data.h"
#include "eval/mot.h"

typedef struct figure {
    const char *name;
    double      value;
    bool        whole; /* a count */
} figure;

#define FIGURES_MAX 64

static size_t figures(const oc_mot_scores *s, figure *f)
{
    const oc_mot_hota     *h = &s->hota;
    const oc_mot_clear    *c = &s->clear;
    const oc_mot_identity *i = &s->identity;
    const figure           all[] = {
                  {"HOTA", oc_hota_mean(h->hota), false},
                  {"DetA", oc_hota_mean(h->deta), false},
                  {"AssA", oc_hota_mean(h->assa), false},
                  {"DetRe", oc_hota_mean(h->detre), false},
                  {"DetPr", oc_hota_mean(h->detpr), false},
                  {"AssRe", oc_hota_mean(h->assre), false},
                  {"AssPr", oc_hota_mean(h->asspr), false},
                  {"LocA", oc_hota_mean(h->loca), false},
                  {"OWTA", oc_hota_mean(h->owta), false},
                  {"HOTA(0)", h->hota[0], false},
                  {"LocA(0)", h->loca[0], false},
                  {"HOTALocA(0)", h->hota[0] * h->loca[0], false},
                  {"MOTA", c->mota, false},
                  {"MOTP", c->motp, false},
                  {"MODA", c->moda, false},
                  {"sMOTA", c->smota, false},
                  {"MOTAL", c->motal, false},
                  {"Recall", c->recall, false},
                  {"Precision", c->precision, false},
                  {"F1", c->f1, false},
                  {"MTR", c->mtr, false},
                  {"PTR", c->ptr, false},
                  {"MLR", c->mlr, false},
                  {"FP_per_frame", c->frames > 0 ? c->fp / c->frames : 0, false},
                  {"IDF1", i->idf1, false},
                  {"IDP", i->idp, false},
                  {"IDR", i->idr, false},
                  {"IDSW", c->idsw, true},
                  {"Frag", c->frag, true},
                  {"TP", c->tp, true},
                  {"FP", c->fp, true},
                  {"FN", c->fn, true},
                  {"MT", c->mt, true},
                  {"PT", c->pt, true},
                  {"ML", c->ml, true},
                  {"IDTP", i->tp, true},
                  {"IDFP", i->fp, true},
                  {"IDFN", i->fn, true},
                  {"GT_Dets", (double)s->gt_dets, true},
                  {"GT_IDs", (double)s->gt_ids, true},
                  {"Dets", (double)s->dets, true},
                  {"IDs", (double)s->ids, true},
                  {"Frames", c->frames, true},
    };
    memcpy(f, all, sizeof(all));
    return sizeof(all) / sizeof(all[0]);
}

/* The HOTA family at each threshold of overlap, .05 ... .95. */
static void print_alphas(const oc_mot_hota *h)
{
    const struct {
        const char   *name;
        const double *value;
    } rows[] = {{"HOTA", h->hota},   {"DetA", h->deta},   {"AssA", h->assa},   {"DetRe", h->detre},
                {"DetPr", h->detpr}, {"AssRe", h->assre}, {"AssPr", h->asspr}, {"LocA", h->loca},
                {"OWTA", h->owta},   {"TP", h->tp},       {"FN", h->fn},       {"FP", h->fp}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        printf("%s\"%s\":[", i ? "," : ",\"alpha\":{", rows[i].name);
        for (size_t a = 0; a < OC_HOTA_ALPHAS; a++)
            printf("%s%.9g", a ? "," : "", rows[i].value[a]);
        printf("]");
    }
    printf("}");
}

/* Without the brace at its end. */
static void print_json(const oc_mot_scores *s)
{
    figure f[FIGURES_MAX];
    size_t n = figures(s, f);
    printf("{");
    for (size_t i = 0; i < n; i++)
        printf(f[i].whole ? "%s\"%s\":%.0f" : "%s\"%s\":%.9f", i ? "," : "", f[i].name, f[i].value);
    print_alphas(&s->hota);
}

static void print_table(const oc_mot_scores *each, size_t n, const char *const *names)
{
    const oc_mot_scores *last = &each[n > 1 ? n : 0];
    printf("%-24s %6s %6s %6s %6s %6s %6s %6s %6s %6s\n", "sequence", "HOTA", "DetA", "AssA",
           "MOTA", "MOTP", "IDF1", "IDSW", "FP", "FN");
    for (const oc_mot_scores *s = each; s <= last; s++) {
        const char *name = s == each + n ? "all" : names[s - each];
        size_t      length = strlen(name);
        printf("%-24s %6.3f %6.3f %6.3f %6.3f %6.3f %6.3f %6.0f %6.0f %6.0f\n",
               length > 24 ? name + length - 24 : name, oc_hota_mean(s->hota.hota),
               oc_hota_mean(s->hota.deta), oc_hota_mean(s->hota.assa), s->clear.mota, s->clear.motp,
               s->identity.idf1, s->clear.idsw, s->clear.fp, s->clear.fn);
    }
}

static oc_status score_pair(const char *gt_path, const char *dt_path, oc_mot_benchmark benchmark,
                            int64_t frames, oc_mot_scores *out, oc_error *err)
{
    oc_mot_rows gt = {0}, dt = {0};
    oc_status   st;
    if ((st = oc_mot_read_as(gt_path, benchmark, true, &gt, err)) == OC_OK &&
        (st = oc_mot_read_as(dt_path, benchmark, false, &dt, err)) == OC_OK &&
        (st = oc_mot_score(&gt, &dt, benchmark, frames, out, err)) != OC_OK)
        oc_error_prefix(err, "%s against %s", dt_path, gt_path);
    oc_mot_rows_finish(&gt);
    oc_mot_rows_finish(&dt);
    return st;
}

void cli_mot_print(const oc_mot_scores *each, size_t n, const char *const *names, bool json)
{
    if (!json) {
        print_table(each, n, names);
        return;
    }
    if (n == 1) {
        print_json(&each[0]);
        cli_eval_data_end();
        return;
    }
    printf("{\"combined\":");
    print_json(&each[n]);
    printf("},\"sequences\":[");
    for (size_t i = 0; i < n; i++) {
        printf("%s", i ? "," : "");
        print_json(&each[i]);
        printf("}");
    }
    printf("]");
    cli_eval_data_end();
}

/* ---- comparing ---- */

typedef struct comparison {
    const cli_texts *gt, *dt;
    oc_mot_benchmark benchmark;
    int64_t          frames;
    size_t           block;
    oc_mot_record   *own, *other; /* [gt->n] */
} comparison;

static oc_status record_pair(const comparison *c, const char *gt_path, const char *dt_path,
                             oc_mot_record *out, oc_error *err)
{
    oc_mot_rows gt = {0}, dt = {0};
    oc_status   st;
    if ((st = oc_mot_read_as(gt_path, c->benchmark, true, &gt, err)) == OC_OK &&
        (st = oc_mot_read_as(dt_path, c->benchmark, false, &dt, err)) == OC_OK)
        st = oc_mot_record_make(&gt, &dt, c->benchmark,
                                c->frames > gt.frames   ? c->frames
                                : gt.frames > dt.frames ? gt.frames
                                                        : dt.frames,
                                out, err);
    oc_mot_rows_finish(&gt);
    oc_mot_rows_finish(&dt);
    return st;
}

/* Results of every sequence; the paths are those of --dt, or of a folder with files of their names. */
static oc_status record_all(const comparison *c, const char *folder, oc_mot_record *out,
                            oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < c->gt->n && st == OC_OK; i++) {
        char        path[4200];
        const char *name = strrchr(c->dt->item[i], '/');
        snprintf(path, sizeof(path), "%s/%s", folder ? folder : "",
                 name ? name + 1 : c->dt->item[i]);
        const char *from = !folder ? c->dt->item[i] : c->gt->n == 1 ? folder : path;
        st = record_pair(c, c->gt->item[i], from, &out[i], err);
    }
    return st;
}

static oc_status make_run(const comparison *c, const oc_mot_record *r, oc_compare_run *out,
                          oc_error *err)
{
    const oc_mot_record *each[64];
    for (size_t i = 0; i < c->gt->n; i++)
        each[i] = &r[i];
    return oc_compare_mot(each, c->gt->item, c->gt->n, c->block, out, err);
}

static oc_status read_run(void *ctx, const char *path, bool first, oc_compare_run *out,
                          oc_error *err)
{
    comparison    *c = ctx;
    oc_mot_record *r = calloc(c->gt->n, sizeof(*r));
    if (!r)
        return OC_FAIL(err, OC_NOMEM, "sequences");
    oc_status st = record_all(c, path, r, err);
    if (st == OC_OK)
        st = make_run(c, r, out, err);
    if (first && st == OC_OK) {
        c->other = r;
        return st;
    }
    for (size_t i = 0; i < c->gt->n; i++)
        oc_mot_record_finish(&r[i]);
    free(r);
    return st;
}

typedef struct follow { /* how a truth's track fared */
    size_t   sequence;
    uint32_t truth;
    double   seen, covered[2], switches[2]; /* other, this */
} follow;

static void count_track(const oc_mot_record *r, size_t side, follow *f)
{
    int64_t *last = malloc((r->n_truth + 1) * sizeof(*last));
    for (size_t i = 0; last && i < r->n_truth; i++)
        last[i] = INT64_MIN;
    for (size_t i = 0; last && i < r->n_seen; i++) {
        const oc_mot_seen *s = &r->seen[i];
        f[s->truth].seen += side;
        if (s->result == INT64_MIN)
            continue;
        f[s->truth].covered[side]++;
        f[s->truth].switches[side] += last[s->truth] != INT64_MIN && last[s->truth] != s->result;
        last[s->truth] = s->result;
    }
    free(last);
}

static double change_of(const follow *f)
{
    return fabs(f->covered[1] - f->covered[0]) / (f->seen > 0 ? f->seen : 1) +
           0.1 * fabs(f->switches[1] - f->switches[0]);
}

static int most_changed(const void *a, const void *b)
{
    double        x = change_of(a), y = change_of(b);
    const follow *p = a, *q = b;
    if (x != y)
        return x > y ? -1 : 1;
    if (p->sequence != q->sequence)
        return p->sequence < q->sequence ? -1 : 1;
    return p->truth < q->truth ? -1 : p->truth > q->truth;
}

static void tell_track(const comparison *c, const follow *f, oc_page *page, bool json, bool first)
{
    long long   id = (long long)c->own[f->sequence].truth_id[f->truth];
    const char *name = c->gt->item[f->sequence];
    char        text[512];
    if (json) {
        printf("%s{\"sequence\":", first ? "" : ",");
        cli_json_text(stdout, name);
        printf(",\"id\":%lld,\"frames\":%.0f,\"covered\":[%.0f,%.0f],\"switches\":[%.0f,%.0f]}", id,
               f->seen, f->covered[0], f->covered[1], f->switches[0], f->switches[1]);
        return;
    }
    snprintf(text, sizeof(text),
             "%.200s: track %lld, %.0f frames: followed in %.0f, now %.0f; switches %.0f, now %.0f",
             name, id, f->seen, f->covered[0], f->covered[1], f->switches[0], f->switches[1]);
    if (!page) {
        printf("%s\n", text);
        return;
    }
    oc_page_put(page, "<p class=unit>");
    oc_page_text(page, text);
    oc_page_put(page, "</p>");
    oc_sheet_track(page, &c->other[f->sequence], &c->own[f->sequence], f->truth);
}

/* The truth's tracks that fared most differently. */
static void tell_tracks(void *ctx, oc_page *page, bool json, size_t shown)
{
    comparison *c = ctx;
    size_t      n = 0, told = 0;
    for (size_t i = 0; i < c->gt->n; i++)
        n += c->own[i].n_truth;
    follow *f = calloc(n + 1, sizeof(*f)), *at = f;
    for (size_t i = 0; f && i < c->gt->n; i++) {
        for (size_t k = 0; k < c->own[i].n_truth; k++)
            at[k] = (follow){.sequence = i, .truth = (uint32_t)k};
        count_track(&c->other[i], 0, at);
        count_track(&c->own[i], 1, at);
        at += c->own[i].n_truth;
    }
    if (f)
        qsort(f, n, sizeof(*f), most_changed);
    if (json)
        printf(",\"tracks\":[");
    else if (page)
        oc_sheet_begin(page, "Tracks that changed most");
    else
        printf("\ntracks that changed most:\n");
    for (; f && told < n && told < shown && change_of(&f[told]) > 0; told++)
        tell_track(c, &f[told], page, json, told == 0);
    if (json)
        printf("]");
    else if (page)
        oc_sheet_end(page);
    free(f);
}

static oc_status compare(const cli_compare *options, comparison *c, bool json, oc_error *err)
{
    cli_compare_kind kind = {.ctx = c, .make = read_run, .more = tell_tracks};
    oc_compare_run   own = {.n_units = 0};
    c->own = calloc(c->gt->n, sizeof(*c->own));
    oc_status st = c->own ? record_all(c, NULL, c->own, err) : OC_FAIL(err, OC_NOMEM, "sequences");
    if (st == OC_OK && (st = make_run(c, c->own, &own, err)) == OC_OK)
        st = cli_compare_report(options, &kind, &own, 0, json, err);
    for (size_t i = 0; i < c->gt->n; i++) {
        if (c->own)
            oc_mot_record_finish(&c->own[i]);
        if (c->other)
            oc_mot_record_finish(&c->other[i]);
    }
    free(c->own);
    free(c->other);
    oc_compare_run_finish(&own);
    return st;
}

int cli_eval_mot(int argc, char **argv)
{
    cli_texts        gt = {0}, dt = {0};
    const char      *name = "mot15", *pos[1];
    uint64_t         frames = 0, block = 30;
    cli_compare      comparing = CLI_COMPARE_DEFAULTS;
    bool             json = false;
    size_t           n_pos;
    oc_mot_benchmark benchmark;
    oc_error         err = {0};
    oc_status        st = OC_OK;
    const cli_option options[] = {
        {"--gt", 'S', &gt, "gt.txt", "truth; several sequences: --gt and --dt once for each"},
        {"--dt", 'S', &dt, "res.txt", "results, in the benchmark's format"},
        {"--benchmark", 's', &name, "NAME",
         "which rows count: mot15, mot16, mot17, mot20, kitti-car, kitti-pedestrian (mot15)"},
        {"--frames", 'u', &frames, "N", "length of the sequence (the last frame of either file)"},
        {"--json", 'f', &json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        CLI_COMPARE_OPTIONS(comparing),
        {"--block", 'u', &block, "N", "frames that the bootstrap keeps together (30)"},
        {0}};
    const cli_command command = {"eval mot",
                                 "--gt gt.txt --dt res.txt",
                                 "Scores tracks by TrackEval's definitions.",
                                 options,
                                 0,
                                 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (gt.n == 0 || gt.n != dt.n)
        return cli_usage("eval", "mot: as many --gt as --dt, at least one");
    if (!oc_mot_benchmark_find(name, &benchmark))
        return cli_usage("eval", "mot: no benchmark '%s'", name);
    if (block < 1 || block > 1000000)
        return cli_usage("eval", "mot: --block is 1 to 1000000");
    if (cli_eval_data_read(gt.item, gt.n, json, &err) != OC_OK)
        return cli_fail("eval mot", &err);
    if (cli_compare_wanted(&comparing)) {
        comparison c = {&gt, &dt, benchmark, (int64_t)frames, (size_t)block, NULL, NULL};
        return compare(&comparing, &c, json, &err) == OC_OK ? CLI_DONE : cli_fail("eval mot", &err);
    }
    oc_mot_scores *each = calloc(gt.n + 1, sizeof(*each));
    if (!each)
        st = OC_FAIL(&err, OC_NOMEM, "scores");
    for (size_t i = 0; i < gt.n && st == OC_OK; i++)
        st = score_pair(gt.item[i], dt.item[i], benchmark, (int64_t)frames, &each[i], &err);
    if (st == OC_OK) {
        oc_mot_combine(each, gt.n, &each[gt.n]);
        cli_mot_print(each, gt.n, gt.item, json);
    }
    free(each);
    return st == OC_OK ? CLI_DONE : cli_fail("eval mot", &err);
}

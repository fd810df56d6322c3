/* ocellus eval mot: scores of trackers by TrackEval's definitions. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/eval.h"
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

static void print_json(const oc_mot_scores *s)
{
    figure f[FIGURES_MAX];
    size_t n = figures(s, f);
    printf("{");
    for (size_t i = 0; i < n; i++)
        printf(f[i].whole ? "%s\"%s\":%.0f" : "%s\"%s\":%.9f", i ? "," : "", f[i].name, f[i].value);
    print_alphas(&s->hota);
    printf("}");
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
        printf("\n");
        return;
    }
    printf("{\"combined\":");
    print_json(&each[n]);
    printf(",\"sequences\":[");
    for (size_t i = 0; i < n; i++) {
        printf("%s", i ? "," : "");
        print_json(&each[i]);
    }
    printf("]}\n");
}

int cli_eval_mot(int argc, char **argv)
{
    cli_texts        gt = {0}, dt = {0};
    const char      *name = "mot15", *pos[1];
    uint64_t         frames = 0;
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

/* ocellus eval mot: scores of trackers by TrackEval's definitions. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/eval.h"
#include "cli/eval_data.h"
#include "cli/eval_mot.h"
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

/* Without the brace at its end.  name: of a sequence among several; else NULL. */
static void print_json(const oc_mot_scores *s, const char *name)
{
    figure f[FIGURES_MAX];
    size_t n = figures(s, f);
    printf("{");
    if (name) {
        printf("\"name\":");
        cli_json_text(stdout, name);
    }
    for (size_t i = 0; i < n; i++)
        printf(f[i].whole ? "%s\"%s\":%.0f" : "%s\"%s\":%.9f", i || name ? "," : "", f[i].name,
               f[i].value);
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

void cli_mot_print(const oc_mot_scores *each, size_t n, const char *const *names, bool json)
{
    if (!json) {
        print_table(each, n, names);
        return;
    }
    if (n == 1) {
        print_json(&each[0], NULL);
        cli_eval_data_end();
        return;
    }
    printf("{\"combined\":");
    print_json(&each[n], NULL);
    printf("},\"sequences\":[");
    for (size_t i = 0; i < n; i++) {
        printf("%s", i ? "," : "");
        print_json(&each[i], names[i]);
        printf("}");
    }
    printf("]");
    cli_eval_data_end();
}

typedef struct job {
    const cli_texts *gt, *dt;
    oc_mot_benchmark benchmark;
    int64_t          frames;
    oc_mot_rows      truth[CLI_MOT_SEQUENCES_MAX], result[CLI_MOT_SEQUENCES_MAX];
} job;

static oc_status read_all(job *j, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < j->gt->n && st == OC_OK; i++)
        if ((st = oc_mot_read_as(j->gt->item[i], j->benchmark, true, &j->truth[i], err)) == OC_OK)
            st = oc_mot_read_as(j->dt->item[i], j->benchmark, false, &j->result[i], err);
    return st;
}

static oc_status score_all(const job *j, bool json, oc_error *err)
{
    const size_t   n = j->gt->n;
    oc_mot_scores *each = calloc(n + 1, sizeof(*each));
    oc_status      st = each ? OC_OK : OC_FAIL(err, OC_NOMEM, "scores");
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        st = oc_mot_score(&j->truth[i], &j->result[i], j->benchmark, j->frames, &each[i], err);
        if (st != OC_OK)
            oc_error_prefix(err, "%s against %s", j->dt->item[i], j->gt->item[i]);
    }
    if (st == OC_OK) {
        oc_mot_combine(each, n, &each[n]);
        cli_mot_print(each, n, j->gt->item, json);
    }
    free(each);
    return st;
}

static oc_status compare(const job *j, const cli_compare *options, const cli_texts *pictures,
                         size_t block, bool json, oc_error *err)
{
    const char     *file[CLI_MOT_SEQUENCES_MAX];
    cli_mot_compare c = {.name = j->gt->item,
                         .file = file,
                         .truth = j->truth,
                         .result = j->result,
                         .n = j->gt->n,
                         .benchmark = j->benchmark,
                         .frames = j->frames,
                         .block = block,
                         .pictures = pictures};
    for (size_t i = 0; i < j->gt->n; i++) {
        const char *slash = strrchr(j->dt->item[i], '/');
        file[i] = slash ? slash + 1 : j->dt->item[i];
    }
    return cli_mot_compare_report(&c, options, json, err);
}

int cli_eval_mot(int argc, char **argv)
{
    cli_texts        gt = {0}, dt = {0}, pictures = {0};
    const char      *name = "mot15", *pos[1];
    uint64_t         frames = 0, block = 30;
    cli_compare      comparing = CLI_COMPARE_DEFAULTS;
    bool             json = false;
    size_t           n_pos;
    oc_mot_benchmark benchmark;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--gt", 'S', &gt, "gt.txt", "truth; several sequences: --gt and --dt once for each"},
        {"--dt", 'S', &dt, "res.txt", "results, in the benchmark's format"},
        {"--benchmark", 's', &name, "NAME",
         "which rows count: mot15, mot16, mot17, mot20, kitti-car, kitti-pedestrian (mot15)"},
        {"--frames", 'u', &frames, "N", "length of the sequence (the last frame of either file)"},
        {"--json", 'f', &json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        CLI_COMPARE_OPTIONS(comparing),
        CLI_MOT_COMPARE_OPTIONS(pictures, block),
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
    if (pictures.n > gt.n)
        return cli_usage("eval", "mot: --images or --video once for each --gt");
    if (cli_eval_data_read(gt.item, gt.n, json, &err) != OC_OK)
        return cli_fail("eval mot", &err);
    job       j = {.gt = &gt, .dt = &dt, .benchmark = benchmark, .frames = (int64_t)frames};
    oc_status st = read_all(&j, &err);
    if (st == OC_OK && cli_compare_wanted(&comparing))
        st = compare(&j, &comparing, &pictures, (size_t)block, json, &err);
    else if (st == OC_OK)
        st = score_all(&j, json, &err);
    for (size_t i = 0; i < gt.n; i++) {
        oc_mot_rows_finish(&j.truth[i]);
        oc_mot_rows_finish(&j.result[i]);
    }
    return st == OC_OK ? CLI_DONE : cli_fail("eval mot", &err);
}

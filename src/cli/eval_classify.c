/* ocellus eval classify: a classifier's figures from a table of its scores. */
#include <math.h>

#include "cli/cli.h"
#include "cli/eval.h"
#include "cli/eval_compare.h"
#include "cli/eval_data.h"
#include "cli/eval_net.h"
#include "eval/classify.h"

static void print_number(const char *key, double v)
{
    if (isfinite(v))
        printf(",\"%s\":%.9f", key, v);
    else
        printf(",\"%s\":null", key);
}

static void print_json(const oc_classify_scores *s, size_t k)
{
    const size_t n = s->n_classes;
    printf("{\"n\":%llu,\"top1\":%.9f,\"top%zu\":%.9f", (unsigned long long)s->n,
           oc_classify_top(s, 1), k, oc_classify_top(s, k));
    print_number("macro_F1", s->macro_f1);
    print_number("weighted_F1", s->weighted_f1);
    print_number("ECE", s->ece);
    print_number("MCE", s->mce);
    print_number("NLL", s->nll);
    printf(",\"classes\":[");
    for (size_t i = 0; i < n; i++) {
        const oc_classify_class *c = &s->cls[i];
        printf("%s{\"name\":", i ? "," : "");
        cli_json_text(stdout, c->name);
        printf(",\"n\":%llu,\"precision\":%.9f,\"recall\":%.9f,\"F1\":%.9f}",
               (unsigned long long)c->n, c->precision, c->recall, c->f1);
    }
    printf("],\"confusion\":[");
    for (size_t i = 0; i < n; i++) {
        printf("%s[", i ? "," : "");
        for (size_t j = 0; j < n; j++)
            printf("%s%llu", j ? "," : "", (unsigned long long)s->confusion[i * n + j]);
        printf("]");
    }
    printf("],\"calibration\":[");
    for (size_t i = 0; i < OC_CLASSIFY_BINS; i++)
        printf("%s{\"n\":%llu,\"right\":%llu,\"confidence\":%.9f}", i ? "," : "",
               (unsigned long long)s->bin[i].n, (unsigned long long)s->bin[i].right,
               s->bin[i].n ? s->bin[i].confidence / (double)s->bin[i].n : 0);
    printf("]");
    cli_eval_data_end();
}

/* What is most often taken for what else. */
static void print_mistakes(const oc_classify_scores *s)
{
    const size_t n = s->n_classes;
    uint64_t     under = UINT64_MAX;
    size_t       from = 0;
    printf("\nmost frequent mistakes\n");
    for (int shown = 0; shown < 10; shown++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < n * n; i++) {
            uint64_t v = s->confusion[i];
            bool     open = v < under || (v == under && i >= from);
            if (i / n != i % n && v > 0 && open && (best == SIZE_MAX || v > s->confusion[best]))
                best = i;
        }
        if (best == SIZE_MAX)
            break;
        under = s->confusion[best];
        from = best + 1;
        printf("%6llu  %s taken for %s\n", (unsigned long long)under, s->cls[best / n].name,
               s->cls[best % n].name);
    }
}

static void print_table(const oc_classify_scores *s, size_t k, bool each)
{
    printf("%-12s %llu\n%-12s %.4f\ntop %-8zu %.4f\n%-12s %.4f\n%-12s %.4f\n", "rows",
           (unsigned long long)s->n, "top 1", oc_classify_top(s, 1), k, oc_classify_top(s, k),
           "macro F1", s->macro_f1, "weighted F1", s->weighted_f1);
    if (isnan(s->ece))
        printf("%-12s undefined: the scores are not probabilities (logits: --softmax)\n",
               "calibration");
    else
        printf("%-12s %.4f\n%-12s %.4f\n%-12s %.4f\n", "ECE", s->ece, "MCE", s->mce, "NLL", s->nll);
    if (!each)
        return;
    printf("\n%-28s %7s %9s %7s %7s\n", "class", "rows", "precision", "recall", "F1");
    for (size_t i = 0; i < s->n_classes; i++)
        printf("%-28s %7llu %9.4f %7.4f %7.4f\n", s->cls[i].name, (unsigned long long)s->cls[i].n,
               s->cls[i].precision, s->cls[i].recall, s->cls[i].f1);
    print_mistakes(s);
}

static oc_status take(void *ctx, const cli_picture *p, const oc_frame *frame, const oc_result *r,
                      oc_error *err)
{
    uint32_t cls[1000];
    float    score[1000];
    size_t   n = r->n_classes < 1000 ? r->n_classes : 1000;
    (void)frame;
    for (size_t i = 0; i < n; i++) {
        cls[i] = r->classes[i].label;
        score[i] = r->classes[i].score;
    }
    return oc_classify_add(ctx, p->path, p->label, cls, score, n, err);
}

/* The network's best classes of every picture; the card says how many. */
static oc_status run_network(cli_eval_net *net, const char *from, oc_classify_scores *out,
                             oc_error *err)
{
    cli_pictures       pictures = {0};
    oc_classify_table *table = NULL;
    oc_status          st = cli_eval_pictures(from, &pictures, err);
    if (st == OC_OK && (st = cli_eval_net_open(net, OC_HEAD_CLASS, 0, err)) == OC_OK) {
        const oc_card *card = oc_net_card(net->net);
        st = card->labels ? oc_classify_open(card->labels, card->n_labels, &table, err)
                          : OC_FAIL(err, OC_INVALID, "%s: the card has no labels", card->name);
    }
    if (st == OC_OK)
        st = cli_eval_net_run(net, &pictures, take, table, err);
    if (table && st == OC_OK)
        st = oc_classify_close(table, out, err);
    else if (table)
        (void)oc_classify_close(table, NULL, NULL);
    cli_pictures_finish(&pictures);
    return st;
}

/* ---- comparing ---- */

typedef struct drawing {
    const oc_classify_scores *own;
    oc_classify_scores        other;
    size_t                    k;
    bool                      softmax;
    oc_classify_scores        rerun; /* of a run that is only looked at: until the next */
} drawing;

static oc_status make_run(void *ctx, const char *path, bool first, oc_compare_run *out,
                          oc_error *err)
{
    drawing            *d = ctx;
    oc_classify_scores *s = first ? &d->other : &d->rerun;
    oc_classify_scores_finish(s);
    oc_status st = oc_classify_score(path, d->softmax, s, err);
    return st == OC_OK ? oc_compare_classify(s, d->k, out, err) : st;
}

static void draw_side(oc_page *page, const oc_classify_scores *s, size_t row, const char *side,
                      const char *file)
{
    char                   text[512];
    const oc_classify_row *r = &s->row[row];
    snprintf(text, sizeof(text), "%s: %.120s taken for %.120s (%.2f), rank %u", side,
             s->cls[r->truth].name, s->cls[r->predicted].name, r->confidence, r->rank + 1);
    oc_sheet_picture(page, file, text);
}

static void draw_row(void *ctx, oc_page *page, const oc_compare_run *own, size_t unit)
{
    drawing *d = ctx;
    draw_side(page, &d->other, unit, "other", own->unit[unit]);
    draw_side(page, d->own, unit, "this", own->unit[unit]);
}

static oc_status compare(const cli_compare *c, const oc_classify_scores *s, size_t k, bool softmax,
                         bool json, oc_error *err)
{
    drawing          d = {.own = s, .k = k, .softmax = softmax};
    cli_compare_kind kind = {.ctx = &d, .make = make_run, .draw = draw_row};
    oc_compare_run   own = {.n_units = 0};
    oc_status        st = oc_compare_classify(s, k, &own, err);
    if (st == OC_OK)
        st = cli_compare_report(c, &kind, &own, 0, json, err);
    oc_compare_run_finish(&own);
    oc_classify_scores_finish(&d.other);
    oc_classify_scores_finish(&d.rerun);
    return st;
}

int cli_eval_classify(int argc, char **argv)
{
    const char        *csv = NULL, *pictures = NULL, *pos[1];
    cli_eval_net       net = {.card = NULL};
    cli_compare        comparing = CLI_COMPARE_DEFAULTS;
    bool               softmax = false, each = false, json = false;
    uint64_t           k = 5;
    size_t             n_pos;
    oc_classify_scores s = {.n = 0};
    oc_error           err = {0};
    const cli_option   options[] = {
          {"--scores", 's', &csv, "F.csv", "columns label and one for each class"},
          {"--softmax", 'f', &softmax, NULL, "the scores are logits"},
          CLI_EVAL_NET_OPTIONS(net),
          {"--images", 's', &pictures, "F.csv|DIR", "pictures with labels, for the network"},
          {"--top", 'u', &k, "K", "right when among the best K (5)"},
          {"--per-class", 'f', &each, NULL, "a line per class and the frequent mistakes too"},
          {"--json", 'f', &json, NULL, "one JSON document on stdout"},
          CLI_EVAL_DATA_OPTIONS,
          CLI_COMPARE_OPTIONS(comparing),
          {0}};
    const cli_command command = {"eval classify",
                                 "--scores F.csv | --card CARD --images F.csv|DIR",
                                 "Scores a classifier from a table of its outputs, or runs it.",
                                 options,
                                 0,
                                 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!csv == !cli_eval_net_given(&net) || !csv == !pictures)
        return cli_usage("eval",
                         "classify: either --scores, or --card or --pipeline with --images");
    if (k < 1)
        return cli_usage("eval", "classify: --top is at least 1");
    const char *truth = csv ? csv : pictures;
    if (cli_eval_data_read(&truth, 1, json, &err) != OC_OK)
        return cli_fail("eval classify", &err);
    oc_status st =
        csv ? oc_classify_score(csv, softmax, &s, &err) : run_network(&net, pictures, &s, &err);
    cli_eval_net_close(&net);
    if (st != OC_OK)
        return cli_fail("eval classify", &err);
    if (cli_compare_wanted(&comparing))
        st = compare(&comparing, &s, (size_t)k, softmax, json, &err);
    else if (json)
        print_json(&s, (size_t)k);
    else
        print_table(&s, (size_t)k, each);
    oc_classify_scores_finish(&s);
    return st == OC_OK ? CLI_DONE : cli_fail("eval classify", &err);
}

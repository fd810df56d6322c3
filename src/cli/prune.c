/* ocellus prune: a network with fewer channels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/download.h"
#include "cli/quantize_metric.h"
#include "quant/prepare.h"
#include "quant/prune.h"
#include "quant/score.h"
#include "vision/store.h"

#define RATIOS_MAX 16

typedef struct wanted {
    const char  *model, *calibration, *card, *out, *by, *ratios_text;
    double       ratio[RATIOS_MAX];
    size_t       n_ratios;
    uint64_t     samples, threads, align;
    bool         json;
    q_importance how;
    cli_metric   metric;
} wanted;

typedef struct pruning {
    const wanted *w;
    oc_doc       *doc;
    q_index       index;
    q_channels    channels;
    oc_model     *model;
    q_samples    *samples;
    q_reference  *reference;
    oc_pool      *pool;
    oc_card      *card;
    double        metric; /* of the whole network; NaN */
} pruning;

typedef struct outcome {
    double  ratio;
    size_t  gone, weight_bytes;
    q_score score;
    double  metric;
} outcome;

static size_t weight_bytes(const oc_doc *doc)
{
    size_t sum = 0, n;
    for (size_t i = 0; i < doc->n_tensors; i++)
        if (!doc->tensors[i].dead && oc_tensor_bytes(&doc->tensors[i].view.info, &n))
            sum += n;
    return sum;
}

static oc_status judge(pruning *p, const oc_doc *doc, outcome *o, oc_error *err)
{
    oc_status st = q_reference_score(p->reference, doc, &o->score, err);
    o->metric = NAN;
    o->weight_bytes = weight_bytes(doc);
    if (st == OC_OK && p->w->metric.name)
        st = cli_metric_value((void *)(uintptr_t)&p->w->metric, doc, 0, &o->metric, err);
    return st;
}

static void print(const pruning *p, const outcome *o, bool first)
{
    const size_t before = weight_bytes(p->doc);
    const double left = before ? (double)o->weight_bytes / (double)before : 0;
    if (p->w->json) {
        printf("%s{\"ratio\":%g,\"channels_gone\":%zu,\"weight_bytes\":%zu,\"weights_left\":%.6f,"
               "\"sqnr_db\":%.4f",
               first ? "" : ",", o->ratio, o->gone, o->weight_bytes, left, o->score.sqnr_db);
        if (p->w->metric.name)
            printf(",\"metric\":%.9f", o->metric);
        printf("}");
        return;
    }
    printf("%6.3f  %8zu  %12zu  %6.4f  %10.2f", o->ratio, o->gone, o->weight_bytes, left,
           o->score.sqnr_db);
    if (p->w->metric.name)
        printf("  %8.4f", o->metric);
    printf("\n");
}

static oc_status try_ratio(pruning *p, size_t at, oc_error *err)
{
    outcome   o = {.ratio = p->w->ratio[at]};
    oc_doc   *doc = NULL;
    oc_status st = q_channels_choose(&p->channels, o.ratio, p->w->align, &o.gone, err);
    if (st == OC_OK)
        st = q_channels_remove(&p->index, &p->channels, &doc, err);
    if (st == OC_OK && (st = judge(p, doc, &o, err)) == OC_OK)
        print(p, &o, at == 0);
    if (st == OC_OK && at + 1 == p->w->n_ratios && p->w->out)
        st = oc_doc_save(doc, p->w->out, err);
    oc_doc_destroy(doc);
    return st;
}

static oc_status open_metric(wanted *w, pruning *p, oc_error *err)
{
    if (!w->metric.images)
        return OC_OK;
    if (!p->card)
        return OC_FAIL(err, OC_INVALID, "--images needs a card");
    w->metric.card = w->card;
    w->metric.pool = p->pool;
    return cli_metric_open(&w->metric, p->card, w->out ? w->out : w->model, err);
}

static oc_status open_parts(wanted *w, pruning *p, oc_error *err)
{
    const oc_port *ports;
    oc_status      st = OC_OK;
    if (w->card && (st = oc_store_card(w->card, &p->card, err)) != OC_OK)
        return st;
    if ((st = oc_pool_create((unsigned)w->threads, &p->pool, err)) != OC_OK ||
        (st = oc_model_load(w->model, &p->model, err)) != OC_OK ||
        (st = oc_doc_open(w->model, &p->doc, err)) != OC_OK ||
        (st = q_tidy(p->doc, err)) != OC_OK ||
        (st = q_index_build(p->doc, &p->index, err)) != OC_OK)
        return st;
    if ((st = q_channels_find(&p->index, &p->channels, err)) != OC_OK) {
        oc_error_prefix(err, "%s", w->model);
        return st;
    }
    const size_t n = oc_model_inputs(p->model, &ports);
    if ((st = q_samples_open(w->calibration, p->card, ports, n, w->samples, &p->samples, err)) !=
        OC_OK)
        return st;
    return open_metric(w, p, err);
}

static void print_head(const pruning *p)
{
    if (p->w->json) {
        printf("{\"channels\":%zu,\"free\":%zu,\"weight_bytes\":%zu", p->channels.n_units,
               p->channels.n_free, weight_bytes(p->doc));
        if (p->w->metric.name)
            printf(",\"metric\":\"%s\",\"value\":%.9f", p->w->metric.name, p->metric);
        printf(",\"ratios\":[");
        return;
    }
    printf("%zu channels, %zu of them may go\n", p->channels.n_units, p->channels.n_free);
    if (p->w->metric.name)
        printf("%s of the whole network: %.4f\n", p->w->metric.name, p->metric);
    printf(" ratio      gone       weights    left  outputs dB%s%s\n",
           p->w->metric.name ? "  " : "", p->w->metric.name ? p->w->metric.name : "");
}

static oc_status prune(wanted *w, oc_error *err)
{
    pruning   p = {.w = w, .metric = NAN};
    oc_status st = open_parts(w, &p, err);
    if (st == OC_OK)
        st = q_channels_weigh(&p.index, &p.channels, w->how, p.samples, p.pool, err);
    if (st == OC_OK)
        st = q_reference_create(p.doc, p.samples, 0, p.pool, &p.reference, err);
    if (st == OC_OK && w->metric.name)
        st = cli_metric_value(&w->metric, p.doc, 0, &p.metric, err);
    if (st == OC_OK)
        print_head(&p);
    for (size_t i = 0; i < w->n_ratios && st == OC_OK; i++)
        st = try_ratio(&p, i, err);
    if (st == OC_OK && w->json)
        printf("]}\n");
    cli_metric_close(&w->metric);
    q_reference_destroy(p.reference);
    q_samples_close(p.samples);
    q_channels_finish(&p.channels, p.index.n);
    q_index_finish(&p.index);
    oc_doc_destroy(p.doc);
    oc_model_unref(p.model);
    oc_card_destroy(p.card);
    oc_pool_destroy(p.pool);
    return st;
}

/* "0.1,0.2,0.3", ascending or not. */
static bool parse_ratios(wanted *w)
{
    const char *at = w->ratios_text;
    for (;;) {
        char  *end;
        double v = strtod(at, &end);
        if (end == at || !(v > 0 && v < 1) || w->n_ratios == RATIOS_MAX)
            return false;
        w->ratio[w->n_ratios++] = v;
        if (*end == 0)
            return true;
        if (*end != ',')
            return false;
        at = end + 1;
    }
}

int oc_cmd_prune(int argc, char **argv);

int oc_cmd_prune(int argc, char **argv)
{
    wanted           w = {.by = "change", .samples = 32, .align = 8};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--calibration", 's', &w.calibration, "DIR", "pictures (with --card) or .npy tensors"},
        {"--card", 's', &w.card, "CARD", "how pictures become the network's input"},
        {"--ratios", 's', &w.ratios_text, "R,R,...",
         "shares of channels to take out; the last is written"},
        {"-o", 's', &w.out, "OUT.onnx", "where the network goes (default: only the table)"},
        {"--by", 's', &w.by, "HOW", "change (what the next layers lose; default) or norm"},
        {"--align", 'u', &w.align, "N", "layers keep a multiple of N channels (8)"},
        {"--samples", 'u', &w.samples, "N", "at most so many, spread evenly (32; 0: all)"},
        {"--images", 's', &w.metric.images, "DIR", "pictures for AP or top-1 of each ratio"},
        {"--gt", 's', &w.metric.gt, "G.json", "their truth, for detectors (COCO annotations)"},
        {"--threads", 'u', &w.threads, "N", "workers (one per processor)"},
        {"--json", 'f', &w.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {
        "prune",
        "MODEL --calibration DIR [--card CARD] --ratios R,... [-o OUT.onnx]",
        "Takes the channels out of a network that matter least.",
        options,
        1,
        1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    w.model = pos[0];
    if (!w.calibration || !w.ratios_text)
        return cli_usage("prune", "--calibration and --ratios are needed");
    if (!parse_ratios(&w))
        return cli_usage("prune", "--ratios: at most %d numbers between 0 and 1: '%s'", RATIOS_MAX,
                         w.ratios_text);
    if (strcmp(w.by, "norm") != 0 && strcmp(w.by, "change") != 0)
        return cli_usage("prune", "--by is change or norm");
    if (w.align == 0 || w.align > 64)
        return cli_usage("prune", "--align is between 1 and 64");
    w.how = strcmp(w.by, "norm") == 0 ? Q_BY_NORM : Q_BY_CHANGE;
    cli_catch_interrupt();
    return prune(&w, &err) == OC_OK ? CLI_DONE : cli_fail("prune", &err);
}

/* ocellus quantize: a network in integers, for any runtime that reads ONNX. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/download.h"
#include "cli/quantize_metric.h"
#include "quant/half.h"
#include "quant/report.h"
#include "quant/search.h"
#include "vision/store.h"

typedef struct wanted {
    const char *model, *calibration, *card, *out, *method, *format, *report, *drop, *bits;
    double      percentile, float_max;
    uint64_t    samples, threads, weight_bits, measure, pictures, sensitivity;
    bool        symmetric, json, layers, equalize, correct_bias, round;
    cli_texts   keep; /* layers that stay float */
    cli_metric  metric;
    q_budget    budget;
} wanted;

static bool go_on(void *ctx, const char *what, size_t done, size_t n)
{
    (void)ctx;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K  %s: %zu/%zu", what, done, n);
    return !cli_was_interrupted();
}

static size_t file_bytes(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 ? (size_t)s.st_size : 0;
}

static double ratio(size_t a, size_t b)
{
    return b ? (double)a / (double)b : 0;
}

static void print_budget(const wanted *w, const q_search *s)
{
    if (!s->n)
        return;
    printf("outputs: %.2f dB with all layers in integers, %.2f dB as written\n",
           s->all.score.sqnr_db, s->best.score.sqnr_db);
    if (w->metric.name)
        printf("%s: %.4f in float, %.4f with all layers in integers, %.4f as written\n",
               w->metric.name, s->float_metric, s->all.metric, s->best.metric);
    if (s->stopped)
        printf("the budget is not met: %s; the best point found is written\n", s->stopped);
    if (s->no_wide)
        puts("no layer has activations of 16 bits: the file cannot be raised to opset 21");
}

static void print_text(const wanted *w, const q_network *n, const q_search *s)
{
    const q_bytes b = q_network_bytes(n);
    const size_t  before = file_bytes(w->model), after = file_bytes(w->out);
    printf("%s: %zu layers in integers, %zu in float", w->out, b.n_integer, b.n_float);
    if (b.n_wide)
        printf("; %zu with activations of 16 bits (opset 21)", b.n_wide);
    putchar('\n');
    printf("weights in integers: %zu bytes, %.4f of their float32; left in float: %zu bytes\n",
           b.quantised, ratio(b.quantised, b.quantised_float), b.left);
    printf("file: %zu bytes, %.4f of the original\n", after, ratio(after, before));
    print_budget(w, s);
    for (uint32_t l = 0; l < n->place.n_layers; l++) {
        const char *reason = q_network_reason(n, l);
        if (reason)
            printf("  float: %s, %zu bytes: %s\n", n->place.layers[l].name,
                   n->place.layers[l].weight_bytes, reason);
    }
    for (size_t i = 0; i < n->n_others; i++)
        printf("  float: %zu %s: no integer form\n", n->others[i].count, n->others[i].op);
}

/* Layers named by --keep-float. */
static oc_status keep_float(const wanted *w, q_network *n, oc_error *err)
{
    for (size_t i = 0; i < w->keep.n; i++) {
        bool found = false;
        for (uint32_t l = 0; l < n->place.n_layers; l++) {
            if (strcmp(n->place.layers[l].name, w->keep.item[i]) == 0) {
                const uint32_t at = n->place.layers[l].node;
                found = true;
                if (!n->place.nodes[at].reason)
                    n->place.nodes[at].reason = "asked for (--keep-float)";
            }
        }
        if (!found)
            return OC_FAIL(err, OC_INVALID, "--keep-float: no layer is called '%.80s'",
                           w->keep.item[i]);
    }
    return OC_OK;
}

static oc_status search(wanted *w, q_network *n, const oc_card *card, q_search *s, oc_error *err)
{
    oc_status st = OC_OK;
    if (w->metric.images) {
        if (!card)
            return OC_FAIL(err, OC_INVALID, "--images needs a card");
        w->metric.card = w->card;
        w->metric.pool = n->options->pool;
        if ((st = cli_metric_open(&w->metric, card, w->out, err)) != OC_OK)
            return st;
        w->budget.metric = cli_metric_value;
        w->budget.metric_ctx = &w->metric;
        w->budget.pictures = cli_metric_pictures(&w->metric);
    }
    if (w->budget.max_drop > 0 || w->layers || w->metric.images || w->report)
        st = q_search_run(n, &w->budget, s, err);
    cli_metric_close(&w->metric);
    return st;
}

static oc_status finish(const wanted *w, q_network *n, const q_search *s, oc_error *err)
{
    oc_doc         *doc = NULL;
    const q_summary summary = {.network = n,
                               .search = s->n ? s : NULL,
                               .model = w->model,
                               .out = w->out,
                               .metric = w->metric.name,
                               .max_drop = w->budget.max_drop};
    oc_status       st = q_network_emit(n, &doc, err);
    if (st == OC_OK)
        st = oc_doc_save(doc, w->out, err);
    if (st == OC_OK && w->report)
        st = q_report_html(&summary, w->report, err);
    if (st == OC_OK && w->json)
        st = q_report_json(&summary, stdout, err);
    else if (st == OC_OK)
        print_text(w, n, s);
    oc_doc_destroy(doc);
    return st;
}

static oc_status quantize(wanted *w, const q_options *options, bool *met, oc_error *err)
{
    q_network *n = NULL;
    oc_card   *card = NULL;
    q_search   s = {0};
    oc_status  st = w->card ? oc_store_card(w->card, &card, err) : OC_OK;
    if (st == OC_OK && (st = q_network_open(w->model, options, &n, err)) == OC_OK &&
        (st = keep_float(w, n, err)) == OC_OK &&
        (st = q_network_calibrate(n, w->calibration, card, err)) == OC_OK &&
        (st = search(w, n, card, &s, err)) == OC_OK)
        st = finish(w, n, &s, err);
    *met = s.stopped == NULL;
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    q_search_finish(&s);
    q_network_close(n);
    oc_card_destroy(card);
    return st;
}

static oc_status halve(const wanted *w, oc_error *err)
{
    q_halved  h = {0};
    oc_status st = q_halve_file(w->model, w->out, &h, err);
    if (st != OC_OK)
        return st;
    const size_t before = file_bytes(w->model), after = file_bytes(w->out);
    if (w->json)
        printf(
            "{\"format\":\"fp16\",\"tensors\":%zu,\"clipped\":%zu,\"bytes\":%zu,\"ratio\":%.6f}\n",
            h.tensors, h.left, after, ratio(after, before));
    else
        printf(
            "%s: %zu tensors in float16, %zu bytes, %.4f of the original; %zu left as they are\n",
            w->out, h.tensors, after, ratio(after, before), h.left);
    return OC_OK;
}

/* "1%" or "0.01". */
static bool parse_share(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (end == text)
        return false;
    if (*end == '%') {
        *out /= 100;
        end++;
    }
    return *end == 0 && *out > 0 && *out < 1;
}

static int check(wanted *w, q_options *o)
{
    if (!w->out)
        return cli_usage("quantize", "-o is needed");
    if (strcmp(w->format, "int8") != 0 && strcmp(w->format, "fp16") != 0)
        return cli_usage("quantize", "--format is int8 or fp16");
    if (strcmp(w->format, "fp16") == 0)
        return -1;
    if (!w->calibration)
        return cli_usage("quantize", "--calibration is needed");
    if (!q_method_parse(w->method, &o->range.method))
        return cli_usage("quantize", "--method: no such method: '%s'", w->method);
    if (!(w->percentile > 50 && w->percentile <= 100))
        return cli_usage("quantize", "--percentile is above 50, at most 100");
    if (w->weight_bits != 7 && w->weight_bits != 8)
        return cli_usage("quantize", "--weight-bits is 7 or 8");
    if (strcmp(w->bits, "auto") != 0 && strcmp(w->bits, "8") != 0 && strcmp(w->bits, "16") != 0)
        return cli_usage("quantize", "--activation-bits is 8, 16 or auto: '%s'", w->bits);
    if (w->drop && !parse_share(w->drop, &w->budget.max_drop))
        return cli_usage("quantize", "--max-drop is a share such as 1%% or 0.01: '%s'", w->drop);
    if (!(w->float_max > 0 && w->float_max <= 1))
        return cli_usage("quantize", "--float-max is above 0, at most 1");
    if (w->metric.gt && !w->metric.images)
        return cli_usage("quantize", "--gt needs --images");
    return -1;
}

int oc_cmd_quantize(int argc, char **argv);

int oc_cmd_quantize(int argc, char **argv)
{
    wanted           w = {.method = "mse",
                          .format = "int8",
                          .percentile = 99.99,
                          .bits = "auto",
                          .weight_bits = 8,
                          .float_max = 0.25,
                          .samples = 128,
                          .sensitivity = 8};
    q_options        o = {.progress = go_on};
    const char      *pos[1];
    size_t           n_pos;
    bool             met = true;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--calibration", 's', &w.calibration, "DIR", "pictures (with --card) or .npy tensors"},
        {"--card", 's', &w.card, "CARD", "how pictures become the network's input"},
        {"-o", 's', &w.out, "OUT.onnx", "where the network goes"},
        {"--format", 's', &w.format, "F",
         "int8 (default), or fp16: weights alone, in half the bytes"},
        {"--method", 's', &w.method, "NAME",
         "ranges: minmax, average, percentile, entropy, mse (default), auto"},
        {"--percentile", 'd', &w.percentile, "P", "with it: what stays inside (99.99)"},
        {"--samples", 'u', &w.samples, "N", "at most so many, spread evenly (128; 0: all)"},
        {"--activation-bits", 's', &w.bits, "N",
         "8, 16 (opset 21), or auto: 8, and 16 for layers that a budget asks it for"},
        {"--symmetric", 'f', &w.symmetric, NULL, "activations signed, without zero point"},
        {"--weight-bits", 'u', &w.weight_bits, "N", "8, or 7 where 16-bit sums could overflow"},
        {"--equalize", 'f', &w.equalize, NULL, "ranges of channels evened out across layers"},
        {"--correct-bias", 'f', &w.correct_bias, NULL, "biases take up what rounding shifts"},
        {"--round", 'f', &w.round, NULL, "weights rounded so that each layer's result is nearest"},
        {"--keep-float", 'S', &w.keep, "LAYER", "a layer that stays float"},
        {"--max-drop", 's', &w.drop, "P",
         "budget, as 1%: of AP or top-1 with --images, else noise in the outputs"},
        {"--images", 's', &w.metric.images, "DIR", "pictures the budget is judged on"},
        {"--gt", 's', &w.metric.gt, "G.json", "their truth, for detectors (COCO annotations)"},
        {"--float-max", 'd', &w.float_max, "S", "share of weight bytes that may stay float (0.25)"},
        {"--layers", 'f', &w.layers, NULL, "measure every layer's own loss, budget or not"},
        {"--measure", 'u', &w.measure, "N",
         "with --images: the N worst layers are measured on the metric, too (0: all)"},
        {"--measure-pictures", 'u', &w.pictures, "N",
         "each over so many pictures (0: 4096 runs for all layers together, 16 at least)"},
        {"--sensitivity-samples", 'u', &w.sensitivity, "N", "for layers' own loss (8; 0: all)"},
        {"--report", 's', &w.report, "F.html", "a page: layers ranked, ranges, reasons"},
        {"--threads", 'u', &w.threads, "N", "workers (one per processor)"},
        {"--json", 'f', &w.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {
        "quantize",
        "MODEL --calibration DIR [--card CARD] -o OUT.onnx",
        "Writes a network in integers (ONNX QDQ): exit 1 where the budget is not met.",
        options,
        1,
        1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if ((e = check(&w, &o)) >= 0)
        return e;
    w.model = pos[0];
    o.range.percentile = w.percentile;
    o.samples = w.samples;
    o.equalize = w.equalize;
    o.correct_bias = w.correct_bias;
    o.round = w.round;
    o.format = (q_format){.symmetric = w.symmetric,
                          .wide = strcmp(w.bits, "16") == 0,
                          .weight_bits = (unsigned)w.weight_bits};
    w.budget.bytes_only = strcmp(w.bits, "8") == 0;
    w.budget.part = w.pictures;
    w.budget.float_max = w.float_max;
    w.budget.measure = w.measure;
    w.budget.samples = w.sensitivity;
    w.budget.tries = 12;
    cli_catch_interrupt();
    oc_status st = oc_pool_create((unsigned)w.threads, &o.pool, &err);
    if (st == OC_OK)
        st = strcmp(w.format, "fp16") == 0 ? halve(&w, &err) : quantize(&w, &o, &met, &err);
    oc_pool_destroy(o.pool);
    return st != OC_OK ? cli_fail("quantize", &err) : met ? CLI_DONE : CLI_FAILED;
}

/* ocellus quantize: a network in integers, for any runtime that reads ONNX. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/download.h"
#include "quant/network.h"
#include "vision/store.h"

typedef struct wanted {
    const char *model, *calibration, *card, *out, *method;
    double      percentile;
    uint64_t    samples, threads, bits, weight_bits;
    bool        symmetric, json;
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

static void print_text(const wanted *w, const q_network *n)
{
    const q_bytes b = q_network_bytes(n);
    const size_t  before = file_bytes(w->model), after = file_bytes(w->out);
    printf("%s: %zu layers in integers, %zu in float\n", w->out, b.n_integer, b.n_float);
    printf("weights in integers: %zu bytes, %.3f of their float32; left in float: %zu bytes\n",
           b.quantised, b.quantised_float ? (double)b.quantised / (double)b.quantised_float : 0,
           b.left);
    printf("file: %zu bytes, %.3f of the original\n", after,
           before ? (double)after / (double)before : 0);
    for (uint32_t l = 0; l < n->place.n_layers; l++) {
        const char *reason = q_network_reason(n, l);
        if (reason)
            printf("  float: %s, %zu bytes: %s\n", n->place.layers[l].name,
                   n->place.layers[l].weight_bytes, reason);
    }
}

static oc_status quantize(const wanted *w, const q_options *options, oc_error *err)
{
    q_network *n = NULL;
    oc_card   *card = NULL;
    oc_doc    *doc = NULL;
    oc_status  st = w->card ? oc_store_card(w->card, &card, err) : OC_OK;
    if (st == OC_OK && (st = q_network_open(w->model, options, &n, err)) == OC_OK &&
        (st = q_network_calibrate(n, w->calibration, card, err)) == OC_OK &&
        (st = q_network_emit(n, &doc, err)) == OC_OK &&
        (st = oc_doc_save(doc, w->out, err)) == OC_OK)
        print_text(w, n);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    oc_doc_destroy(doc);
    q_network_close(n);
    oc_card_destroy(card);
    return st;
}

int oc_cmd_quantize(int argc, char **argv);

int oc_cmd_quantize(int argc, char **argv)
{
    wanted           w = {.method = "mse", .percentile = 99.99, .bits = 8, .weight_bits = 8};
    q_options        o = {.progress = go_on};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--calibration", 's', &w.calibration, "DIR", "pictures (with --card) or .npy tensors"},
        {"--card", 's', &w.card, "CARD", "how pictures become the network's input"},
        {"-o", 's', &w.out, "OUT.onnx", "where the network goes"},
        {"--method", 's', &w.method, "NAME",
         "ranges: minmax, average, percentile, entropy, mse (default), auto"},
        {"--percentile", 'd', &w.percentile, "P", "with it: what stays inside (99.99)"},
        {"--samples", 'u', &w.samples, "N", "at most so many, spread evenly (default: all)"},
        {"--symmetric", 'f', &w.symmetric, NULL, "activations int8 without zero point"},
        {"--weight-bits", 'u', &w.weight_bits, "N", "8, or 7 where 16-bit sums could overflow"},
        {"--threads", 'u', &w.threads, "N", "workers (one per processor)"},
        {"--json", 'f', &w.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {"quantize",
                                 "MODEL --calibration DIR [--card CARD] -o OUT.onnx",
                                 "Writes a network in integers (ONNX QDQ).",
                                 options,
                                 1,
                                 1};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    w.model = pos[0];
    if (!w.calibration || !w.out)
        return cli_usage("quantize", "--calibration and -o are needed");
    if (!q_method_parse(w.method, &o.range.method))
        return cli_usage("quantize", "--method: no such method: '%s'", w.method);
    if (!(w.percentile > 50 && w.percentile <= 100))
        return cli_usage("quantize", "--percentile is above 50, at most 100");
    if (w.weight_bits != 7 && w.weight_bits != 8)
        return cli_usage("quantize", "--weight-bits is 7 or 8");
    o.range.percentile = w.percentile;
    o.samples = w.samples;
    o.format =
        (q_format){.bits = 8, .symmetric = w.symmetric, .weight_bits = (unsigned)w.weight_bits};
    cli_catch_interrupt();
    oc_status st = oc_pool_create((unsigned)w.threads, &o.pool, &err);
    if (st == OC_OK)
        st = quantize(&w, &o, &err);
    oc_pool_destroy(o.pool);
    return st == OC_OK ? CLI_DONE : cli_fail("quantize", &err);
}

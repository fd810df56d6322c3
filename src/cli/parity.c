/* ocellus parity: a network's or pipeline's way through this program beside a reference's. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/process.h"
#include "eval/parity.h"

#define TRACKS_SECONDS 86400.0

typedef struct wanted {
    const char         *card, *model, *reference, *isa;
    const char         *pipeline, *source, *tracks;
    uint64_t            threads;
    oc_parity_tolerance tolerance;
    double              hota;
    bool                json, all;
} wanted;

/* The first stage that differs, over all pictures: earlier stages explain later ones. */
static oc_parity_stage first_stage(const oc_parity *p)
{
    oc_parity_stage first = OC_PARITY_STAGES;
    for (size_t i = 0; i < p->n; i++)
        if (!p->line[i].agrees && p->line[i].stage < first)
            first = p->line[i].stage;
    return first;
}

static void print_stage(const oc_parity *p, oc_parity_stage stage, bool all)
{
    size_t n = 0, differing = 0;
    for (size_t i = 0; i < p->n; i++) {
        n += p->line[i].stage == stage;
        differing += p->line[i].stage == stage && !p->line[i].agrees;
    }
    if (n == 0)
        printf("%-8s -        the reference has no files for it\n", oc_parity_stage_name(stage));
    else
        printf("%-8s %-8s %zu of %zu comparisons\n", oc_parity_stage_name(stage),
               differing ? "differs" : "agrees", differing ? differing : n, n);
    for (size_t i = 0; i < p->n; i++) {
        const oc_parity_line *l = &p->line[i];
        if (l->stage == stage && (all || !l->agrees))
            printf("  %s %s%s%s: %s\n", l->agrees ? " " : "!", l->picture, *l->what ? " " : "",
                   l->what, l->detail);
    }
}

static void print_text(const oc_parity *p, bool all)
{
    const oc_parity_stage first = first_stage(p);
    for (int s = 0; s < OC_PARITY_STAGES; s++)
        print_stage(p, (oc_parity_stage)s, all);
    if (first == OC_PARITY_STAGES)
        printf("%zu pictures: every stage agrees\n", p->pictures);
    else
        printf("%zu pictures: the first stage that differs is '%s'\n", p->pictures,
               oc_parity_stage_name(first));
}

static void print_json(const oc_parity *p)
{
    const oc_parity_stage first = first_stage(p);
    printf("{\"pictures\":%zu,\"agrees\":%s,\"first\":", p->pictures,
           p->differing ? "false" : "true");
    if (first == OC_PARITY_STAGES)
        printf("null");
    else
        printf("\"%s\"", oc_parity_stage_name(first));
    printf(",\"comparisons\":[");
    for (size_t i = 0; i < p->n; i++) {
        const oc_parity_line *l = &p->line[i];
        printf("%s{\"picture\":", i ? "," : "");
        cli_json_text(stdout, l->picture);
        printf(",\"stage\":\"%s\",\"what\":", oc_parity_stage_name(l->stage));
        cli_json_text(stdout, l->what);
        printf(",\"agrees\":%s,\"worst\":", l->agrees ? "true" : "false");
        if (isfinite(l->worst))
            printf("%.9g", l->worst);
        else
            printf("null");
        printf(",\"detail\":");
        cli_json_text(stdout, l->detail);
        printf("}");
    }
    printf("]}\n");
}

static oc_status compare_network(const wanted *w, bool *agrees, oc_error *err)
{
    oc_pool             *pool = NULL;
    oc_net              *net = NULL;
    oc_parity            p = {0};
    const oc_net_options no = {.isa = w->isa};
    oc_status            st = oc_pool_create((unsigned)w->threads, &pool, err);
    if (st == OC_OK) {
        oc_net_options with = no;
        with.pool = pool;
        st = oc_net_create(w->card, w->model, &with, &net, err);
    }
    if (st == OC_OK)
        st = oc_parity_run(net, w->reference, &w->tolerance, &p, err);
    if (st == OC_OK) {
        *agrees = p.differing == 0;
        w->json ? print_json(&p) : print_text(&p, w->all);
    }
    oc_parity_finish(&p);
    oc_net_destroy(net);
    oc_pool_destroy(pool);
    return st;
}

/* ---- tracks ---- */

static oc_status capture(const char *const argv[], char **text, oc_error *err)
{
    size_t    n;
    oc_status st = cli_capture(argv, TRACKS_SECONDS, (size_t)64 << 20, text, &n, err);
    if (st != OC_OK)
        oc_error_prefix(err, "ocellus %s", argv[1]);
    return st;
}

static oc_status judge_tracks(const wanted *w, const char *scores, bool *agrees, oc_error *err)
{
    double       hota, mota, switches;
    json_error_t e;
    json_t      *doc = json_loads(scores, 0, &e);
    int bad = json_unpack(doc, "{s:F, s:F, s:F}", "HOTA", &hota, "MOTA", &mota, "IDSW", &switches);
    json_decref(doc);
    if (!doc || bad)
        return OC_FAIL(err, OC_FORMAT, "eval mot printed something else than its figures");
    *agrees = hota >= w->hota;
    if (w->json)
        printf("{\"agrees\":%s,\"first\":%s,\"tracks\":%s}\n", *agrees ? "true" : "false",
               *agrees ? "null" : "\"tracks\"", scores);
    else
        printf("tracks   %-8s HOTA %.4f, at least %.3g; MOTA %.4f, %.0f switches\n",
               *agrees ? "agrees" : "differs", hota, w->hota, mota, switches);
    return OC_OK;
}

/* The pipeline over the video, its tracks scored with the reference's as the truth. */
static oc_status compare_tracks(const wanted *w, bool *agrees, oc_error *err)
{
    char  path[] = "/tmp/ocellus-parity-XXXXXX";
    char *text = NULL;
    int   fd = mkstemp(path);
    if (fd < 0)
        return OC_FAIL(err, OC_IO, "%s: cannot be made", path);
    close(fd);
    const char *const run[] = {"/proc/self/exe",
                               "run",
                               w->pipeline,
                               "--mot",
                               path,
                               "--json",
                               w->source ? "--source" : NULL,
                               w->source,
                               NULL};
    const char *const score[] = {"/proc/self/exe", "eval", "mot",    "--gt", w->tracks,
                                 "--dt",           path,   "--json", NULL};
    oc_status         st = capture(run, &text, err);
    free(text);
    text = NULL;
    if (st == OC_OK && (st = capture(score, &text, err)) == OC_OK)
        st = judge_tracks(w, text, agrees, err);
    free(text);
    unlink(path);
    return st;
}

int oc_cmd_parity(int argc, char **argv);

int oc_cmd_parity(int argc, char **argv)
{
    wanted           w = {.tolerance = OC_PARITY_TOLERANCE_INIT, .hota = 0.95};
    const char      *pos[1];
    size_t           n_pos;
    bool             agrees = false;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--card", 's', &w.card, "CARD", "the network: a card's name or path"},
        {"--model", 's', &w.model, "M.onnx", "the network's file (where `models get` put it)"},
        {"--reference", 's', &w.reference, "DIR", "a folder a picture, see docs/parity.md"},
        {"--decode", 'd', &w.tolerance.decode, "L", "decoded pixels: mean levels apart (1.5)"},
        {"--resize", 'd', &w.tolerance.resize, "L", "resized pixels, tensor: the same (0.75)"},
        {"--outputs", 'd', &w.tolerance.outputs, "X", "outputs: share of the largest (1e-3)"},
        {"--score", 'd', &w.tolerance.score, "X", "boxes' scores (1e-3)"},
        {"--overlap", 'd', &w.tolerance.overlap, "X", "boxes' least overlap (0.99)"},
        {"--found", 'd', &w.tolerance.found, "X", "whole way: least share of partners (0.9)"},
        {"--pipeline", 's', &w.pipeline, "P.yaml", "tracks instead: the pipeline that makes them"},
        {"--source", 's', &w.source, "URL", "with it: the video"},
        {"--tracks", 's', &w.tracks, "R.txt", "with it: the reference's tracks, as MOT's gt.txt"},
        {"--hota", 'd', &w.hota, "X", "with it: the least HOTA of ours against them (0.95)"},
        {"--threads", 'u', &w.threads, "N", "workers (one per processor)"},
        {"--isa", 's', &w.isa, "NAME", "lower the kernels: ref, avx2, ..."},
        {"--all", 'f', &w.all, NULL, "what agrees too"},
        {"--json", 'f', &w.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {
        "parity",
        "--card CARD --reference DIR | --pipeline P.yaml --tracks R.txt",
        "Compares each stage with a reference's and names the first that differs: exit 1.",
        options,
        0,
        0};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    const bool network = w.card && w.reference, tracks = w.pipeline && w.tracks;
    if (network == tracks)
        return cli_usage("parity", "either --card and --reference, or --pipeline and --tracks");
    if (network ? w.pipeline || w.tracks || w.source : w.card || w.reference || w.model)
        return cli_usage("parity", "options of networks and of pipelines do not go together");
    oc_status st = network ? compare_network(&w, &agrees, &err) : compare_tracks(&w, &agrees, &err);
    if (st != OC_OK)
        return cli_fail("parity", &err);
    return agrees ? CLI_DONE : CLI_FAILED;
}

/* ocellus eval track: trackers over given detections, or a pipeline over a video; scores, sweeps. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/download.h"
#include "cli/eval.h"
#include "cli/eval_data.h"
#include "cli/eval_mot.h"
#include "cli/files.h"
#include "eval/track.h"
#include "pipeline/pipeline.h"

typedef struct job {
    cli_texts        sequences, sets, sweeps;
    const char      *detections, *grid, *best, *benchmark_name, *out;
    const char      *pipeline, *source, *gt, *isa;
    uint64_t         threads, shown;
    bool             json;
    oc_mot_benchmark benchmark;
    double           duration_s;
    cli_compare      compare;
    cli_texts        pictures;
    uint64_t         block;
} job;

static bool go_on(void *ctx, size_t done, size_t n)
{
    (void)ctx;
    if (isatty(STDERR_FILENO) && n > 1)
        fprintf(stderr, "\r\033[K  settings: %zu/%zu", done, n);
    return !cli_was_interrupted();
}

/* ---- sweep ---- */

static double goodness(const oc_sweep_result *r, const char *best)
{
    return strcmp(best, "MOTA") == 0 ? r->mota : strcmp(best, "IDF1") == 0 ? r->idf1 : r->hota;
}

static const char *sort_by; /* qsort has no context */

static int best_first(const void *a, const void *b)
{
    double x = goodness(a, sort_by), y = goodness(b, sort_by);
    if (x != y)
        return x > y ? -1 : 1;
    size_t i = ((const oc_sweep_result *)a)->combination;
    size_t j = ((const oc_sweep_result *)b)->combination;
    return i < j ? -1 : i > j;
}

static void print_setting(const oc_sweep *s, size_t combination, bool json)
{
    size_t below = oc_sweep_count(s);
    bool   first = true;
    for (size_t k = 0; k < s->n_axes; k++) {
        const oc_sweep_axis *a = &s->axis[k];
        below /= a->n;
        const char *value = a->value[combination / below % a->n];
        if (json) {
            printf("%s\"%s\":", first ? "" : ",", a->key);
            cli_json_text(stdout, value);
        } else if (a->n > 1) {
            printf("%s%s=%s", first ? "" : " ", a->key, value);
        } else {
            continue;
        }
        first = false;
    }
}

static void print_sweep(const job *j, const oc_sweep *s, const oc_sweep_result *r, size_t n)
{
    size_t shown = j->shown && j->shown < n ? (size_t)j->shown : n;
    if (j->json)
        printf("{\"settings\":%zu,\"best_by\":\"%s\",\"table\":[", n, j->best);
    else
        printf("%8s %8s %8s %8s %8s %8s %8s  %s\n", "HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW",
               "looked", "setting");
    for (size_t i = 0; i < shown; i++) {
        if (j->json) {
            printf("%s{\"HOTA\":%.9f,\"DetA\":%.9f,\"AssA\":%.9f,\"MOTA\":%.9f,\"IDF1\":%.9f,"
                   "\"IDSW\":%.0f,\"looked\":%.6f,\"setting\":{",
                   i ? "," : "", r[i].hota, r[i].deta, r[i].assa, r[i].mota, r[i].idf1, r[i].idsw,
                   r[i].looked);
            print_setting(s, r[i].combination, true);
            printf("}}");
        } else {
            printf("%8.4f %8.4f %8.4f %8.4f %8.4f %8.0f %8.3f  ", r[i].hota, r[i].deta, r[i].assa,
                   r[i].mota, r[i].idf1, r[i].idsw, r[i].looked);
            print_setting(s, r[i].combination, false);
            printf("\n");
        }
    }
    if (j->json) {
        printf("]");
        cli_eval_data_end();
    }
}

static oc_status run_sweep(const job *j, const oc_sweep *sweep, const oc_track_sequence *sequences,
                           oc_pool *pool, oc_error *err)
{
    size_t           n = oc_sweep_count(sweep);
    oc_sweep_result *r = calloc(n + 1, sizeof(*r));
    if (!r)
        return OC_FAIL(err, OC_NOMEM, "%zu settings", n);
    cli_catch_interrupt();
    oc_status st =
        oc_sweep_run(sweep, sequences, j->sequences.n, j->benchmark, pool, go_on, NULL, r, err);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (st == OC_OK) {
        sort_by = j->best;
        qsort(r, n, sizeof(*r), best_first);
        print_sweep(j, sweep, r, n);
    }
    free(r);
    return st;
}

/* ---- one setting ---- */

static oc_status keep_rows(const job *j, const char *name, const oc_mot_rows *rows, oc_error *err)
{
    char path[4096];
    if (!j->out)
        return OC_OK;
    int n = snprintf(path, sizeof(path), "%s/%s.txt", j->out, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return OC_FAIL(err, OC_INVALID, "--dt: the name is too long");
    return oc_mot_write(path, rows, err);
}

static oc_status compare(const job *j, const char *const *names, const oc_mot_rows *truth,
                         const oc_mot_rows *result, size_t n, oc_error *err)
{
    char            text[CLI_MOT_SEQUENCES_MAX][256];
    const char     *file[CLI_MOT_SEQUENCES_MAX];
    cli_mot_compare c = {.name = names,
                         .file = file,
                         .truth = truth,
                         .result = result,
                         .n = n,
                         .benchmark = j->benchmark,
                         .block = (size_t)j->block,
                         .pictures = &j->pictures};
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof(text[i]), "%.240s.txt", names[i]);
        file[i] = text[i];
    }
    return cli_mot_compare_report(&c, &j->compare, j->json, err);
}

static oc_status run_once(const job *j, const oc_sweep *sweep, const oc_track_sequence *sequences,
                          oc_error *err)
{
    const size_t     n = j->sequences.n;
    char             lines[OC_SWEEP_KEYS_MAX * 120];
    oc_track_setting setting;
    oc_mot_scores   *each = calloc(n + 1, sizeof(*each));
    const char      *names[CLI_MOT_SEQUENCES_MAX];
    oc_mot_rows      truth[CLI_MOT_SEQUENCES_MAX], rows[CLI_MOT_SEQUENCES_MAX] = {{0}};
    bool             comparing = cli_compare_wanted(&j->compare);
    oc_status        st = each ? OC_OK : OC_FAIL(err, OC_NOMEM, "scores");
    if (st == OC_OK && (st = oc_sweep_lines(sweep, 0, lines, sizeof(lines), err)) == OC_OK)
        st = oc_track_setting_read(lines, &setting, err);
    if (st == OC_OK && j->out)
        st = cli_make_folders(j->out, err);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        const oc_track_sequence *s = &sequences[i];
        names[i] = s->name;
        truth[i] = s->truth;
        truth[i].frames = s->frames;
        if ((st = oc_track_run(s, &setting, &rows[i], NULL, err)) == OC_OK &&
            (st = keep_rows(j, s->name, &rows[i], err)) == OC_OK)
            st = oc_mot_score(&s->truth, &rows[i], j->benchmark, s->frames, &each[i], err);
    }
    if (st == OC_OK && comparing) {
        st = compare(j, names, truth, rows, n, err);
    } else if (st == OC_OK) {
        oc_mot_combine(each, n, &each[n]);
        cli_mot_print(each, n, names, j->json);
    }
    for (size_t i = 0; i < n; i++)
        oc_mot_rows_finish(&rows[i]);
    free(each);
    return st;
}

static oc_status track_detections(const job *j, oc_error *err)
{
    oc_sweep           sweep = {.n_axes = 0};
    oc_pool           *pool = NULL;
    oc_track_sequence *s = calloc(j->sequences.n, sizeof(*s));
    oc_status          st = s ? OC_OK : OC_FAIL(err, OC_NOMEM, "sequences");
    if (st == OC_OK && j->grid)
        st = oc_sweep_load(&sweep, j->grid, err);
    for (size_t i = 0; i < j->sets.n && st == OC_OK; i++)
        st = oc_sweep_add(&sweep, j->sets.item[i], err);
    for (size_t i = 0; i < j->sweeps.n && st == OC_OK; i++)
        st = oc_sweep_add(&sweep, j->sweeps.item[i], err);
    for (size_t i = 0; i < j->sequences.n && st == OC_OK; i++)
        st = oc_track_sequence_read(j->sequences.item[i], j->detections, j->benchmark, &s[i], err);
    if (st == OC_OK && oc_sweep_count(&sweep) == 1)
        st = run_once(j, &sweep, s, err);
    else if (st == OC_OK && (st = oc_pool_create((unsigned)j->threads, &pool, err)) == OC_OK)
        st = run_sweep(j, &sweep, s, pool, err);
    oc_pool_destroy(pool);
    for (size_t i = 0; s && i < j->sequences.n; i++)
        oc_track_sequence_finish(&s[i]);
    free(s);
    oc_sweep_finish(&sweep);
    return st;
}

/* ---- a pipeline ---- */

static oc_status run_pipeline(const job *j, const char *tracks, oc_error *err)
{
    oc_pool            *pool = NULL;
    oc_pipeline_config *config = NULL;
    oc_pipeline        *p = NULL;
    oc_outputs_config   outputs = {.mot = tracks};
    oc_status           st = oc_pipeline_config_load(j->pipeline, &config, err);
    if (st == OC_OK)
        st = oc_pool_create((unsigned)j->threads, &pool, err);
    if (st == OC_OK) {
        /* recognition changes no track: it is left out */
        config->n_recognise = 0;
        config->outputs = (oc_outputs_config){.mot = NULL};
        oc_pipeline_options o = {
            .source = j->source, .duration_s = j->duration_s, .pool = pool, .isa = j->isa};
        st = oc_pipeline_create(config, &o, &p, err);
    }
    if (st == OC_OK && (st = oc_pipeline_outputs(p, &outputs, err)) == OC_OK)
        st = oc_pipeline_run(p, err);
    if (st == OC_OK && oc_pipeline_ended(p)->truncated)
        fprintf(stderr, "warning: the source broke off: %s\n",
                oc_pipeline_ended(p)->broken.message);
    oc_pipeline_destroy(p);
    oc_pool_destroy(pool);
    oc_pipeline_config_destroy(config);
    return st;
}

static oc_status track_video(const job *j, oc_error *err)
{
    char          name[] = "/tmp/ocellus-tracks-XXXXXX", path[4096];
    oc_mot_rows   gt = {0}, dt = {0};
    oc_mot_scores scores[2];
    const char   *names[] = {j->gt};
    bool          own = !j->out;
    if (own && !mkdtemp(name))
        return OC_FAIL(err, OC_IO, "no folder for the tracks in /tmp");
    snprintf(path, sizeof(path), own ? "%s/tracks.txt" : "%s", own ? name : j->out);
    oc_status st = oc_mot_read_as(j->gt, j->benchmark, true, &gt, err);
    if (st == OC_OK && (st = run_pipeline(j, path, err)) == OC_OK &&
        (st = oc_mot_read(path, &dt, err)) == OC_OK)
        st = oc_mot_score(&gt, &dt, j->benchmark, 0, &scores[0], err);
    if (st == OC_OK && cli_compare_wanted(&j->compare)) {
        st = compare(j, names, &gt, &dt, 1, err);
    } else if (st == OC_OK) {
        oc_mot_combine(scores, 1, &scores[1]);
        cli_mot_print(scores, 1, names, j->json);
    }
    if (own) {
        unlink(path);
        rmdir(name);
    }
    oc_mot_rows_finish(&gt);
    oc_mot_rows_finish(&dt);
    return st;
}

static int check(job *j)
{
    if (!j->pipeline == (j->sequences.n == 0))
        return cli_usage("eval", "track: either --sequence (once or more), or --pipeline");
    if (j->pipeline && !j->gt)
        return cli_usage("eval", "track: --pipeline wants --gt");
    if (!oc_mot_benchmark_find(j->benchmark_name, &j->benchmark))
        return cli_usage("eval", "track: no benchmark '%s'", j->benchmark_name);
    if (strcmp(j->best, "HOTA") != 0 && strcmp(j->best, "MOTA") != 0 &&
        strcmp(j->best, "IDF1") != 0)
        return cli_usage("eval", "track: --best is HOTA, MOTA or IDF1");
    if (cli_compare_wanted(&j->compare) && (j->sweeps.n || j->grid))
        return cli_usage("eval", "track: --compare is for one setting, not for a sweep");
    if (j->block < 1 || j->block > 1000000)
        return cli_usage("eval", "track: --block is 1 to 1000000");
    return -1;
}

int cli_eval_track(int argc, char **argv)
{
    job              j = {.best = "HOTA",
                          .benchmark_name = "mot15",
                          .shown = 20,
                          .compare = CLI_COMPARE_DEFAULTS,
                          .block = 30};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--sequence", 'S', &j.sequences, "DIR", "a folder with seqinfo.ini, gt.txt, det.txt"},
        {"--detections", 's', &j.detections, "FILE", "the detections' name there (det.txt)"},
        {"--set", 'S', &j.sets, "KEY=V",
         "a key of a pipeline's track: section, or its detector's every, every_max"},
        {"--sweep", 'S', &j.sweeps, "KEY=V,V...", "try all combinations of these"},
        {"--grid", 's', &j.grid, "G.yaml", "the same from a file: keys with a value or a list"},
        {"--best", 's', &j.best, "HOTA|MOTA|IDF1", "what a sweep is sorted by (HOTA)"},
        {"--shown", 'u', &j.shown, "N", "rows of a sweep's table (20; 0 = all)"},
        {"--pipeline", 's', &j.pipeline, "P.yaml", "a pipeline over a video instead"},
        {"--source", 's', &j.source, "URL", "its video, where the pipeline does not tell"},
        {"--duration", 'd', &j.duration_s, "S", "of the video; 0 = all"},
        {"--gt", 's', &j.gt, "gt.txt", "its truth"},
        {"--benchmark", 's', &j.benchmark_name, "NAME", "as for `eval mot` (mot15)"},
        {"--dt", 's', &j.out, "DIR|F.txt", "keep the tracks: a folder; of a pipeline a file"},
        {"--threads", 'u', &j.threads, "N", "workers (one per processor)"},
        {"--isa", 's', &j.isa, "NAME", "lower the kernels: ref, avx2, ..."},
        {"--json", 'f', &j.json, NULL, "one JSON document on stdout"},
        CLI_EVAL_DATA_OPTIONS,
        CLI_COMPARE_OPTIONS(j.compare),
        CLI_MOT_COMPARE_OPTIONS(j.pictures, j.block),
        {0}};
    const cli_command command = {"eval track",
                                 "--sequence DIR... | --pipeline P.yaml --gt gt.txt",
                                 "Runs trackers and scores their tracks as `eval mot`; --sweep "
                                 "looks for the best parameters.",
                                 options,
                                 0,
                                 0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e < 0)
        e = check(&j);
    if (e >= 0)
        return e;
    if (cli_eval_data_read(j.pipeline ? &j.gt : j.sequences.item, j.pipeline ? 1 : j.sequences.n,
                           j.json, &err) != OC_OK)
        return cli_fail("eval track", &err);
    oc_status st = j.pipeline ? track_video(&j, &err) : track_detections(&j, &err);
    return st == OC_OK ? CLI_DONE : cli_fail("eval track", &err);
}

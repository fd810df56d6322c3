/* ocellus run: a pipeline over a stream, with progress and a summary. */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/plans.h"
#include "cli/record.h"
#include "cli/run_check.h"
#include "cli/sending.h"
#include "cli/tuned.h"
#include "cli/watching.h"
#include "core/cpu.h"
#include "events/part.h"
#include "pipeline/site.h"

#define PATH_BYTES 4200

static volatile int cancel;

static void on_signal(int number)
{
    /* A second one ends the program the hard way: something hangs. */
    if (__atomic_exchange_n(&cancel, 1, __ATOMIC_RELAXED))
        signal(number, SIG_DFL);
}

typedef struct arguments {
    const char  *source, *events, *video, *mot, *report, *out, *isa, *gallery, *control;
    double       duration_s;
    uint64_t     threads;
    bool         realtime, check, json, quiet, tuned, plan_cache;
    char         path[5][PATH_BYTES]; /* of outputs inside --out */
    cli_watching watching;
    cli_record   record;
    cli_sending  sending;
} arguments;

typedef struct bar {
    bool   tty, quiet, shown;
    double next_s; /* where there is no terminal: a line now and then */
} bar;

#define LINE_S 10.0

static void show_progress(void *ctx, const oc_progress *p)
{
    bar     *b = ctx;
    uint64_t dropped = oc_counts_dropped(&p->counts);
    char     of[64] = "", lost[48] = "";
    if (b->quiet || (!b->tty && p->wall_s < b->next_s))
        return;
    b->next_s = b->tty ? 0.0 : p->wall_s + LINE_S;
    if (p->frames > 0)
        snprintf(of, sizeof(of), "/%lld (%d%%)", (long long)p->frames,
                 (int)(100 * p->counts.captured / (uint64_t)p->frames));
    if (dropped)
        snprintf(lost, sizeof(lost), "  %llu dropped", (unsigned long long)dropped);
    fprintf(stderr, "%s  %02u:%04.1f  frame %llu%s%s  %.1f frames/s  %zu in view%s",
            b->tty ? "\r\033[K" : "", (unsigned)(p->time_s / 60),
            p->time_s - 60 * (unsigned)(p->time_s / 60), (unsigned long long)p->counts.completed,
            of, lost, p->fps, p->tracks, b->tty ? "" : "\n");
    fflush(stderr);
    b->shown = b->tty;
}

static void clear_progress(const bar *b)
{
    if (b->shown)
        fputs("\r\033[K", stderr);
}

/* many: each stream has a folder of its own in --out. */
static oc_status choose_outputs(arguments *a, bool many, oc_outputs_config *o, oc_error *err)
{
    static const char *const names[] = {"events.jsonl", "video.mp4", "tracks.txt", "report.html",
                                        "summary.json"};
    const char             **slots[] = {&o->events, &o->video, &o->mot, &o->report, &o->summary};
    *o = (oc_outputs_config){
        .events = a->events, .video = a->video, .mot = a->mot, .report = a->report};
    if (!a->out)
        return OC_OK;
    if (strlen(a->out) + 32 > PATH_BYTES)
        return OC_FAIL(err, OC_INVALID, "--out: the name is too long");
    oc_status st = oc_make_folders(a->out, err);
    for (size_t i = 0; i < 5 && st == OC_OK; i++) {
        snprintf(a->path[i], sizeof(a->path[i]), "%s/%s%s", a->out, many ? "{stream}/" : "",
                 names[i]);
        if (!*slots[i])
            *slots[i] = a->path[i];
    }
    return st;
}

static void catch_signals(void)
{
    struct sigaction act = {.sa_handler = on_signal};
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN); /* a pipe that is read no more is an error of its write */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
}

static int tell_end(oc_site *site, const arguments *a)
{
    oc_pipeline_end end = oc_site_ended(site);
    if (end.truncated)
        fprintf(stderr, "ocellus run: warning: the source broke off: %s\n", end.broken.message);
    if (end.interrupted)
        fprintf(stderr, "ocellus run: interrupted; what was written is whole\n");
    fputs(a->json ? oc_site_summary(site) : oc_site_text(site), stdout);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "ocellus run: cannot write to standard output\n");
        return CLI_FAILED;
    }
    return end.interrupted ? CLI_INTERRUPTED : CLI_DONE;
}

static int run_site(arguments *a, oc_site_config *config, oc_site_options *o)
{
    oc_site *site = NULL;
    oc_error err = {0};
    bar      b = {.tty = isatty(STDERR_FILENO), .quiet = a->quiet, .next_s = LINE_S};
    int      code;

    o->stream.cancel = &cancel;
    o->stream.progress = show_progress;
    o->stream.progress_ctx = &b;
    if (oc_site_create(config, o, &site, &err) != OC_OK)
        return cli_fail("run", &err);
    if (a->check) {
        code = cli_run_check(site, config->file, a->json);
        oc_site_destroy(site);
        return code;
    }
    catch_signals();
    cli_watching_sched(&a->watching, oc_site_sched(site));
    oc_outputs_config outputs;
    oc_status         st = choose_outputs(a, config->many || a->control, &outputs, &err);
    if (st == OC_OK)
        st = oc_site_outputs(site, &outputs, &err);
    if (st == OC_OK)
        st = oc_site_run(site, &err);
    clear_progress(&b);
    if (st == OC_CANCELLED || (st != OC_OK && cancel == 1)) {
        fprintf(stderr, "ocellus run: interrupted before the first frame\n");
        code = CLI_INTERRUPTED;
    } else {
        code = st == OC_OK ? tell_end(site, a) : cli_fail("run", &err);
    }
    cli_watching_sched(&a->watching, NULL);
    oc_site_destroy(site);
    return code;
}

static int run_with(arguments *a, const char *file)
{
    oc_site_config *config = NULL;
    oc_error        err = {0};
    oc_isa          isa;
    oc_pool        *pool = NULL;
    oc_tune        *tune = NULL;
    char            folder[OC_PATH_MAX];
    oc_net_plans    plans;

    if (a->isa && !oc_isa_parse(a->isa, &isa))
        return cli_usage("run", "--isa: '%s' is not known, or not in this processor", a->isa);
    if (a->threads > 256)
        return cli_usage("run", "--threads: at most 256");
    if (a->tuned && a->plan_cache)
        return cli_usage("run", "--tuned and --plan-cache do not go together");
    if (!(a->duration_s >= 0.0))
        return cli_usage("run", "--duration: not a length of time");
    if (oc_site_config_load(file, &config, &err) != OC_OK)
        return cli_fail("run", &err);
    if (config->many && a->source) {
        oc_site_config_destroy(config);
        return cli_usage("run", "--source: %s has streams with sources of their own", file);
    }
    if ((a->tuned && cli_tune_load(&tune, &err) != OC_OK) ||
        (a->plan_cache && cli_plans(folder, sizeof(folder), &plans, &err) != OC_OK) ||
        oc_pool_create((unsigned)a->threads, &pool, &err) != OC_OK) {
        oc_tune_destroy(tune);
        oc_site_config_destroy(config);
        return cli_fail("run", &err);
    }
    oc_site_options o = {.stream = {.source = a->source,
                                    .realtime = a->realtime,
                                    .duration_s = a->duration_s,
                                    .pool = pool,
                                    .isa = a->isa,
                                    .tune = tune,
                                    .plans = a->plan_cache ? &plans : NULL,
                                    .gallery = a->gallery},
                         .control = a->check ? NULL : a->control};
    a->watching.recording = &a->record.recording;
    int code = a->check ? -1 : cli_watching_start(&a->watching, config, &o.stream);
    if (code < 0 && !a->check)
        code = cli_record_open(&a->record, "run", config->n, a->control != NULL, &o.stream);
    if (code < 0)
        code = cli_sending_start(&a->sending, config, a->check, &o.stream);
    if (code < 0) {
        cli_watching_sinks(&a->watching, a->sending.sinks);
        code = run_site(a, config, &o);
    }
    cli_watching_sinks(&a->watching, NULL);
    cli_sending_stop(&a->sending);
    cli_watching_stop(&a->watching);
    cli_record_close(&a->record, "run", a->quiet); /* no alert wants it any more */
    oc_pool_destroy(pool);
    oc_tune_destroy(tune);
    oc_site_config_destroy(config);
    return code;
}

int oc_cmd_run(int argc, char **argv);
int oc_cmd_run(int argc, char **argv)
{
    static arguments a;
    const cli_option options[] = {
        {"--source", 's', &a.source, "URL",
         "file, folder, rtsp://, v4l2:/dev/video0, pipe:0 "
         "instead of the pipeline's"},
        {"--realtime", 'f', &a.realtime, NULL,
         "play a file at its own speed; the newest frame "
         "wins"},
        {"--duration", 'd', &a.duration_s, "S", "stop after so many seconds of the stream"},
        {"--events", 's', &a.events, "F.jsonl", "events, one JSON object a line"},
        {"--video", 's', &a.video, "F.mp4", "annotated video (.mp4, or .y4m without the plug-in)"},
        {"--mot", 's', &a.mot, "F.txt", "tracks in MOTChallenge's format"},
        {"--report", 's', &a.report, "F.html", "a page with figures, charts and sample frames"},
        {"--out", 's', &a.out, "DIR", "all of these, and summary.json, into a folder"},
        {"--gallery", 's', &a.gallery, "F.db", "gallery instead of the pipeline's"},
        {"--control", 's', &a.control, "SOCKET", "take requests there: see 'ocellus ctl'"},
        {"--check", 'f', &a.check, NULL,
         "look at the pipeline and its networks only, and tell what will not fit"},
        CLI_WATCHING_OPTIONS(&a.watching),
        CLI_RECORD_OPTIONS(&a.record),
        {"--threads", 'u', &a.threads, "N", "processors for networks (0 = all there are)"},
        {"--isa", 's', &a.isa, "NAME", "lower the kernels: ref, avx2 ..."},
        {"--plan-cache", 'f', &a.plan_cache, NULL,
         "keep networks compiled in ~/.cache/ocellus/plans: the next start is quick"},
        {"--tuned", 'f', &a.tuned, NULL, "take the kernels that 'ocellus tune' found the quickest"},
        {"--quiet", 'f', &a.quiet, NULL, "no progress line"},
        {"--json", 'f', &a.json, NULL, "the summary as JSON"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const cli_command command = {
        "run", "PIPELINE.yaml", "Runs a pipeline over a video or camera.", options, 1, 1};
    const char *file[1];
    size_t      n;
    int         code = cli_parse(&command, argc, argv, file, &n);
    return code >= 0 ? code : run_with(&a, file[0]);
}

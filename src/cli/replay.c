/* ocellus replay: a recorded run once more, its events compared; its times as a trace. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/record.h"
#include "core/cpu.h"
#include "pipeline/incident.h"
#include "pipeline/replay.h"

#define SHOWN 1 /* differing events, without --compare */

static volatile int cancel;

static void on_signal(int number)
{
    if (__atomic_exchange_n(&cancel, 1, __ATOMIC_RELAXED))
        signal(number, SIG_DFL);
}

typedef struct arguments {
    const char *events, *video, *mot, *trace, *from, *to, *isa;
    uint64_t    run, threads;
    bool        compare, json, quiet, check;
    /* while it goes on */
    bool     tty;
    uint64_t shown;
} arguments;

static void clear_line(const arguments *a)
{
    if (a->tty)
        fputs("\r\033[K", stderr);
}

static void say(void *ctx, const char *text)
{
    const arguments *a = ctx;
    clear_line(a);
    fprintf(stderr, "ocellus replay: %s\n", text);
}

static void differs(void *ctx, const char *recorded, const char *replayed)
{
    arguments *a = ctx;
    if (a->shown++ >= SHOWN && !a->compare)
        return;
    clear_line(a);
    fprintf(stderr, "%s\n  recorded  %s\n  replayed  %s\n",
            a->shown == 1 ? "the first event that differs" : "differs",
            recorded ? recorded : "(none)", replayed ? replayed : "(none)");
}

static void progress(void *ctx, uint64_t frames, double time_s)
{
    const arguments *a = ctx;
    if (a->tty && frames % 8 == 0)
        fprintf(stderr, "\r\033[K  %02u:%04.1f  frame %llu", (unsigned)(time_s / 60),
                time_s - 60 * (unsigned)(time_s / 60), (unsigned long long)frames);
}

static bool is_same(const oc_replay_result *r)
{
    return r->different == 0 && r->states_different == 0;
}

static void print_json(const oc_replay_result *r)
{
    fputs("{\"stream\":", stdout);
    cli_json_text(stdout, r->name);
    fputs(",\"source\":", stdout);
    cli_json_text(stdout, r->source);
    fputs(",\"at\":", stdout);
    cli_json_text(stdout, r->at);
    fputs(",\"version\":", stdout);
    cli_json_text(stdout, r->version);
    printf(",\"run\":%llu,\"runs\":%llu,\"frames\":%llu,\"skipped\":%llu,\"holes\":%llu,"
           "\"events\":%llu,\"different\":%llu,\"states\":%llu,\"states_different\":%llu,"
           "\"things_different\":%llu,\"from_s\":%.3f,\"to_s\":%.3f,\"ended\":%s,\"dropped\":{",
           (unsigned long long)r->run, (unsigned long long)r->runs, (unsigned long long)r->frames,
           (unsigned long long)r->skipped, (unsigned long long)r->holes,
           (unsigned long long)r->events, (unsigned long long)r->different,
           (unsigned long long)r->states, (unsigned long long)r->states_different,
           (unsigned long long)r->things_different, r->first_s, r->last_s,
           r->ended ? "true" : "false");
    for (int i = 0, n = 0; i < OC_DROP_REASONS; i++)
        if (r->dropped[i])
            printf("%s\"%s\":%llu", n++ ? "," : "", oc_drop_name((oc_drop)i),
                   (unsigned long long)r->dropped[i]);
    printf("},\"same\":%s}\n", is_same(r) ? "true" : "false");
}

static void print_text(const oc_replay_result *r)
{
    printf("%s, recorded by version %s from %s at %s", r->name, r->version, r->source, r->at);
    if (r->runs > 1)
        printf(" (run %llu of %llu)", (unsigned long long)r->run, (unsigned long long)r->runs);
    printf("\n%llu frames, %.2f to %.2f s", (unsigned long long)r->frames, r->first_s, r->last_s);
    for (int i = 0; i < OC_DROP_REASONS; i++)
        if (r->dropped[i])
            printf(", %llu dropped (%s) as recorded", (unsigned long long)r->dropped[i],
                   oc_drop_name((oc_drop)i));
    if (r->skipped)
        printf(", %llu not replayed: what came before them is missing",
               (unsigned long long)r->skipped);
    printf("\n%llu events compared: ", (unsigned long long)r->events);
    if (r->different)
        printf("%llu differ", (unsigned long long)r->different);
    else
        printf("all the same");
    printf("; %llu states compared: ", (unsigned long long)r->states);
    if (r->states_different)
        printf("%llu differ\n", (unsigned long long)r->states_different);
    else
        printf("all the same\n");
}

static int replay_run(arguments *a, oc_replay_options *o)
{
    oc_replay_result r;
    oc_error         err = {0};
    struct sigaction act = {.sa_handler = on_signal};
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    oc_status st = oc_replay_run(o, &r, &err);
    clear_line(a);
    if (st != OC_OK && r.frames)
        fprintf(stderr,
                "ocellus replay: up to there %llu frames were replayed, %llu events "
                "compared, %llu differ\n",
                (unsigned long long)r.frames, (unsigned long long)r.events,
                (unsigned long long)r.different);
    if (st != OC_OK)
        return cli_fail("replay", &err);
    if (a->json)
        print_json(&r);
    else
        print_text(&r);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "ocellus replay: cannot write to standard output\n");
        return CLI_FAILED;
    }
    if (r.interrupted)
        return CLI_INTERRUPTED;
    return is_same(&r) ? CLI_DONE : CLI_FAILED;
}

int oc_cmd_replay(int argc, char **argv);
int oc_cmd_replay(int argc, char **argv)
{
    static arguments a;
    const cli_option options[] = {
        {"--events", 's', &a.events, "F.jsonl", "what was replayed, one JSON object a line"},
        {"--compare", 'f', &a.compare, NULL, "tell every event that differs, not the first alone"},
        {"--trace", 's', &a.trace, "F.json", "the recorded times, for Perfetto"},
        {"--check", 'f', &a.check, NULL, "look at the files (and write --trace); run no network"},
        {"--from", 's', &a.from, "T", "of the stream: from the segment that holds it"},
        {"--to", 's', &a.to, "T", "... up to the frame at that time"},
        {"--run", 'u', &a.run, "N", "of several runs in the folder; 1 is the oldest (the newest)"},
        {"--video", 's', &a.video, "F.mp4", "annotated video (.mp4, or .y4m without the plug-in)"},
        {"--mot", 's', &a.mot, "F.txt", "tracks in MOTChallenge's format"},
        {"--threads", 'u', &a.threads, "N", "processors for networks (as recorded)"},
        {"--isa", 's', &a.isa, "NAME", "kernels: ref, avx2 ... (as recorded)"},
        {"--quiet", 'f', &a.quiet, NULL, "no progress line"},
        {"--json", 'f', &a.json, NULL, "one JSON document on stdout"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const cli_command command = {
        "replay",
        "DIR",
        "Does a run that was recorded with `run --record DIR` again: the same frames, decisions "
        "and kernels, its events compared byte for byte.",
        options,
        1,
        1};
    const char       *folder[1];
    size_t            n;
    oc_isa            isa;
    oc_error          err = {0};
    oc_replay_options o = {.say = say, .differs = differs, .ctx = &a, .cancel = &cancel};
    int               code = cli_parse(&command, argc, argv, folder, &n);
    if (code >= 0)
        return code;
    if (a.from && !cli_seconds(a.from, &o.from_s))
        return cli_usage("replay", "--from: '%s' is not a length of time such as 90s", a.from);
    if (a.to && !cli_seconds(a.to, &o.to_s))
        return cli_usage("replay", "--to: '%s' is not a length of time such as 90s", a.to);
    if (a.isa && !oc_isa_parse(a.isa, &isa))
        return cli_usage("replay", "--isa: '%s' is not known, or not in this processor", a.isa);
    if (a.threads > 256)
        return cli_usage("replay", "--threads: at most 256");
    a.tty = !a.quiet && isatty(STDERR_FILENO);
    o.folder = folder[0];
    o.run = a.run;
    o.threads = (unsigned)a.threads;
    o.isa = a.isa;
    o.events = a.events;
    o.video = a.video;
    o.mot = a.mot;
    o.progress = a.quiet ? NULL : progress;
    o.check = a.check;
    if (a.trace && oc_recording_trace(folder[0], a.trace, &err) != OC_OK)
        return cli_fail("replay", &err);
    return replay_run(&a, &o);
}

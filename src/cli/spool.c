/* ocellus spool: what waits in a sink's spool, and what can be done with it. */
#include <string.h>

#include "cli/cli.h"
#include "events/spool.h"
#include "pipeline/sinks_config.h"
#include "pipeline/site_config.h"

typedef struct arguments {
    bool        show, aside, requeue, purge, drain, json;
    const char *sink;
    double      seconds;
} arguments;

/* ---- one spool file ---- */

static bool print_row(void *ctx, const oc_spool_item *item)
{
    const char *identity = ctx;
    /* as it would be sent: with its id in front */
    printf("{\"id\":\"%s-%llu\",%.*s\n", identity, (unsigned long long)item->number,
           (int)item->n_body - 1, item->body + 1);
    return true;
}

static bool print_aside(void *ctx, const oc_spool_item *item)
{
    print_row(ctx, item);
    fprintf(stderr, "  refused: %s\n", item->reason);
    return true;
}

static void print_status(const char *path, const oc_spool *s, bool json)
{
    oc_spool_stats c;
    oc_spool_stats_get(s, &c);
    if (json) {
        fputs("{\"spool\":", stdout);
        cli_json_text(stdout, path);
        printf(",\"identity\":\"%s\",\"events\":%llu,\"aside\":%llu,\"bytes\":%llu}\n",
               oc_spool_identity(s), (unsigned long long)c.rows, (unsigned long long)c.aside,
               (unsigned long long)c.bytes_used);
        return;
    }
    printf("%s\n  events waiting   %llu\n  set aside        %llu\n  bytes in use     %llu\n"
           "  identity         %s\n",
           path, (unsigned long long)c.rows, (unsigned long long)c.aside,
           (unsigned long long)c.bytes_used, oc_spool_identity(s));
}

static oc_status work_on(const char *path, const arguments *a, oc_error *err)
{
    const oc_spool_options o = {.look = !a->requeue};
    oc_spool              *s = NULL;
    uint64_t               n = 0;
    oc_status              st = oc_spool_open(path, &o, &s, err);
    if (st != OC_OK)
        return st;
    void *identity = (void *)(uintptr_t)oc_spool_identity(s);
    if (a->requeue) {
        if ((st = oc_spool_requeue(s, &n, err)) == OC_OK)
            printf("%llu events are in the queue again\n", (unsigned long long)n);
    } else if (a->purge) {
        if ((st = oc_spool_purge(s, !a->aside, a->aside, &n, err)) == OC_OK)
            printf("%llu events removed\n", (unsigned long long)n);
    } else if (a->show) {
        st = a->aside ? oc_spool_each_aside(s, print_aside, identity, err)
                      : oc_spool_each(s, 0, print_row, identity, err);
    } else {
        print_status(path, s, a->json);
    }
    oc_spool_close(s);
    return st;
}

/* ---- the spools of a pipeline ---- */

static oc_status each_spool(const oc_sinks_config *c, const char *group, const arguments *a,
                            oc_error *err)
{
    oc_status st = OC_OK;
    size_t    n = 0;
    for (size_t i = 0; i < c->n && st == OC_OK; i++) {
        const oc_sink_config *s = &c->item[i];
        char                  path[4096];
        if ((a->sink && strcmp(a->sink, s->name) != 0) || strcmp(s->kind, "jsonl") == 0)
            continue;
        n++;
        if (s->spool)
            snprintf(path, sizeof(path), "%s", s->spool);
        else
            st = oc_sinks_spool_path(group, s->name, path, sizeof(path), err);
        if (st == OC_OK)
            st = work_on(path, a, err);
    }
    if (st == OC_OK && n == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "no sink%s%s with a spool", a->sink ? " named " : "",
                     a->sink ? a->sink : "");
    return st;
}

static oc_status drain(const oc_sinks_config *c, const char *group, const arguments *a,
                       uint64_t *left, oc_error *err)
{
    oc_sinks     *sinks = NULL;
    oc_sink_stats last[OC_SINKS_MAX];
    oc_status     st = oc_sinks_start(c, group, a->sink, &sinks, err);
    if (st != OC_OK)
        return st;
    size_t n = oc_sinks_count(sinks);
    char   name[OC_SINKS_MAX][80];
    for (size_t i = 0; i < n; i++)
        snprintf(name[i], sizeof(name[i]), "%s", oc_sinks_name(sinks, i));
    oc_sinks_destroy(sinks, (uint32_t)(a->seconds * 1000), last);
    for (size_t i = 0; i < n; i++) {
        printf("%s: %llu delivered, %llu left%s%s\n", name[i],
               (unsigned long long)last[i].acknowledged, (unsigned long long)last[i].depth,
               last[i].depth && last[i].error[0] ? ": " : "", last[i].depth ? last[i].error : "");
        *left += last[i].depth;
    }
    return n ? OC_OK : OC_FAIL(err, OC_NOT_FOUND, "no sink named %s", a->sink);
}

static int of_pipeline(const char *file, const arguments *a)
{
    oc_site_config *config = NULL;
    oc_error        err = {0};
    uint64_t        left = 0;
    oc_status       st = oc_site_config_load(file, &config, &err);
    if (st != OC_OK)
        return cli_fail("spool", &err);
    const oc_sinks_config *sinks = config->n > 0 ? config->stream[0]->sinks : NULL;
    if (!sinks)
        st = OC_FAIL(&err, OC_NOT_FOUND, "%s: has no sinks", file);
    else if (a->drain)
        st = drain(sinks, config->name, a, &left, &err);
    else
        st = each_spool(sinks, config->name, a, &err);
    oc_site_config_destroy(config);
    if (st != OC_OK)
        return cli_fail("spool", &err);
    return left ? CLI_FAILED : CLI_DONE;
}

static bool is_yaml(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

int oc_cmd_spool(int argc, char **argv);
int oc_cmd_spool(int argc, char **argv)
{
    static arguments a = {.seconds = 60};
    const cli_option options[] = {
        {"--show", 'f', &a.show, NULL, "print the events that wait, a line each"},
        {"--aside", 'f', &a.aside, NULL, "with --show and --purge: those that were refused"},
        {"--requeue", 'f', &a.requeue, NULL, "try the refused ones again"},
        {"--purge", 'f', &a.purge, NULL, "remove the events"},
        {"--drain", 'f', &a.drain, NULL, "deliver what waits (of a PIPELINE.yaml)"},
        {"--seconds", 'd', &a.seconds, "S", "longest time for --drain (60)"},
        {"--sink", 's', &a.sink, "NAME", "of the pipeline's sinks only this one"},
        {"--json", 'f', &a.json, NULL, "the state as JSON, a line a spool"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const cli_command command = {"spool",
                                 "SPOOL.db|PIPELINE.yaml",
                                 "Shows and clears what waits for a message bus.",
                                 options,
                                 1,
                                 1};
    const char       *file[1];
    size_t            n;
    oc_error          err = {0};
    int               code = cli_parse(&command, argc, argv, file, &n);
    if (code >= 0)
        return code;
    if (a.show + a.requeue + a.purge + a.drain > 1)
        return cli_usage("spool", "only one of --show, --requeue, --purge and --drain");
    if (!(a.seconds >= 0 && a.seconds <= 86400))
        return cli_usage("spool", "--seconds: not in 0 .. 86400");
    if (is_yaml(file[0]))
        return of_pipeline(file[0], &a);
    if (a.drain || a.sink)
        return cli_usage("spool", "--drain and --sink want a PIPELINE.yaml");
    return work_on(file[0], &a, &err) == OC_OK ? CLI_DONE : cli_fail("spool", &err);
}

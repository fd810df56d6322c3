/* Sinks of a run. */
#include "cli/sending.h"

#include "cli/cli.h"
#include "pipeline/sinks_config.h"

/* A stream cannot have sinks of its own: an entry of `streams:` that says so would be half heard. */
static oc_status check_place(const oc_site_config *config, oc_error *err)
{
    for (size_t i = 0; i < config->n && config->many; i++) {
        const oc_yaml_node *own = config->over[i] ? oc_yaml_find(config->over[i], "sinks") : NULL;
        if (own)
            return oc_yaml_fail(err, own, "sinks belong to the whole file, not to a stream");
    }
    return OC_OK;
}

int cli_sending_start(cli_sending *s, const oc_site_config *config, bool check,
                      oc_pipeline_options *options)
{
    const oc_sinks_config *sinks = config->n > 0 ? config->stream[0]->sinks : NULL;
    oc_error               err = {0};
    oc_status              st = check_place(config, &err);
    if (st == OC_OK && !sinks)
        return -1;
    if (st == OC_OK)
        st = check ? oc_sinks_config_check(sinks, &err)
                   : oc_sinks_start(sinks, config->name, NULL, &s->sinks, &err);
    if (st == OC_OK && options->n_observers >= OC_OBSERVERS_MAX)
        st = OC_FAIL(&err, OC_INVALID, "sinks: too many observers of one run");
    if (st != OC_OK)
        return cli_fail("run", &err);
    if (check)
        return -1;
    s->drain_ms = sinks->drain_ms;
    oc_sinks_observe(s->sinks, &s->observer);
    for (size_t i = 0; i < options->n_observers; i++)
        s->observers[i] = options->observers[i];
    s->observers[options->n_observers++] = &s->observer;
    options->observers = s->observers;
    return -1;
}

static void tell(const char *name, const oc_sink_stats *c)
{
    for (int r = 0; r < OC_SINK_DROPS; r++)
        if (c->dropped[r])
            fprintf(stderr, "ocellus run: warning: sink '%s' dropped %llu events (%s)\n", name,
                    (unsigned long long)c->dropped[r], oc_sink_drop_name((oc_sink_drop)r));
    if (c->depth)
        fprintf(stderr, "ocellus run: sink '%s': %llu events wait for the next run%s%s\n", name,
                (unsigned long long)c->depth, c->error[0] ? ": " : "", c->error);
    if (c->disk_errors || c->spool_resets)
        fprintf(stderr, "ocellus run: warning: sink '%s': %s\n", name, c->disk_error);
}

void cli_sending_stop(cli_sending *s)
{
    oc_sink_stats last[OC_SINKS_MAX];
    char          name[OC_SINKS_MAX][80];
    size_t        n = s->sinks ? oc_sinks_count(s->sinks) : 0;
    for (size_t i = 0; i < n; i++)
        snprintf(name[i], sizeof(name[i]), "%s", oc_sinks_name(s->sinks, i));
    oc_sinks_destroy(s->sinks, s->drain_ms, last);
    s->sinks = NULL;
    for (size_t i = 0; i < n; i++)
        tell(name[i], &last[i]);
}

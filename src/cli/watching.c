/* Watching a run: from options to observers, alerts to the log and a file. */
#include "cli/watching.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static void tell_alert(const cli_watching *w, const oc_alert *a, const char *how)
{
    char message[300];
    if (!w->logging) {
        fprintf(stderr, "ocellus run: %s: %s: %s %s: %s over %s\n", a->severity,
                a->firing ? "alert" : "over", a->stream, a->objective, how, a->window);
        return;
    }
    snprintf(message, sizeof(message), "%s %s: %.100s: %s over %.30s", a->severity,
             a->firing ? "alert" : "over", a->objective, how, a->window);
    oc_logging_line(w->logging, a->firing ? OC_LOG_ERROR : OC_LOG_INFO, a->stream,
                    (int64_t)a->frame, NULL, message);
}

static void on_trouble(void *ctx, const oc_error *err)
{
    const cli_watching *w = ctx;
    if (w->logging)
        oc_logging_line(w->logging, OC_LOG_WARNING, NULL, -1, NULL, err->message);
    else
        fprintf(stderr, "ocellus run: warning: %s\n", err->message);
}

/* Alerts are few: the file is as long as it was told, should the power fail. */
static bool on_alert(void *ctx, const oc_alert *a, const char *line, size_t bytes)
{
    cli_watching *w = ctx;
    oc_error      err = {0};
    char          how[64];
    snprintf(how, sizeof(how), a->drift ? "is %.1f times its limit" : "burns %.1f times too fast",
             a->burn);
    tell_alert(w, a, how);
    oc_recording *recording = w->recording ? __atomic_load_n(w->recording, __ATOMIC_ACQUIRE) : NULL;
    if (a->firing && recording) {
        char reason[200];
        snprintf(reason, sizeof(reason), "%s%.80s: %s over %.20s", a->drift ? "" : "objective ",
                 a->objective, how, a->window);
        oc_recording_incident(recording, a->stream, reason);
    }
    if (!w->part)
        return true;
    if (oc_part_put(w->part, line, bytes, &err) == OC_OK && oc_part_flush(w->part, &err) == OC_OK)
        return true;
    if (!w->part_failed) {
        oc_error_prefix(&err, "--alerts");
        on_trouble(w, &err);
    }
    w->part_failed = true;
    return false;
}

/* $STATE_DIRECTORY is systemd's. */
static bool default_folder(char *folder, size_t bytes)
{
    const char *unit = getenv("STATE_DIRECTORY"), *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int         n = -1;
    if (unit && *unit)
        n = snprintf(folder, bytes, "%.*s", (int)strcspn(unit, ":"), unit);
    else if (state && *state)
        n = snprintf(folder, bytes, "%s/ocellus", state);
    else if (home && *home)
        n = snprintf(folder, bytes, "%s/.local/state/ocellus", home);
    return n > 0 && (size_t)n < bytes;
}

/* A pipeline's name may have any letters; those that a file's name should not are '_'. */
static const char *find_state(cli_watching *w, const char *name)
{
    oc_error err = {0};
    char     plain[65];
    if (w->state)
        return strcmp(w->state, "none") == 0 ? NULL : w->state;
    if (!default_folder(w->path, sizeof(w->path) - 128))
        return NULL;
    if (oc_make_folders(w->path, &err) != OC_OK) {
        fprintf(stderr, "ocellus run: warning: objectives are not kept: %s\n", err.message);
        return NULL;
    }
    snprintf(plain, sizeof(plain), "%s", name);
    for (char *c = plain; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              *c == '-'))
            *c = '_';
    size_t n = strlen(w->path);
    snprintf(w->path + n, sizeof(w->path) - n, "/objectives-%s.bin", plain);
    return w->path;
}

/* In front of what is there already. */
static void attach(cli_watching *w, oc_pipeline_options *options, const oc_observer *const *first,
                   size_t n_first)
{
    const oc_observer *all[OC_OBSERVERS_MAX];
    size_t             n = 0;
    for (size_t i = 0; i < n_first && n < OC_OBSERVERS_MAX; i++)
        all[n++] = first[i];
    for (size_t i = 0; i < options->n_observers && n < OC_OBSERVERS_MAX; i++)
        all[n++] = options->observers[i];
    memcpy(w->observers, all, n * sizeof(*all));
    options->observers = w->observers;
    options->n_observers = n;
}

/* Logging does not need the rest. */
static int start_log(cli_watching *w, oc_pipeline_options *options)
{
    oc_error err = {0};
    if (!w->log)
        return -1;
    if (strcmp(w->log, "text") != 0 && strcmp(w->log, "json") != 0)
        return cli_usage("run", "--log: text or json, not '%s'", w->log);
    if (oc_logging_create(STDERR_FILENO, *w->log == 'j', &w->logging, &err) != OC_OK)
        return cli_fail("run", &err);
    const oc_observer *logging = oc_logging_observer(w->logging);
    attach(w, options, &logging, 1);
    return -1;
}

static void count_lost(void *ctx)
{
    const cli_watching *w = ctx;
    oc_series_set_count(oc_metrics_series(oc_watch_metrics(w->watch), OC_M_LOG_LOST, NULL),
                        oc_logging_lost(w->logging));
}

/* What stands in options and in OpenTelemetry's variables; -1: all is well. */
static int read_otlp(const cli_watching *w, oc_watch_options *watch)
{
    const char *interval = getenv("OTEL_METRIC_EXPORT_INTERVAL"); /* milliseconds */
    char       *end;
    watch->otlp = w->otlp;
    watch->otlp_headers = getenv("OTEL_EXPORTER_OTLP_HEADERS");
    watch->otlp_compression = getenv("OTEL_EXPORTER_OTLP_COMPRESSION");
    watch->otlp_every = 10;
    if (w->otlp_every) {
        long n = strtol(w->otlp_every, &end, 10);
        if (end == w->otlp_every || *end || n < 0 || n > 1000000)
            return cli_usage("run", "--otlp-every: a number, 0 to 1000000");
        watch->otlp_every = (unsigned)n;
    }
    if (w->otlp && interval && *interval) {
        watch->otlp_interval_s = strtod(interval, &end) * 1e-3;
        if (*end || !(watch->otlp_interval_s >= 0.1 && watch->otlp_interval_s <= 1e6))
            return cli_usage("run", "$OTEL_METRIC_EXPORT_INTERVAL: 100 to 1000000000 milliseconds");
    }
    return -1;
}

static bool has_objectives(const oc_site_config *config)
{
    size_t i = 0;
    while (i < config->n && config->stream[i]->n_objectives == 0)
        i++;
    return i < config->n;
}

int cli_watching_start(cli_watching *w, const oc_site_config *config, oc_pipeline_options *options)
{
    oc_watch_options watch = {.http = w->http,
                              .root = getenv("OCELLUS_HOST_ROOT"),
                              .trace = w->trace,
                              .drift = w->drift,
                              .drift_learn = w->drift_learn,
                              .drift_window = w->drift_window,
                              .alert = on_alert,
                              .trouble = on_trouble,
                              .ctx = w};
    oc_error         err = {0};
    const bool       objectives = has_objectives(config);
    int              code = start_log(w, options);
    if (code >= 0 || (code = read_otlp(w, &watch)) >= 0)
        return code;
    if (w->drift_window != 0 && !(w->drift_learn && w->drift_window >= 1 && w->drift_window <= 1e6))
        return cli_usage("run",
                         "--drift-window: 1 to 1000000 seconds, together with --drift-learn");
    if (!w->http && !w->otlp && !w->trace && !objectives && !w->drift && !w->drift_learn)
        return w->alerts ? cli_usage("run", "--alerts: no objectives, and no --drift") : -1;
    if (objectives)
        watch.state = find_state(w, config->name);
    if ((w->alerts && oc_part_create(w->alerts, &w->part, &err) != OC_OK) ||
        oc_watch_create(&watch, &w->watch, &err) != OC_OK) {
        oc_part_drop(w->part);
        w->part = NULL;
        cli_watching_stop(w);
        return cli_fail("run", &err);
    }
    oc_watch_expect(w->watch, config->n);
    if (w->logging && !oc_metrics_on_collect(oc_watch_metrics(w->watch), count_lost, w))
        fputs("ocellus run: warning: lost lines are not counted\n", stderr);
    const oc_observer *own[OC_WATCH_OBSERVERS];
    attach(w, options, own, oc_watch_observers(w->watch, own));
    if (*oc_watch_complaints(w->watch))
        fprintf(stderr, "ocellus run: warning: %s", oc_watch_complaints(w->watch));
    if (w->http)
        fprintf(stderr, "ocellus run: serving %s/metrics\n", oc_watch_url(w->watch));
    return -1;
}

void cli_watching_sched(cli_watching *w, oc_sched *sched)
{
    if (w->watch)
        oc_watch_sched(w->watch, sched);
}

void cli_watching_sinks(cli_watching *w, oc_sinks *sinks)
{
    if (w->watch)
        oc_watch_sinks(w->watch, sinks);
}

void cli_watching_stop(cli_watching *w)
{
    oc_error err = {0};
    if (w->watch && w->logging)
        oc_metrics_off_collect(oc_watch_metrics(w->watch), count_lost, w);
    oc_watch_destroy(w->watch);
    w->watch = NULL;
    oc_logging_destroy(w->logging);
    w->logging = NULL;
    if (w->part && oc_part_finish(w->part, &err) != OC_OK)
        fprintf(stderr, "ocellus run: warning: --alerts: %s\n", err.message);
    w->part = NULL;
}

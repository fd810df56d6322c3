#include "cli/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct unit {
    const char *name;
    double      factor;
} unit;

/* A number and one of the units; the first is meant where there is none. */
static bool number_with(const char *text, const unit *units, size_t n, double *out)
{
    char  *end;
    double v = strtod(text, &end);
    if (end == text || !isfinite(v) || v < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(end, units[i].name) == 0) {
            *out = v * units[i].factor;
            return true;
        }
    return false;
}

bool cli_bytes(const char *text, uint64_t *out)
{
    static const unit units[] = {{"", 1},     {"B", 1},    {"k", 1e3},  {"kB", 1e3},
                                 {"KB", 1e3}, {"M", 1e6},  {"MB", 1e6}, {"G", 1e9},
                                 {"GB", 1e9}, {"T", 1e12}, {"TB", 1e12}};
    double            v;
    if (!number_with(text, units, sizeof(units) / sizeof(units[0]), &v) || v > 1e18)
        return false;
    *out = (uint64_t)v;
    return true;
}

bool cli_seconds(const char *text, double *out)
{
    static const unit units[] = {{"", 1},     {"s", 1},    {"ms", 1e-3},
                                 {"min", 60}, {"h", 3600}, {"d", 86400}};
    return number_with(text, units, sizeof(units) / sizeof(units[0]), out);
}

static void complain(void *ctx, const char *text)
{
    fprintf(stderr, "\nocellus %s: warning: recording: %s\n", (const char *)ctx, text);
}

int cli_record_open(cli_record *r, const char *command, size_t streams, bool grows,
                    oc_pipeline_options *options)
{
    oc_recording_options o = {.folder = r->folder,
                              .streams = streams,
                              .grows = grows,
                              .incidents_keep = (size_t)r->keep,
                              .complain = complain,
                              .ctx = (void *)(uintptr_t)command};
    oc_error             err = {0};
    if (!r->folder && (r->max || r->seconds || r->over || r->every || r->keep))
        return cli_usage(command, "--record-max, --record-seconds and --incident-... go with "
                                  "--record DIR");
    if (!r->folder)
        return -1;
    if (r->max && (!cli_bytes(r->max, &o.bytes_max) || o.bytes_max == 0))
        return cli_usage(command, "--record-max: '%s' is not a size such as 500MB", r->max);
    if (r->seconds && (!cli_seconds(r->seconds, &o.seconds_max) || !(o.seconds_max > 0)))
        return cli_usage(command, "--record-seconds: '%s' is not a length of time such as 90s",
                         r->seconds);
    if (r->over && (!cli_seconds(r->over, &o.incident_over_s) || !(o.incident_over_s > 0)))
        return cli_usage(command, "--incident-over: '%s' is not a length of time such as 150ms",
                         r->over);
    if (r->every && (!cli_seconds(r->every, &o.incident_s) || !(o.incident_s > 0)))
        return cli_usage(command, "--incident-every: '%s' is not a length of time such as 10min",
                         r->every);
    oc_recording *recording;
    if (oc_recording_create(&o, &recording, &err) != OC_OK)
        return cli_fail(command, &err);
    __atomic_store_n(&r->recording, recording, __ATOMIC_RELEASE); /* alerts ask from a thread */
    for (size_t i = 0; i < options->n_observers && i + 1 < OC_OBSERVERS_MAX; i++)
        r->observers[i] = options->observers[i];
    r->observers[options->n_observers++] = oc_recording_observer(r->recording);
    options->observers = r->observers;
    return -1;
}

void cli_record_close(cli_record *r, const char *command, bool quiet)
{
    oc_recorder_stats s;
    if (!r->recording)
        return;
    oc_recording_stats(r->recording, &s);
    if (!quiet && s.segments)
        fprintf(stderr, "ocellus %s: recorded %llu frames, %.1f kB and %.2f ms each, in %s",
                command, (unsigned long long)s.frames,
                s.frames ? (double)s.frame_bytes / 1e3 / (double)s.frames : 0.0,
                s.frames ? (double)(s.pack_ns + s.write_ns) / 1e6 / (double)s.frames : 0.0,
                r->folder);
    if (!quiet && s.segments && s.incidents)
        fprintf(stderr, "; %llu incidents", (unsigned long long)s.incidents);
    if (!quiet && s.segments)
        fputc('\n', stderr);
    if (s.lost)
        fprintf(stderr,
                "ocellus %s: warning: recording: %llu things found no room and are missing\n",
                command, (unsigned long long)s.lost);
    oc_recording_destroy(r->recording);
    r->recording = NULL;
}

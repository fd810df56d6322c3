#include "cli/top_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NONE              \
    (const char *const[]) \
    {                     \
        NULL              \
    }
#define PAIR(key, value)  \
    (const char *const[]) \
    {                     \
        key, value, NULL  \
    }
#define PAIRS(k1, v1, k2, v2) \
    (const char *const[])     \
    {                         \
        k1, v1, k2, v2, NULL  \
    }

static double value(const oc_samples *s, const char *name, const char *const *pairs)
{
    const oc_sample *found = s ? oc_samples_find(s, name, pairs) : NULL;
    return found ? found->value : NAN;
}

/* Increase a second; NaN at first. A counter that fell began anew. */
static double rate(const cli_top *t, const char *name, const char *const *pairs)
{
    double now = value(t->now, name, pairs), then = value(t->before, name, pairs);
    return now >= then ? (now - then) / t->seconds : isnan(then) ? NAN : now / t->seconds;
}

static void number(oc_strbuf *o, int width, int digits, double v)
{
    if (isfinite(v))
        oc_strbuf_printf(o, " %*.*f", width, digits, v);
    else
        oc_strbuf_printf(o, " %*s", width, "-");
}

static void bytes(oc_strbuf *o, double v)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    size_t                   i = 0;
    for (; i < 4 && v >= 1000.0; i++)
        v /= 1000.0;
    if (isfinite(v))
        oc_strbuf_printf(o, "%.*f %s", v < 10 && i ? 1 : 0, v, unit[i]);
    else
        oc_strbuf_put(o, "-");
}

static void span(oc_strbuf *o, double s)
{
    long t = s > 0 && s < 1e10 ? (long)s : 0;
    if (t >= 86400)
        oc_strbuf_printf(o, "%ldd ", t / 86400);
    oc_strbuf_printf(o, "%02ld:%02ld:%02ld", t / 3600 % 24, t / 60 % 60, t % 60);
}

/* Names come from a network peer: what is no printable ASCII could command the terminal. */
static void name(oc_strbuf *o, int width, const char *text)
{
    char   safe[64];
    size_t n = 0;
    for (; text[n] && n + 1 < sizeof(safe) && (int)n < width; n++)
        safe[n] = text[n] >= ' ' && text[n] < 127 ? text[n] : '?';
    safe[n] = '\0';
    oc_strbuf_printf(o, "%-*s", width, safe);
}

static void title(const cli_top *t, oc_strbuf *o, const char *text)
{
    oc_strbuf_printf(o, t->color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", text);
}

static void paint(const cli_top *t, oc_strbuf *o, bool bad, const char *text)
{
    if (t->color)
        oc_strbuf_printf(o, "\033[%sm%s\033[0m", bad ? "1;31" : "32", text);
    else
        oc_strbuf_put(o, text);
}

/* Processors in use: what is not idle, since the last look. */
static double busy(const cli_top *t, size_t *n_cpus)
{
    double idle = 0;
    *n_cpus = 0;
    for (size_t i = 0; i < t->now->n; i++) {
        const oc_sample *s = &t->now->item[i];
        if (strcmp(s->name, "ocellus_device_cpu_seconds_total") != 0)
            continue;
        const char *mode = oc_sample_label(s, "mode"), *cpu = oc_sample_label(s, "cpu");
        if (strcmp(mode, "idle") != 0 && strcmp(mode, "iowait") != 0)
            continue;
        *n_cpus += strcmp(mode, "idle") == 0;
        idle += rate(t, s->name, PAIRS("cpu", cpu, "mode", mode));
    }
    return fmax((double)*n_cpus - idle, 0.0);
}

static void head(const cli_top *t, oc_strbuf *o)
{
    const oc_samples *s = t->now;
    const oc_sample  *build = oc_samples_find(s, "ocellus_build_info", NONE);
    bool              ready = value(s, "ocellus_ready", NONE) >= 1;
    size_t            cpus;
    double            used = busy(t, &cpus), hot = NAN;

    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->item[i].name, "ocellus_device_temperature_celsius") == 0)
            hot = fmax(s->item[i].value, isnan(hot) ? -273.0 : hot);
    oc_strbuf_put(o, "ocellus ");
    name(o, 10, build ? oc_sample_label(build, "version") : "?");
    name(o, 28, t->address);
    oc_strbuf_put(o, " up ");
    span(o, t->clock - value(s, "process_start_time_seconds", NONE));
    oc_strbuf_put(o, "  ");
    paint(t, o, !ready, ready ? "ready" : "NOT READY");
    oc_strbuf_put(o, "\nprocess  cpu");
    number(o, 5, 2, rate(t, "process_cpu_seconds_total", NONE));
    oc_strbuf_put(o, "   memory ");
    bytes(o, value(s, "process_resident_memory_bytes", NONE));
    oc_strbuf_printf(o, "   threads %.0f   descriptors %.0f\n",
                     fmax(value(s, "process_threads", NONE), 0),
                     fmax(value(s, "process_open_fds", NONE), 0));
    oc_strbuf_put(o, "device   cpu");
    number(o, 5, 2, used);
    oc_strbuf_printf(o, " of %zu   memory free ", cpus);
    bytes(o, value(s, "ocellus_device_memory_bytes", PAIR("kind", "available")));
    oc_strbuf_put(o, "   clock");
    number(o, 4, 2, value(s, "ocellus_device_cpu_frequency_hertz", NONE) * 1e-9);
    oc_strbuf_put(o, " GHz   temperature");
    number(o, 3, 0, hot);
    oc_strbuf_put(o, " C\n");
}

/* The reasons of drops since the last look, the most frequent ones. */
static void drops(const cli_top *t, oc_strbuf *o, const char *stream)
{
    double sum = 0;
    char   text[96];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < t->now->n; i++) {
        const oc_sample *s = &t->now->item[i];
        if (strcmp(s->name, "ocellus_frames_dropped_total") != 0 ||
            strcmp(oc_sample_label(s, "stream"), stream) != 0)
            continue;
        const char *reason = oc_sample_label(s, "reason");
        double      r = rate(t, s->name, PAIRS("stream", stream, "reason", reason));
        if (!(r > 0))
            continue;
        sum += r;
        if (n < sizeof(text))
            n += (size_t)snprintf(text + n, sizeof(text) - n, " %.24s", reason);
    }
    number(o, 6, 1, t->before ? sum : NAN);
    name(o, 24, text);
}

static void streams(const cli_top *t, oc_strbuf *o)
{
    title(
        t, o,
        "stream           state    in/s  done/s p50 ms p99 ms tracks level recon  drop/s because of");
    for (size_t i = 0; i < t->now->n; i++) {
        const oc_sample *s = &t->now->item[i];
        if (strcmp(s->name, "ocellus_frames_captured_total") != 0)
            continue;
        const char        *stream = oc_sample_label(s, "stream");
        const char *const *of = PAIR("stream", stream);
        const double       up = value(t->now, "ocellus_stream_up", of);
        name(o, 16, stream);
        oc_strbuf_put(o, " ");
        paint(t, o, !(up >= 1), up >= 1 ? "up   " : "DEAD ");
        number(o, 7, 1, rate(t, s->name, of));
        number(o, 7, 1, rate(t, "ocellus_frames_completed_total", of));
        for (int k = 0; k < 2; k++)
            number(o, 6, 1,
                   1e3 * oc_samples_quantile(t->now, t->before, "ocellus_frame_latency_seconds", of,
                                             k ? 0.99 : 0.5));
        number(o, 6, 0, value(t->now, "ocellus_tracks", of));
        number(o, 5, 0, value(t->now, "ocellus_ladder_level", of));
        number(o, 5, 0, value(t->now, "ocellus_stream_reconnects_total", of));
        oc_strbuf_put(o, " ");
        drops(t, o, stream);
        oc_strbuf_put(o, "\n");
    }
}

static void networks(const cli_top *t, oc_strbuf *o)
{
    bool any = false;
    for (size_t i = 0; i < t->now->n; i++) {
        const oc_sample *s = &t->now->item[i];
        if (strcmp(s->name, "ocellus_network_run_seconds_count") != 0)
            continue;
        if (!any)
            title(t, o,
                  "network              stream           runs/s p50 ms p99 ms  share of a core");
        any = true;
        const char        *network = oc_sample_label(s, "network");
        const char        *stream = oc_sample_label(s, "stream");
        const char *const *of = PAIRS("stream", stream, "network", network);
        name(o, 20, network);
        oc_strbuf_put(o, " ");
        name(o, 16, stream);
        number(o, 6, 1, rate(t, s->name, of));
        for (int k = 0; k < 2; k++)
            number(o, 6, 1,
                   1e3 * oc_samples_quantile(t->now, t->before, "ocellus_network_run_seconds", of,
                                             k ? 0.99 : 0.5));
        number(o, 8, 2, rate(t, "ocellus_network_run_seconds_sum", of));
        oc_strbuf_put(o, "\n");
    }
}

static bool is_firing(const oc_samples *s, const char *stream, const char *objective)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->item[i].name, "ocellus_alert_firing") == 0 && s->item[i].value >= 1 &&
            strcmp(oc_sample_label(&s->item[i], "stream"), stream) == 0 &&
            strcmp(oc_sample_label(&s->item[i], "objective"), objective) == 0)
            return true;
    return false;
}

static void objectives(const cli_top *t, oc_strbuf *o)
{
    bool any = false;
    for (size_t i = 0; i < t->now->n; i++) {
        const oc_sample *s = &t->now->item[i];
        if (strcmp(s->name, "ocellus_objective_budget_remaining_ratio") != 0)
            continue;
        if (!any)
            title(t, o, "objective                            stream           budget left");
        any = true;
        const char *objective = oc_sample_label(s, "objective");
        const char *stream = oc_sample_label(s, "stream");
        name(o, 36, objective);
        oc_strbuf_put(o, " ");
        name(o, 16, stream);
        number(o, 8, 1, 100 * s->value);
        oc_strbuf_put(o, " %  ");
        bool bad = is_firing(t->now, stream, objective);
        paint(t, o, bad, bad ? "BURNING" : "ok");
        oc_strbuf_put(o, "\n");
    }
}

static void disks(const cli_top *t, oc_strbuf *o)
{
    bool any = false;
    for (size_t i = 0; i < t->now->n; i++) {
        const oc_sample *s = &t->now->item[i];
        if (strcmp(s->name, "ocellus_device_disk_written_bytes_total") != 0)
            continue;
        if (!any)
            title(t, o, "disk         read/s    written/s   busy");
        any = true;
        const char *const *of = PAIR("disk", oc_sample_label(s, "disk"));
        name(o, 10, of[1]);
        oc_strbuf_put(o, "  ");
        bytes(o, rate(t, "ocellus_device_disk_read_bytes_total", of));
        oc_strbuf_put(o, "  ");
        bytes(o, rate(t, s->name, of));
        number(o, 6, 0, 100 * rate(t, "ocellus_device_disk_busy_seconds_total", of));
        oc_strbuf_put(o, " %\n");
    }
}

void cli_top_view(const cli_top *t, oc_strbuf *out)
{
    head(t, out);
    streams(t, out);
    networks(t, out);
    objectives(t, out);
    disks(t, out);
}

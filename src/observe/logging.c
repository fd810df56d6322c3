#include "observe/logging.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "events/json.h"

#define LINE_BYTES 2048
#define QUIET_NS 10000000000u /* between two lines of a kind and stream */

enum { KIND_SOURCE, KIND_LADDER, KIND_DROP, KINDS = KIND_DROP + OC_DROP_REASONS };

typedef struct logged {
    oc_logging     *all;
    char            name[64], model[128];
    pthread_mutex_t lock; /* hooks of one stream come from two threads */
    uint64_t        told_ns[KINDS], kept_back[KINDS];
} logged;

struct oc_logging {
    int                  fd;
    bool                 json;
    oc_observer          observer;
    pthread_mutex_t      lock; /* one line at a time; lost */
    uint64_t             lost; /* lines, since one was written */
    atomic_uint_fast64_t all_lost;
};

/* ---- lines ---- */

static void time_text(char *out, size_t bytes)
{
    struct timespec t;
    struct tm       utc;
    char            seconds[32];
    clock_gettime(CLOCK_REALTIME, &t);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", gmtime_r(&t.tv_sec, &utc));
    snprintf(out, bytes, "%s.%03ldZ", seconds, t.tv_nsec / 1000000);
}

static size_t as_json(char *line, const char *at, const char *level, const char *stream,
                      int64_t frame, const char *model, const char *message, uint64_t repeated)
{
    oc_jsonw j;
    oc_jsonw_init(&j, line, LINE_BYTES - 1);
    oc_jsonw_open(&j, NULL, '{');
    oc_jsonw_text(&j, "time", at);
    oc_jsonw_text(&j, "level", level);
    if (stream)
        oc_jsonw_text(&j, "stream", stream);
    if (frame >= 0)
        oc_jsonw_uint(&j, "frame", (uint64_t)frame);
    if (model)
        oc_jsonw_text(&j, "model", model);
    oc_jsonw_text(&j, "message", message);
    if (repeated)
        oc_jsonw_uint(&j, "repeated", repeated);
    oc_jsonw_close(&j, '}');
    return j.full ? 0 : j.n;
}

/* Line ends and other control characters of messages would make lines of their own. */
static size_t as_text(char *line, const char *at, const char *level, const char *stream,
                      int64_t frame, const char *model, const char *message, uint64_t repeated)
{
    char numbers[64] = "", often[64] = "";
    if (frame >= 0)
        snprintf(numbers, sizeof(numbers), " frame %lld", (long long)frame);
    if (repeated)
        snprintf(often, sizeof(often), " (repeated %llu times)", (unsigned long long)repeated);
    int n = snprintf(line, LINE_BYTES - 1, "%s %s%s%.64s%s%s%.128s: %.1500s%s", at, level,
                     stream ? " " : "", stream ? stream : "", numbers, model ? " model " : "",
                     model ? model : "", message, often);
    for (int i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = ' ';
    return n > 0 ? (size_t)n : 0;
}

/* A reader that does not read must not stop a stream.  Where poll finds room in a pipe there is room
 * for PIPE_BUF bytes, which is more than a line. */
_Static_assert(LINE_BYTES <= PIPE_BUF, "a line goes into a pipe as a whole");

static bool write_line(const oc_logging *l, const char *line, size_t n)
{
    struct pollfd at = {.fd = l->fd, .events = POLLOUT};
    return poll(&at, 1, 0) == 1 && (at.revents & POLLOUT) && write(l->fd, line, n) == (ssize_t)n;
}

static size_t format(const oc_logging *l, char *line, oc_log_level level, const char *stream,
                     int64_t frame, const char *model, const char *message, uint64_t repeated)
{
    static const char *const names[] = {"info", "warning", "error"};
    char                     at[64], cut[200];
    time_text(at, sizeof(at));
    size_t n = (l->json ? as_json : as_text)(line, at, names[level], stream, frame, model, message,
                                             repeated);
    if (n == 0) { /* of characters that take much room */
        snprintf(cut, sizeof(cut), "%s", message);
        n = as_json(line, at, names[level], stream, frame, NULL, cut, repeated);
    }
    if (n > 0)
        line[n++] = '\n';
    return n;
}

static void put(oc_logging *l, oc_log_level level, const char *stream, int64_t frame,
                const char *model, const char *message, uint64_t repeated)
{
    char   line[LINE_BYTES], lost[64];
    size_t n;
    pthread_mutex_lock(&l->lock);
    if (l->lost > 0) {
        snprintf(lost, sizeof(lost), "%llu lines were lost: nobody read them",
                 (unsigned long long)l->lost);
        n = format(l, line, OC_LOG_WARNING, NULL, -1, NULL, lost, 0);
        if (write_line(l, line, n))
            l->lost = 0;
    }
    n = format(l, line, level, stream, frame, model, message, repeated);
    if (l->lost > 0 || !write_line(l, line, n)) {
        l->lost++;
        atomic_fetch_add(&l->all_lost, 1);
    }
    pthread_mutex_unlock(&l->lock);
}

uint64_t oc_logging_lost(const oc_logging *l)
{
    return atomic_load(&l->all_lost);
}

void oc_logging_line(oc_logging *l, oc_log_level level, const char *stream, int64_t frame,
                     const char *model, const char *message)
{
    put(l, level, stream, frame, model, message, 0);
}

/* A line of a kind that may come often. */
static void tell(logged *s, size_t kind, oc_log_level level, int64_t frame, const char *fmt, ...)
    OC_PRINTF(5, 6);
static void tell(logged *s, size_t kind, oc_log_level level, int64_t frame, const char *fmt, ...)
{
    char     message[1024];
    va_list  args;
    uint64_t now = oc_now_ns(), repeated;
    pthread_mutex_lock(&s->lock);
    bool quiet = s->told_ns[kind] && now - s->told_ns[kind] < QUIET_NS;
    repeated = s->kept_back[kind];
    s->kept_back[kind] = quiet ? repeated + 1 : 0;
    if (!quiet)
        s->told_ns[kind] = now;
    pthread_mutex_unlock(&s->lock);
    if (quiet)
        return;
    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    put(s->all, level, s->name, frame, s->model, message, repeated);
}

/* ---- hooks ---- */

static oc_status opened(void *ctx, const oc_observed_stream *info, void **stream, oc_error *err)
{
    logged *s = calloc(1, sizeof(*s));
    char    message[512];
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "no memory to log a stream");
    s->all = ctx;
    snprintf(s->name, sizeof(s->name), "%s", info->name);
    snprintf(s->model, sizeof(s->model), "%s", info->config->detect.network);
    pthread_mutex_init(&s->lock, NULL);
    snprintf(message, sizeof(message), "begins: %.300s, %d x %d, %.3g frames/s", info->source,
             info->info.width, info->info.height, info->fps);
    put(s->all, OC_LOG_INFO, s->name, -1, s->model, message, 0);
    *stream = s;
    return OC_OK;
}

static void source(void *stream, bool connected, const oc_error *why)
{
    if (connected)
        tell(stream, KIND_SOURCE, OC_LOG_INFO, -1, "the source is back");
    else
        tell(stream, KIND_SOURCE, OC_LOG_WARNING, -1, "the source is lost%s%.400s", why ? ": " : "",
             why ? why->message : "");
}

static void dropped(void *stream, const oc_frame *frame, oc_drop reason)
{
    if (reason != OC_DROP_STOPPED && reason != OC_DROP_PAUSED && reason != OC_DROP_RATE)
        tell(stream, KIND_DROP + (size_t)reason, OC_LOG_WARNING, (int64_t)frame->index,
             "dropped: %s", oc_drop_name(reason));
}

static void ladder(void *stream, const oc_ladder_move *move)
{
    tell(stream, KIND_LADDER, move->to > move->from ? OC_LOG_WARNING : OC_LOG_INFO, -1,
         "degrade ladder: level %u to %u (%.80s), latency %.1f ms, objective %.1f ms", move->from,
         move->to, move->step ? move->step : "", move->latency_ms, move->objective_ms);
}

static void closed(void *stream, const oc_counts *counts)
{
    logged *s = stream;
    char    message[200];
    snprintf(message, sizeof(message), "ends: %llu frames captured, %llu completed, %llu dropped",
             (unsigned long long)counts->captured, (unsigned long long)counts->completed,
             (unsigned long long)oc_counts_dropped(counts));
    put(s->all, OC_LOG_INFO, s->name, -1, s->model, message, 0);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- life ---- */

oc_status oc_logging_create(int fd, bool json, oc_logging **out, oc_error *err)
{
    oc_logging *l = calloc(1, sizeof(*l));
    if (!l)
        return OC_FAIL(err, OC_NOMEM, "no memory for a log");
    l->fd = fd;
    l->json = json;
    pthread_mutex_init(&l->lock, NULL);
    l->observer = (oc_observer){.struct_size = sizeof(oc_observer),
                                .ctx = l,
                                .opened = opened,
                                .dropped = dropped,
                                .ladder = ladder,
                                .closed = closed,
                                .source = source};
    *out = l;
    return OC_OK;
}

void oc_logging_destroy(oc_logging *l)
{
    if (l)
        pthread_mutex_destroy(&l->lock);
    free(l);
}

const oc_observer *oc_logging_observer(const oc_logging *l)
{
    return &l->observer;
}

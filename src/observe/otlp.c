/* The exporter: a queue of requests, a thread that makes and sends them. */
#include "observe/otlp.h"

#include <curl/curl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "observe/gzip.h"
#include "observe/otlp_json.h"

#define REQUESTS_MAX 64
#define BYTES_MAX ((size_t)8 << 20)
#define ATTEMPTS_MAX 6
#define TIMEOUT_MS 10000L
#define ANSWER_MAX 65536
#define FRAMES_A_REQUEST 32
#define TRACES_S 2.0 /* between two looks for frames */
#define LAST_S 2.0   /* for all at the end */
#define SECOND_NS 1000000000.0

typedef enum signal_kind { METRICS, TRACES, SIGNALS } signal_kind;
static const char *const signal_names[] = {"metrics", "traces"};

typedef struct request {
    signal_kind signal;
    oc_strbuf   body;
    unsigned    attempts;
    double      not_before_s; /* monotonic */
} request;

typedef struct answer {
    char   text[ANSWER_MAX];
    size_t n;
    char   retry_after[64];
} answer;

enum { SENT, RETRIED, REFUSED, OUTCOMES };
enum { FULL, GIVEN_UP, REFUSED_ALL, REJECTED, REASONS };

struct oc_otlp {
    oc_otlp_options    options;
    char               url[SIGNALS][1024];
    struct curl_slist *headers;
    CURL              *curl;
    bool               gzip;
    request            queue[REQUESTS_MAX];
    size_t             n, bytes;
    uint64_t           seed;
    double             told_s;
    answer             answer;
    oc_frame_spans    *frames;
    oc_series         *exports[SIGNALS][OUTCOMES], *dropped[SIGNALS][REASONS], *waiting;
    pthread_t          thread;
    bool               started;
    pthread_mutex_t    lock;
    pthread_cond_t     wake;
    atomic_bool        stop;
    double             until_s; /* the end, once stop is set */
};

static double now_s(void)
{
    return (double)oc_now_ns() / SECOND_NS;
}

static void tell(oc_otlp *o, const char *what, const char *why)
{
    oc_error err = {0};
    if (!o->options.trouble || (o->told_s > 0.0 && now_s() - o->told_s < 60.0))
        return;
    o->told_s = now_s();
    (void)OC_FAIL(&err, OC_IO, "--otlp: %s: %.200s", what, why);
    o->options.trouble(o->options.ctx, &err);
}

/* ---- the queue ---- */

static void remove_at(oc_otlp *o, size_t i)
{
    o->bytes -= o->queue[i].body.cap;
    oc_strbuf_finish(&o->queue[i].body);
    memmove(&o->queue[i], &o->queue[i + 1], (o->n - i - 1) * sizeof(o->queue[0]));
    o->n--;
}

static void give_up(oc_otlp *o, size_t i, int reason)
{
    oc_series_add(o->dropped[o->queue[i].signal][reason], 1);
    remove_at(o, i);
}

static void push_take(oc_otlp *o, signal_kind signal, oc_strbuf *body)
{
    if (o->gzip && !oc_gzip(body))
        body->failed = true;
    while (o->n > 0 && (o->n == REQUESTS_MAX || o->bytes + body->cap > BYTES_MAX))
        give_up(o, 0, FULL);
    if (body->failed || body->cap > BYTES_MAX) {
        oc_series_add(o->dropped[signal][FULL], 1);
        oc_strbuf_finish(body);
        return;
    }
    o->bytes += body->cap;
    o->queue[o->n++] = (request){.signal = signal, .body = *body};
    *body = (oc_strbuf){0};
}

static void make_metrics(oc_otlp *o)
{
    oc_strbuf body = {0};
    uint64_t  now = (uint64_t)((int64_t)oc_now_ns() + oc_otlp_clock_offset());
    oc_series_set(o->waiting, (double)o->n);
    oc_otlp_metrics(o->options.metrics, now, &body);
    push_take(o, METRICS, &body);
}

static void make_traces(oc_otlp *o)
{
    size_t n;
    while (o->options.spans &&
           (n = oc_spans_take(o->options.spans, o->frames, FRAMES_A_REQUEST)) > 0) {
        oc_strbuf body = {0};
        oc_otlp_traces(o->frames, n, oc_otlp_clock_offset(), &o->seed, &body);
        push_take(o, TRACES, &body);
    }
}

/* ---- sending ---- */

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    answer *a = ctx;
    size_t  bytes = size * n, room = ANSWER_MAX - 1 - a->n;
    size_t  kept = bytes < room ? bytes : room;
    memcpy(a->text + a->n, data, kept);
    a->n += kept;
    return kept == bytes ? bytes : 0; /* more than we care to read: the transfer ends */
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
    static const char key[] = "retry-after:";
    answer           *a = ctx;
    size_t            bytes = size * n, skip = sizeof(key) - 1;
    if (bytes > skip && strncasecmp(data, key, skip) == 0) {
        while (skip < bytes && (data[skip] == ' ' || data[skip] == '\t'))
            skip++;
        size_t kept =
            bytes - skip < sizeof(a->retry_after) ? bytes - skip : sizeof(a->retry_after) - 1;
        memcpy(a->retry_after, data + skip, kept);
        a->retry_after[kept] = '\0';
        a->retry_after[strcspn(a->retry_after, "\r\n")] = '\0';
    }
    return bytes;
}

/* Nothing under way lasts longer than the time that is left at the end. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const oc_otlp *o = ctx;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(&o->stop) && now_s() > o->until_s;
}

double oc_otlp_wait(const char *retry_after, double now_unix_s, unsigned attempt, double jitter)
{
    const double most = 300.0;
    char        *end;
    double       s = retry_after && *retry_after ? strtod(retry_after, &end) : -1.0;
    if (retry_after && *retry_after && (end == retry_after || *end)) {
        time_t date = curl_getdate(retry_after, NULL);
        s = date == (time_t)-1 ? -1.0 : (double)date - now_unix_s;
    }
    if (isfinite(s) && s >= 0.0)
        return s < most ? s : most;
    if (isinf(s) && s > 0.0)
        return most;
    double base = attempt < 6 ? (double)(1u << attempt) : 60.0;
    return (base < 60.0 ? base : 60.0) * (0.5 + 0.5 * jitter);
}

static uint64_t count_of(const json_t *value)
{
    double n =
        json_is_string(value) ? strtod(json_string_value(value), NULL) : json_number_value(value);
    return n > 0.0 && n < 1e15 ? (uint64_t)n : 0;
}

/* A 200 may say that a part was rejected: that part is gone, nothing is sent again. */
static void read_partial(oc_otlp *o, signal_kind signal)
{
    json_t       *doc = json_loadb(o->answer.text, o->answer.n, 0, NULL);
    const json_t *partial = json_object_get(doc, "partialSuccess");
    const json_t *rejected =
        json_object_get(partial, signal == METRICS ? "rejectedDataPoints" : "rejectedSpans");
    const char *message = json_string_value(json_object_get(partial, "errorMessage"));
    uint64_t    n = count_of(rejected);
    oc_series_add(o->dropped[signal][REJECTED], n);
    if (n || (message && *message))
        tell(o, "the collector rejects a part", message ? message : "it does not say why");
    json_decref(doc);
}

static void retry(oc_otlp *o, size_t i, const char *why)
{
    request        *r = &o->queue[i];
    struct timespec t;
    uint64_t random = (o->seed = o->seed * 6364136223846793005u + 1442695040888963407u) >> 11;
    clock_gettime(CLOCK_REALTIME, &t);
    tell(o, "the collector cannot be reached", why);
    if (++r->attempts >= ATTEMPTS_MAX) {
        give_up(o, i, GIVEN_UP);
        return;
    }
    oc_series_add(o->exports[r->signal][RETRIED], 1);
    r->not_before_s = now_s() + oc_otlp_wait(o->answer.retry_after, (double)t.tv_sec,
                                             r->attempts - 1, (double)random / 9007199254740992.0);
    for (size_t k = 0; k < o->n; k++) /* the others need not find out by themselves */
        o->queue[k].not_before_s = fmax(o->queue[k].not_before_s, r->not_before_s);
}

static void send_one(oc_otlp *o, size_t i)
{
    request *r = &o->queue[i];
    long     code = 0, left = TIMEOUT_MS;
    char     why[CURL_ERROR_SIZE + 32] = "";
    o->answer.n = 0;
    o->answer.retry_after[0] = '\0';
    if (atomic_load(&o->stop))
        left = (long)fmax(1.0, (o->until_s - now_s()) * 1e3);
    curl_easy_setopt(o->curl, CURLOPT_URL, o->url[r->signal]);
    curl_easy_setopt(o->curl, CURLOPT_POSTFIELDS, r->body.data);
    curl_easy_setopt(o->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
    curl_easy_setopt(o->curl, CURLOPT_TIMEOUT_MS, left);
    curl_easy_setopt(o->curl, CURLOPT_ERRORBUFFER, why);
    CURLcode done = curl_easy_perform(o->curl);
    curl_easy_setopt(o->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_getinfo(o->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code && !*why)
        snprintf(why, sizeof(why), "it answers %ld", code);
    if (code >= 200 && code < 300) { /* it has taken it, however its answer ended */
        oc_series_add(o->exports[r->signal][SENT], 1);
        read_partial(o, r->signal);
        remove_at(o, i);
    } else if (code == 429 || code == 502 || code == 503 || code == 504 ||
               (code == 0 && done != CURLE_OK)) {
        retry(o, i, why);
    } else {
        oc_series_add(o->exports[r->signal][REFUSED], 1);
        tell(o, "the collector refuses", why);
        give_up(o, i, REFUSED_ALL);
    }
}

static void send_due(oc_otlp *o)
{
    for (size_t i = 0; i < o->n && !(atomic_load(&o->stop) && now_s() > o->until_s);) {
        size_t before = o->n;
        if (o->queue[i].not_before_s > now_s()) {
            i++;
            continue;
        }
        send_one(o, i);
        if (o->n == before)
            i++;
    }
    oc_series_set(o->waiting, (double)o->n);
}

static void *work(void *ctx)
{
    oc_otlp *o = ctx;
    double   next_metrics = now_s() + o->options.interval_s;
    while (!atomic_load(&o->stop)) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        double wait =
            fmin(fmax(next_metrics - now_s(), 0.0), o->n || o->options.spans ? TRACES_S : 3600.0);
        double to = (double)t.tv_sec + (double)t.tv_nsec * 1e-9 + wait;
        t.tv_sec = (time_t)to;
        t.tv_nsec = (long)((to - floor(to)) * 1e9);
        pthread_mutex_lock(&o->lock);
        while (!atomic_load(&o->stop) && pthread_cond_timedwait(&o->wake, &o->lock, &t) == 0)
            ;
        pthread_mutex_unlock(&o->lock);
        make_traces(o);
        if (now_s() >= next_metrics) {
            next_metrics = now_s() + o->options.interval_s;
            make_metrics(o);
        }
        send_due(o);
    }
    make_traces(o);
    make_metrics(o);
    for (size_t i = 0; i < o->n; i++)
        o->queue[i].not_before_s = 0.0;
    send_due(o);
    return NULL;
}

/* ---- life ---- */

static bool add_header(oc_otlp *o, const char *line)
{
    struct curl_slist *more = curl_slist_append(o->headers, line);
    o->headers = more ? more : o->headers;
    return more;
}

/* One "key=value"; the value as W3C's baggage has it, %20 for a blank. */
static bool read_header(oc_otlp *o, const char *at, size_t n)
{
    char        line[1024];
    const char *is = memchr(at, '=', n);
    int         length = 0;
    if (!is || is == at || n + 3 > sizeof(line) || memchr(at, '\n', n) || memchr(at, '\r', n))
        return false;
    if (is + 1 == at + n) { /* as curl wants a header without a value */
        snprintf(line, sizeof(line), "%.*s;", (int)(is - at), at);
        return add_header(o, line);
    }
    char *value = curl_easy_unescape(o->curl, is + 1, (int)(at + n - is - 1), &length);
    bool  good = value && strlen(value) == (size_t)length && !strpbrk(value, "\r\n");
    if (good) {
        snprintf(line, sizeof(line), "%.*s: %s", (int)(is - at), at, value);
        good = add_header(o, line);
    }
    curl_free(value);
    return good;
}

static oc_status read_headers(oc_otlp *o, const char *list, oc_error *err)
{
    if (!add_header(o, "Content-Type: application/json") ||
        (o->gzip && !add_header(o, "Content-Encoding: gzip")))
        return OC_FAIL(err, OC_NOMEM, "no memory for an exporter");
    while (list && *list) {
        list += strspn(list, " ");
        size_t n = strcspn(list, ",");
        if (!read_header(o, list, n))
            return OC_FAIL(err, OC_INVALID, "headers for the collector: 'key=value,key=value'");
        list += n + (list[n] == ',');
    }
    return OC_OK;
}

static oc_status read_compression(oc_otlp *o, oc_error *err)
{
    const char *c = o->options.compression ? o->options.compression : "";
    o->gzip = strcmp(c, "gzip") == 0;
    return o->gzip || !*c || strcmp(c, "none") == 0
               ? OC_OK
               : OC_FAIL(err, OC_INVALID, "compression '%.40s': gzip or none", c);
}

static oc_status set_up(oc_otlp *o, oc_error *err)
{
    const char *url = o->options.endpoint;
    size_t      n = strlen(url);
    if ((strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) || n > 900 ||
        strpbrk(url, " \r\n\t"))
        return OC_FAIL(err, OC_INVALID, "'%.200s': http://HOST:4318 or https://...", url);
    while (n > 0 && url[n - 1] == '/')
        n--;
    for (int s = 0; s < SIGNALS; s++)
        snprintf(o->url[s], sizeof(o->url[s]), "%.*s/v1/%s", (int)n, url, signal_names[s]);
    if (!(o->curl = curl_easy_init()) ||
        !(o->frames = calloc(FRAMES_A_REQUEST, sizeof(*o->frames))))
        return OC_FAIL(err, OC_NOMEM, "no memory for an exporter");
    oc_status st = read_compression(o, err);
    if (st == OC_OK)
        st = read_headers(o, o->options.headers, err);
    if (st != OC_OK)
        return st;
    curl_easy_setopt(o->curl, CURLOPT_HTTPHEADER, o->headers);
    curl_easy_setopt(o->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(o->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(o->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(o->curl, CURLOPT_CONNECTTIMEOUT_MS, TIMEOUT_MS / 2);
    curl_easy_setopt(o->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(o->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(o->curl, CURLOPT_XFERINFODATA, o);
    curl_easy_setopt(o->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(o->curl, CURLOPT_WRITEDATA, &o->answer);
    curl_easy_setopt(o->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(o->curl, CURLOPT_HEADERDATA, &o->answer);
    curl_easy_setopt(o->curl, CURLOPT_USERAGENT, "ocellus/" OC_VERSION);
    return OC_OK;
}

static void make_series(oc_otlp *o)
{
    static const char *const outcomes[] = {"sent", "retried", "refused"};
    static const char *const reasons[] = {"queue", "attempts", "refused", "rejected"};
    for (int s = 0; s < SIGNALS; s++) {
        const char *v[2] = {signal_names[s]};
        for (int i = 0; i < OUTCOMES; i++) {
            v[1] = outcomes[i];
            o->exports[s][i] = oc_metrics_series(o->options.metrics, OC_M_OTLP_EXPORTS, v);
        }
        for (int i = 0; i < REASONS; i++) {
            v[1] = reasons[i];
            o->dropped[s][i] = oc_metrics_series(o->options.metrics, OC_M_OTLP_DROPPED, v);
        }
    }
    o->waiting = oc_metrics_series(o->options.metrics, OC_M_OTLP_QUEUE, NULL);
}

oc_status oc_otlp_create(const oc_otlp_options *options, oc_otlp **out, oc_error *err)
{
    pthread_condattr_t attr;
    oc_otlp           *o = calloc(1, sizeof(*o));
    oc_status          st;
    if (!o)
        return OC_FAIL(err, OC_NOMEM, "no memory for an exporter");
    o->options = *options;
    if (!(o->options.interval_s > 0.0))
        o->options.interval_s = 10.0;
    if (getrandom(&o->seed, sizeof(o->seed), GRND_NONBLOCK) != sizeof(o->seed))
        o->seed = oc_now_ns();
    pthread_mutex_init(&o->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&o->wake, &attr);
    pthread_condattr_destroy(&attr);
    make_series(o);
    if ((st = set_up(o, err)) == OC_OK && pthread_create(&o->thread, NULL, work, o) != 0)
        st = OC_FAIL(err, OC_NOMEM, "no thread for an exporter");
    o->started = st == OC_OK;
    if (st != OC_OK) {
        oc_otlp_destroy(o);
        return st;
    }
    *out = o;
    return OC_OK;
}

void oc_otlp_destroy(oc_otlp *o)
{
    if (!o)
        return;
    if (o->started) {
        pthread_mutex_lock(&o->lock);
        o->until_s = now_s() + LAST_S;
        atomic_store(&o->stop, true);
        pthread_cond_signal(&o->wake);
        pthread_mutex_unlock(&o->lock);
        pthread_join(o->thread, NULL);
    }
    while (o->n > 0)
        remove_at(o, o->n - 1);
    curl_easy_cleanup(o->curl);
    curl_slist_free_all(o->headers);
    free(o->frames);
    pthread_cond_destroy(&o->wake);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

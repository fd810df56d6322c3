/* The server: routes, the kept page, connections that take too long. */
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "observe/exposition.h"
#include "observe/gzip.h"
#include "observe/http.h"
#include "observe/listen.h"

#define CONNECTIONS_MAX 1024
#define REQUEST_BYTES 16384 /* memory of a connection: more is "431" */
#define KEEP_S 75           /* a connection that does nothing; longer than scrapes are apart */
#define PAGE_NS 250000000u  /* a page made less than this ago is given again */
#define SECOND_NS 1000000000u
#define BODY_MAX (64u << 20)

typedef struct caller { /* a connection */
    int      fd;
    uint64_t until_ns; /* it is closed when it stands at the same place then */
} caller;

struct oc_http {
    oc_http_options      options;
    struct MHD_Daemon   *daemon;
    struct MHD_Response *page[OC_EXPOSITIONS][2]; /* plain, gzip */
    uint64_t             page_ns[OC_EXPOSITIONS][2];
    oc_series           *scrapes[OC_EXPOSITIONS], *duration, *connections, *cut;
    uint64_t             request_ns;
    char                 url[OC_URL_BYTES];

    pthread_mutex_t lock; /* below here */
    pthread_cond_t  wake;
    pthread_t       sweeper;
    bool            locks, sweeping, stop;
    caller         *caller; /* fd -1 = free */
    unsigned        n_places, n_callers;
};

/* ---- connections ---- */

static void on_connection(void *ctx, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode code)
{
    oc_http *h = ctx;
    pthread_mutex_lock(&h->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        unsigned i = 0;
        while (i < h->n_places && h->caller[i].fd >= 0)
            i++;
        *place = NULL;
        if (info && i < h->n_places) {
            h->caller[i] = (caller){info->connect_fd, oc_now_ns() + h->request_ns};
            *place = &h->caller[i];
            h->n_callers++;
            pthread_cond_signal(&h->wake);
        }
    } else if (*place) {
        /* before libmicrohttpd closes it: from here on the number may mean another file */
        ((caller *)*place)->fd = -1;
        h->n_callers--;
    }
    oc_series_set(h->connections, h->n_callers);
    pthread_mutex_unlock(&h->lock);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    oc_http                        *h = ctx;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    (void)request;
    (void)code;
    pthread_mutex_lock(&h->lock);
    if (info && info->socket_context)
        ((caller *)info->socket_context)->until_ns =
            oc_now_ns() + (uint64_t)KEEP_S * SECOND_NS + h->request_ns;
    pthread_mutex_unlock(&h->lock);
}

static void *sweep(void *ctx)
{
    oc_http        *h = ctx;
    struct timespec t;
    pthread_mutex_lock(&h->lock);
    while (!h->stop) {
        if (h->n_callers == 0) {
            pthread_cond_wait(&h->wake, &h->lock);
            continue;
        }
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec++;
        pthread_cond_timedwait(&h->wake, &h->lock, &t);
        uint64_t now = oc_now_ns();
        for (unsigned i = 0; i < h->n_places; i++)
            if (h->caller[i].fd >= 0 && now >= h->caller[i].until_ns) {
                shutdown(h->caller[i].fd, SHUT_RDWR); /* the serving thread sees its end */
                h->caller[i].until_ns = UINT64_MAX;
                oc_series_add(h->cut, 1);
            }
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* ---- answers ---- */

/* A response that owns the text's memory; NULL when there is none. */
static struct MHD_Response *respond(oc_strbuf *text, const char *type)
{
    if (text->failed || !text->data || text->n > BODY_MAX) {
        oc_strbuf_finish(text);
        return NULL;
    }
    struct MHD_Response *r =
        MHD_create_response_from_buffer(text->n, text->data, MHD_RESPMEM_MUST_FREE);
    if (!r) {
        oc_strbuf_finish(text);
        return NULL;
    }
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    return r;
}

static struct MHD_Response *make_page(oc_http *h, oc_exposition form, bool gzip)
{
    oc_strbuf text = {0};
    oc_exposition_write(h->options.metrics, form, &text);
    const bool           small = gzip && oc_gzip(&text);
    struct MHD_Response *r = respond(&text, oc_exposition_type(form));
    if (r && small)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (r)
        MHD_add_response_header(r, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
    return r;
}

static struct MHD_Response *metrics_page(oc_http *h, oc_exposition form, bool gzip)
{
    struct MHD_Response **page = &h->page[form][gzip];
    uint64_t             *made_ns = &h->page_ns[form][gzip], begin = oc_now_ns();
    if (!*page || begin - *made_ns >= PAGE_NS) {
        struct MHD_Response *fresh = make_page(h, form, gzip);
        if (!fresh)
            return NULL;
        if (*page)
            MHD_destroy_response(*page); /* those who still read it hold on to it */
        *page = fresh;
        *made_ns = oc_now_ns();
        oc_series_observe(h->duration, *made_ns - begin);
    }
    oc_series_add(h->scrapes[form], 1);
    return *page;
}

static enum MHD_Result send_text(struct MHD_Connection *to, unsigned code, oc_strbuf *text,
                                 const char *type)
{
    struct MHD_Response *r = respond(text, type);
    if (!r)
        return MHD_NO;
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result done = MHD_queue_response(to, code, r);
    MHD_destroy_response(r);
    return done;
}

static enum MHD_Result send_words(struct MHD_Connection *to, unsigned code, const char *words)
{
    oc_strbuf text = {0};
    oc_strbuf_put(&text, words);
    return send_text(to, code, &text, "text/plain; charset=utf-8");
}

static unsigned send_state(oc_http *h, struct MHD_Connection *to, oc_http_state_fn *state)
{
    oc_strbuf text = {0};
    bool      yes = !state || state(h->options.ctx, &text);
    unsigned  code = yes ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    if (!text.n)
        oc_strbuf_put(&text, yes ? "{\"ok\":true}\n" : "{\"ok\":false}\n");
    return send_text(to, code, &text, "application/json") == MHD_YES ? code : 0;
}

static unsigned send_metrics(oc_http *h, struct MHD_Connection *to)
{
    const char *accept = MHD_lookup_connection_value(to, MHD_HEADER_KIND, "Accept");
    const char *encoding = MHD_lookup_connection_value(to, MHD_HEADER_KIND, "Accept-Encoding");
    struct MHD_Response *page =
        metrics_page(h, oc_exposition_choose(accept), oc_exposition_gzip(encoding));
    if (page)
        return MHD_queue_response(to, MHD_HTTP_OK, page) == MHD_YES ? MHD_HTTP_OK : 0;
    return send_words(to, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n") == MHD_YES ? 500 : 0;
}

static const char *const paths[] = {"/metrics", "/live", "/ready", "/"};
enum { METRICS, LIVE, READY, INDEX, OTHER };

static unsigned answer(oc_http *h, struct MHD_Connection *to, size_t path, const char *method)
{
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return send_words(to, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n") ? 405 : 0;
    switch (path) {
    case METRICS: return send_metrics(h, to);
    case LIVE: return send_state(h, to, h->options.live);
    case READY: return send_state(h, to, h->options.ready);
    case INDEX: return send_words(to, MHD_HTTP_OK, "/metrics\n/live\n/ready\n") ? 200 : 0;
    default:
        return send_words(to, MHD_HTTP_NOT_FOUND, "there is /metrics, /live, /ready\n") ? 404 : 0;
    }
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **request)
{
    oc_http *h = ctx;
    size_t   path = 0;
    char     code_text[16];
    (void)version;
    (void)upload;
    (void)upload_bytes;
    /* asked once with the head alone, then at the request's end: an answer to the head closes the
     * connection, as it must where a body follows that nobody wants */
    if (!*request && (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)) {
        *request = h;
        return MHD_YES;
    }
    while (path < OTHER && strcmp(url, paths[path]) != 0)
        path++;
    unsigned code = answer(h, connection, path, method);
    snprintf(code_text, sizeof(code_text), "%u", code);
    const char *const values[] = {path < OTHER ? paths[path] : "other", code_text};
    if (code)
        oc_series_add(oc_metrics_series(h->options.metrics, OC_M_HTTP_REQUESTS, values), 1);
    return code ? MHD_YES : MHD_NO;
}

/* ---- life ---- */

static void make_series(oc_http *h)
{
    for (size_t i = 0; i < OC_EXPOSITIONS; i++) {
        const char *const name[] = {oc_exposition_name((oc_exposition)i)};
        h->scrapes[i] = oc_metrics_series(h->options.metrics, OC_M_SCRAPES, name);
    }
    h->duration = oc_metrics_series(h->options.metrics, OC_M_SCRAPE_DURATION, NULL);
    h->connections = oc_metrics_series(h->options.metrics, OC_M_HTTP_CONNECTIONS, NULL);
    h->cut = oc_metrics_series(h->options.metrics, OC_M_HTTP_CUT, NULL);
}

static oc_status start(oc_http *h, int fd, oc_error *err)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &attr);
    pthread_condattr_destroy(&attr);
    h->locks = true;
    for (unsigned i = 0; i < h->n_places; i++)
        h->caller[i].fd = -1;
    make_series(h);
    h->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ITC, 0, NULL, NULL, on_request, h,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, h->n_places,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)KEEP_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)REQUEST_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_END);
    if (!h->daemon) {
        close(fd);
        return OC_FAIL(err, OC_IO, "%s: the server does not start", h->options.address);
    }
    if (pthread_create(&h->sweeper, NULL, sweep, h) != 0)
        return OC_FAIL(err, OC_NOMEM, "%s: no thread for the server", h->options.address);
    h->sweeping = true;
    return OC_OK;
}

oc_status oc_http_create(const oc_http_options *options, oc_http **out, oc_error *err)
{
    int       fd = -1;
    oc_http  *h = calloc(1, sizeof(*h));
    oc_status st;
    if (!h)
        return OC_FAIL(err, OC_NOMEM, "no memory for the server");
    h->options = *options;
    h->n_places = options->connections_max ? options->connections_max : 32;
    if (h->n_places > CONNECTIONS_MAX)
        h->n_places = CONNECTIONS_MAX;
    h->request_ns = (uint64_t)((options->request_s > 0 ? options->request_s : 10.0) * 1e9);
    if (!(h->caller = calloc(h->n_places, sizeof(*h->caller))))
        st = OC_FAIL(err, OC_NOMEM, "no memory for the server");
    else if ((st = oc_listen(options->address, &fd, h->url, err)) == OC_OK)
        st = start(h, fd, err);
    if (st != OC_OK) {
        oc_http_destroy(h);
        return st;
    }
    *out = h;
    return OC_OK;
}

void oc_http_destroy(oc_http *h)
{
    if (!h)
        return;
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    if (h->sweeping) {
        pthread_mutex_lock(&h->lock);
        h->stop = true;
        pthread_cond_signal(&h->wake);
        pthread_mutex_unlock(&h->lock);
        pthread_join(h->sweeper, NULL);
    }
    for (size_t i = 0; i < 2 * OC_EXPOSITIONS; i++)
        if (h->page[i / 2][i % 2])
            MHD_destroy_response(h->page[i / 2][i % 2]);
    if (h->locks) {
        pthread_cond_destroy(&h->wake);
        pthread_mutex_destroy(&h->lock);
    }
    free(h->caller);
    free(h);
}

const char *oc_http_url(const oc_http *h)
{
    return h->url;
}

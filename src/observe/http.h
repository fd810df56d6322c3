/* http.h -- /metrics, /live and /ready for those who watch from outside.
 *
 * One thread serves (libmicrohttpd), a second one sleeps while nobody is connected and else closes
 * connections whose request does not arrive in time.  A page of metrics is made at most four times
 * a second, however many ask for it.  What a client may cost is bounded: connections, bytes of a
 * request, seconds until it has arrived and its answer is read. */
#ifndef OC_OBSERVE_HTTP_H
#define OC_OBSERVE_HTTP_H

#include "core/strbuf.h"
#include "telemetry/metrics.h"

typedef struct oc_http oc_http;

/* True = yes (200), false = no (503); the body, one JSON document, goes to `text`. */
typedef bool oc_http_state_fn(void *ctx, oc_strbuf *text);

typedef struct oc_http_options {
    const char       *address; /* "127.0.0.1:9464", "[::1]:9464", ":9464" or "9464" (this machine
                                  only), "0.0.0.0:9464" (all); port 0 = any that is free */
    unsigned          connections_max; /* 0 = 32 */
    double            request_s;       /* for a first request and its answer; 0 = 10 */
    oc_metrics       *metrics;         /* borrowed until destroy */
    oc_http_state_fn *live, *ready;    /* called from the serving thread; NULL: always yes */
    void             *ctx;
} oc_http_options;

/* Listens from here on.
 *
 * OC_INVALID  the address is none, or not of this machine
 * OC_IO       the port is taken, or may not be listened on */
OC_MUST_CHECK oc_status oc_http_create(const oc_http_options *options, oc_http **out,
                                       oc_error *err);
void                    oc_http_destroy(oc_http *h); /* NULL is fine; answers under way are cut */

const char *oc_http_url(const oc_http *h); /* "http://127.0.0.1:9464", with the port in use */

#endif

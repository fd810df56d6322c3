/* Events by HTTP POST, signed as Standard Webhooks ask: webhook-id, webhook-timestamp and
 * webhook-signature = "v1," base64(HMAC-SHA256(secret, "id.timestamp.body")).
 *
 * Source: Standard Webhooks specification 1.0.  The id of a request with one event is the event's;
 * of one with more it is the first one's and how many follow ("<id>+99"), the same on every try
 * of the same events.  2xx takes.  400, 413, 415 and 422 speak of the body: the events are
 * refused.  Everything else (a wrong token, a moved address, an overloaded server) speaks of the
 * receiver: the events wait. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/bus_kinds.h"
#include "events/sign.h"

#define ANSWER_MAX 65536 /* bytes looked at of an answer */

struct oc_bus {
    const oc_bus_options *o;
    CURL                 *curl;
    struct curl_slist    *headers; /* of every request */
    const char           *url, *token;
    unsigned char        *key; /* NULL: unsigned */
    size_t                n_key;
    size_t                batch, batch_max; /* events of a request: fewer while the line is slow */
    bool                  lines;
    char                 *body;
    size_t                n_body, cap_body, n_answer;
    char                  words[CURL_ERROR_SIZE];
};

static size_t take_answer(char *bytes, size_t size, size_t n, void *ctx)
{
    oc_bus *b = ctx;
    (void)bytes;
    b->n_answer += size * n;
    return b->n_answer > ANSWER_MAX ? 0 : size * n; /* 0: enough of it */
}

static int look_up(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const oc_bus *bus = ctx;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return __atomic_load_n(bus->o->cancel, __ATOMIC_RELAXED);
}

static oc_status read_secret(oc_bus *b, const char *secret, oc_error *err)
{
    bool encoded = strncmp(secret, "whsec_", 6) == 0;
    if (encoded)
        secret += 6;
    size_t n = strlen(secret);
    if (n == 0 || n > 1024)
        return OC_FAIL(err, OC_INVALID, "secret: %s", n ? "longer than 1024 bytes" : "is empty");
    if (!(b->key = malloc(n + 1)))
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    memcpy(b->key, secret, n);
    b->n_key = encoded ? oc_sign_unbase64(secret, b->key) : n;
    return b->n_key == SIZE_MAX ? OC_FAIL(err, OC_INVALID, "secret: is not base64 after whsec_")
                                : OC_OK;
}

static oc_status add_header(struct curl_slist **list, const char *text, oc_error *err)
{
    struct curl_slist *more = curl_slist_append(*list, text);
    if (!more)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    *list = more;
    return OC_OK;
}

static oc_status own_headers(oc_bus *b, oc_error *err)
{
    struct curl_slist **list = &b->headers;
    oc_status           st = add_header(
                  list, b->lines ? "Content-Type: application/x-ndjson" : "Content-Type: application/json",
                  err);
    if (st == OC_OK)
        st = add_header(list, "Expect:", err);
    if (st == OC_OK && b->token) {
        char text[2048];
        if (snprintf(text, sizeof(text), "Authorization: Bearer %s", b->token) >= (int)sizeof(text))
            return OC_FAIL(err, OC_INVALID, "token: longer than 2000 bytes");
        st = add_header(list, text, err);
    }
    for (size_t i = 0; i < b->o->n_pairs && st == OC_OK; i++) {
        const char *value = b->o->pair[i].value;
        if (strcmp(b->o->pair[i].key, "header") != 0)
            continue;
        if (!strchr(value, ':') || strpbrk(value, "\r\n"))
            return OC_FAIL(err, OC_INVALID, "header: '%.100s' is not \"Name: value\"", value);
        st = add_header(list, value, err);
    }
    return st;
}

static void set_file(oc_bus *b, CURLoption option, const char *key)
{
    const char *path = oc_bus_text(b->o, key, NULL);
    if (path)
        curl_easy_setopt(b->curl, option, path);
}

static oc_status set_up(oc_bus *b, oc_error *err)
{
    CURL *c = b->curl;
    if (strncmp(b->url, "http://", 7) != 0 && strncmp(b->url, "https://", 8) != 0)
        return OC_FAIL(err, OC_INVALID, "url: '%.100s' is not http:// or https://", b->url);
    if (strlen(b->url) > 8192)
        return OC_FAIL(err, OC_INVALID, "url: %zu bytes long, at most 8192", strlen(b->url));
    curl_easy_setopt(c, CURLOPT_URL, b->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)b->o->timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)b->o->timeout_ms);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, b->words);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, b);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, b);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "ocellus/" OC_VERSION);
    set_file(b, CURLOPT_CAINFO, "ca");
    set_file(b, CURLOPT_SSLCERT, "cert");
    set_file(b, CURLOPT_SSLKEY, "key");
    return own_headers(b, err);
}

static void webhook_close(oc_bus *b)
{
    curl_easy_cleanup(b->curl);
    curl_slist_free_all(b->headers);
    free(b->key);
    free(b->body);
    free(b);
}

static oc_status webhook_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    const char *secret = oc_bus_text(o, "secret", NULL);
    oc_bus     *b = calloc(1, sizeof(*b));
    oc_status   st = OC_OK;
    if (!b)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    b->o = o;
    b->url = oc_bus_text(o, "url", "");
    b->token = oc_bus_text(o, "token", NULL);
    b->batch = b->batch_max = (size_t)oc_bus_int(o, "batch", 100);
    b->lines = strcmp(oc_bus_text(o, "format", "json"), "ndjson") == 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    b->curl = curl_easy_init();
    if (!b->curl)
        st = OC_FAIL(err, OC_NOMEM, "libcurl: no memory for a request");
    if (st == OC_OK && secret)
        st = read_secret(b, secret, err);
    if (st == OC_OK)
        st = set_up(b, err);
    if (st != OC_OK) {
        webhook_close(b);
        return st;
    }
    *out = b;
    return OC_OK;
}

static bool add_body(oc_bus *b, const char *text, size_t n)
{
    if (b->n_body + n > b->cap_body) {
        size_t cap = 2 * (b->n_body + n);
        char  *more = realloc(b->body, cap);
        if (!more)
            return false;
        b->body = more;
        b->cap_body = cap;
    }
    memcpy(b->body + b->n_body, text, n);
    b->n_body += n;
    return true;
}

static bool make_body(oc_bus *b, const oc_bus_message *m, size_t n)
{
    bool ok = b->lines || add_body(b, "[", 1);
    for (size_t i = 0; i < n && ok; i++) {
        ok = (i == 0 || b->lines || add_body(b, ",\n", 2)) && add_body(b, m[i].body, m[i].n_body) &&
             (!b->lines || add_body(b, "\n", 1));
    }
    return ok && (b->lines || add_body(b, "]", 1));
}

/* The request's own headers, in front of those of every request. */
static struct curl_slist *request_headers(oc_bus *b, const oc_bus_message *m, size_t n)
{
    char id[160], stamp[40], text[400];
    snprintf(stamp, sizeof(stamp), "%lld", (long long)(b->o->wall_ms() / 1000));
    if (n == 1)
        snprintf(id, sizeof(id), "%s", m->id);
    else
        snprintf(id, sizeof(id), "%s+%zu", m->id, n - 1);
    snprintf(text, sizeof(text), "webhook-id: %s", id);
    struct curl_slist *list = NULL;
    oc_status          st = add_header(&list, text, NULL);
    snprintf(text, sizeof(text), "webhook-timestamp: %s", stamp);
    if (st == OC_OK)
        st = add_header(&list, text, NULL);
    if (st == OC_OK && b->key) {
        const oc_sign_part parts[] = {
            {id, strlen(id)}, {".", 1}, {stamp, strlen(stamp)}, {".", 1}, {b->body, b->n_body}};
        unsigned char mac[OC_SHA256_BYTES];
        char          code[64];
        oc_sign_hmac(b->key, b->n_key, parts, 5, mac);
        oc_sign_base64(mac, sizeof(mac), code);
        snprintf(text, sizeof(text), "webhook-signature: v1,%s", code);
        st = add_header(&list, text, NULL);
    }
    for (const struct curl_slist *h = b->headers; h && st == OC_OK; h = h->next)
        st = add_header(&list, h->data, NULL);
    if (st == OC_OK)
        return list;
    curl_slist_free_all(list);
    return NULL;
}

static oc_bus_fate judge(oc_bus *b, CURLcode rc, oc_bus_round *r, oc_status *st, oc_error *err)
{
    long       code = 0;
    curl_off_t wait_s = 0;
    curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(b->curl, CURLINFO_RETRY_AFTER, &wait_s);
    bool answered = rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && b->n_answer > ANSWER_MAX);
    if (answered && code >= 200 && code < 300)
        return OC_BUS_TAKEN;
    if (!answered) {
        *st =
            OC_FAIL(err, OC_IO, "%s: %s", b->url, b->words[0] ? b->words : curl_easy_strerror(rc));
        return rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST ? OC_BUS_UNSENT
                                                                               : OC_BUS_UNSURE;
    }
    if (wait_s > 0)
        r->wait_ms = wait_s > 3600 ? 3600u * 1000u : (uint32_t)wait_s * 1000;
    if (code == 400 || code == 413 || code == 415 || code == 422) {
        (void)OC_FAIL(err, OC_IO, "%s: answered %ld", b->url, code);
        return OC_BUS_REFUSED;
    }
    *st = OC_FAIL(err, OC_IO, "%s: answered %ld", b->url, code);
    return OC_BUS_UNSURE;
}

static oc_bus_fate request(oc_bus *b, const oc_bus_message *m, size_t n, oc_bus_round *r,
                           oc_status *st, oc_error *err)
{
    struct curl_slist *headers;
    b->n_body = b->n_answer = 0;
    b->words[0] = '\0';
    if (!make_body(b, m, n) || !(headers = request_headers(b, m, n))) {
        *st = OC_FAIL(err, OC_NOMEM, "out of memory for a request of %zu events", n);
        return OC_BUS_UNSENT;
    }
    curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS, b->body);
    curl_easy_setopt(b->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)b->n_body);
    CURLcode    rc = curl_easy_perform(b->curl);
    oc_bus_fate fate = judge(b, rc, r, st, err);
    curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    /* what did not get through in time would not the next time, either */
    if (rc == CURLE_OPERATION_TIMEDOUT)
        b->batch = n > 1 ? n / 2 : 1;
    else if (fate == OC_BUS_TAKEN)
        b->batch = 2 * b->batch < b->batch_max ? 2 * b->batch : b->batch_max;
    return fate;
}

static oc_status webhook_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < r->n && st == OC_OK;) {
        size_t      n = r->n - i < b->batch ? r->n - i : b->batch;
        oc_bus_fate fate = request(b, r->message + i, n, r, &st, err);
        memset(r->fate + i, fate, n);
        if (fate == OC_BUS_REFUSED) /* those behind it wait, so that order holds */
            break;
        i += n;
    }
    return st;
}

const oc_bus_ops oc_bus_webhook = {
    .abi = OC_BUS_ABI,
    .struct_size = sizeof(oc_bus_ops),
    .name = "webhook",
    .open = webhook_open,
    .deliver = webhook_deliver,
    .close = webhook_close,
};

/* NATS JetStream through nats.c: every event is a request with an inbox of its own, its answer the
 * stream's acknowledgement.  The header Nats-Msg-Id bears the event's id, by which the server drops
 * duplicates within the stream's window. */
#include <jansson.h>
#include <nats/nats.h>
#include <pthread.h>

#include "ocellus/bus_plugin.h"

#define SUBJECT_BYTES 1024
#define FORBIDDEN " .*>"
#define ACCOUNT_IS_FULL 10002 /* JetStream's err_code: passes, where others of 400 do not */

struct oc_bus {
    const oc_bus_options *o;
    natsConnection       *nc;
    natsSubscription     *answers;
    natsInbox            *inbox;
    const char           *url, *root, *pattern, *stream;
    uint64_t              rounds;
};

static void forget(oc_bus *b)
{
    natsSubscription_Destroy(b->answers);
    natsConnection_Destroy(b->nc);
    natsInbox_Destroy(b->inbox);
    b->answers = NULL;
    b->nc = NULL;
    b->inbox = NULL;
}

static oc_status failed(oc_bus *b, natsStatus rc, const char *doing, oc_error *err)
{
    const char *more = nats_GetLastError(NULL);
    return OC_BUS_FAIL(err, OC_IO, "%.100s: %s: %s", b->url, doing,
                       more && *more ? more : natsStatus_GetText(rc));
}

/* ---- connecting ---- */

static natsStatus set_options(oc_bus *b, natsOptions *no)
{
    const oc_bus_options *o = b->o;
    const char           *user = oc_bus_option_text(o, "user", NULL);
    const char           *token = oc_bus_option_text(o, "token", NULL);
    const char           *credentials = oc_bus_option_text(o, "credentials", NULL);
    const char *ca = oc_bus_option_text(o, "ca", NULL), *cert = oc_bus_option_text(o, "cert", NULL);
    natsStatus  rc = natsOptions_SetURL(no, NULL);
    char       *urls = strdup(b->url), *list[16], *rest = urls;
    int         n = 0;
    while (urls && n < 16 && (list[n] = strsep(&rest, ",")) != NULL)
        n++;
    if (urls)
        rc = natsOptions_SetServers(no, (const char **)list, n);
    free(urls);
    if (rc == NATS_OK)
        rc = natsOptions_SetAllowReconnect(no, false); /* the spool knows better what to send */
    if (rc == NATS_OK)
        rc = natsOptions_SetTimeout(no, o->timeout_ms < 3000 ? o->timeout_ms : 3000);
    if (rc == NATS_OK) /* a server that reads nothing must not hold a write of ours for ever */
        rc = natsOptions_SetWriteDeadline(no, o->timeout_ms);
    if (rc == NATS_OK)
        rc = natsOptions_SetName(no, o->device);
    if (rc == NATS_OK && user)
        rc = natsOptions_SetUserInfo(no, user, oc_bus_option_text(o, "password", ""));
    if (rc == NATS_OK && token)
        rc = natsOptions_SetToken(no, token);
    if (rc == NATS_OK && credentials)
        rc = natsOptions_SetUserCredentialsFromFiles(no, credentials, NULL);
    if (rc == NATS_OK && (ca || cert || strncmp(b->url, "tls:", 4) == 0))
        rc = natsOptions_SetSecure(no, true);
    if (rc == NATS_OK && ca)
        rc = natsOptions_LoadCATrustedCertificates(no, ca);
    if (rc == NATS_OK && cert)
        rc = natsOptions_LoadCertificatesChain(no, cert, oc_bus_option_text(o, "key", NULL));
    return rc;
}

/* Makes the stream where somebody asked for it and it is not there. */
static natsStatus have_stream(oc_bus *b)
{
    jsCtx        *js = NULL;
    jsStreamInfo *info = NULL;
    jsErrCode     code = 0;
    natsStatus    rc = natsConnection_JetStream(&js, b->nc, NULL);
    if (rc == NATS_OK)
        rc = js_GetStreamInfo(&info, js, b->stream, NULL, &code);
    if (rc == NATS_NOT_FOUND) {
        char           subject[SUBJECT_BYTES];
        const char    *subjects[] = {subject};
        jsStreamConfig config;
        snprintf(subject, sizeof(subject), "%.900s.>", b->root);
        jsStreamConfig_Init(&config);
        config.Name = b->stream;
        config.Subjects = subjects;
        config.SubjectsLen = 1;
        rc = js_AddStream(&info, js, &config, NULL, &code);
    }
    jsStreamInfo_Destroy(info);
    jsCtx_Destroy(js);
    return rc;
}

static oc_status connect_now(oc_bus *b, oc_error *err)
{
    natsOptions *no = NULL;
    char         subject[SUBJECT_BYTES];
    const char  *doing = "connecting";
    if (b->nc && natsConnection_Status(b->nc) == NATS_CONN_STATUS_CONNECTED)
        return OC_OK;
    forget(b);
    natsStatus rc = natsOptions_Create(&no);
    if (rc == NATS_OK)
        rc = set_options(b, no);
    if (rc == NATS_OK)
        rc = natsConnection_Connect(&b->nc, no);
    natsOptions_Destroy(no);
    if (rc == NATS_OK)
        rc = natsInbox_Create(&b->inbox);
    if (rc == NATS_OK) {
        snprintf(subject, sizeof(subject), "%s.*", b->inbox);
        doing = "subscribing to answers";
        rc = natsConnection_SubscribeSync(&b->answers, b->nc, subject);
    }
    if (rc == NATS_OK && b->stream) {
        doing = "looking for the stream";
        rc = have_stream(b);
    }
    if (rc == NATS_OK)
        return OC_OK;
    oc_status st = failed(b, rc, doing, err);
    forget(b);
    return st;
}

/* ---- rounds ---- */

static oc_status publish(oc_bus *b, oc_bus_round *r, size_t i, oc_error *err)
{
    const oc_bus_message *m = &r->message[i];
    char                  subject[SUBJECT_BYTES], reply[200];
    natsMsg              *msg = NULL;
    size_t n = oc_bus_topic(subject, sizeof(subject), b->pattern, b->root, b->o->device, m->stream,
                            m->type, FORBIDDEN);
    if (n >= sizeof(subject)) {
        r->fate[i] = OC_BUS_NEVER;
        (void)OC_BUS_FAIL(err, OC_INVALID, "subject of %zu bytes, at most %d", n,
                          SUBJECT_BYTES - 1);
        return OC_OK;
    }
    snprintf(reply, sizeof(reply), "%s.%llu-%zu", b->inbox, (unsigned long long)b->rounds, i);
    natsStatus rc = natsMsg_Create(&msg, subject, reply, m->body, (int)m->n_body);
    if (rc == NATS_OK)
        rc = natsMsgHeader_Set(msg, "Nats-Msg-Id", m->id);
    if (rc == NATS_OK)
        rc = natsConnection_PublishMsg(b->nc, msg);
    natsMsg_Destroy(msg);
    if (rc == NATS_MAX_PAYLOAD) {
        r->fate[i] = OC_BUS_NEVER;
        (void)failed(b, rc, "publishing", err);
        return OC_OK;
    }
    r->fate[i] = OC_BUS_UNSURE;
    return rc == NATS_OK ? OC_OK : failed(b, rc, "publishing", err);
}

/* {"stream": "EVENTS", "seq": 17} or {"error": {"code": 503, "description": "..."}} */
static oc_status judge(oc_bus *b, natsMsg *msg, uint8_t *fate, oc_error *err)
{
    if (natsMsg_IsNoResponders(msg))
        return OC_BUS_FAIL(err, OC_IO, "%.150s: no stream takes '%.150s'", b->url, b->pattern);
    const char *text = natsMsg_GetData(msg);
    json_t     *doc = text ? json_loadb(text, (size_t)natsMsg_GetDataLength(msg), 0, NULL) : NULL;
    json_t     *error = json_object_get(doc, "error");
    oc_status   st = OC_OK;
    if (json_is_object(error)) {
        long long   code = json_integer_value(json_object_get(error, "code"));
        const char *words = json_string_value(json_object_get(error, "description"));
        long long   kind = json_integer_value(json_object_get(error, "err_code"));
        if (code >= 400 && code < 500 && kind != ACCOUNT_IS_FULL)
            *fate = OC_BUS_REFUSED;
        else
            st = OC_IO;
        (void)OC_BUS_FAIL(err, OC_IO, "%.150s: stream says %lld: %.150s", b->url, code,
                          words ? words : "");
    } else if (json_is_string(json_object_get(doc, "stream")) &&
               json_integer_value(json_object_get(doc, "seq")) > 0) {
        *fate = OC_BUS_TAKEN;
    } else {
        st = OC_BUS_FAIL(err, OC_IO, "%.150s: acknowledgement makes no sense", b->url);
    }
    json_decref(doc);
    return st;
}

/* The index behind "<inbox>.<round>-"; SIZE_MAX: of an earlier round, or nonsense. */
static size_t index_of(const oc_bus *b, const char *subject, size_t n)
{
    size_t      length = strlen(b->inbox);
    char       *end;
    const char *at = subject && strncmp(subject, b->inbox, length) == 0 ? subject + length : NULL;
    if (!at || *at++ != '.' || strtoull(at, &end, 10) != b->rounds || *end != '-')
        return SIZE_MAX;
    unsigned long long i = strtoull(end + 1, &end, 10);
    return *end == '\0' && i < n ? (size_t)i : SIZE_MAX;
}

static oc_status await_answers(oc_bus *b, oc_bus_round *r, size_t n, oc_error *err)
{
    uint64_t  until = oc_bus_now_ms() + b->o->timeout_ms;
    oc_status st = OC_OK;
    while (n > 0 && st == OC_OK) {
        natsMsg   *msg = NULL;
        natsStatus rc = natsSubscription_NextMsg(&msg, b->answers, 50);
        if (rc != NATS_OK && rc != NATS_TIMEOUT)
            return failed(b, rc, "waiting for acknowledgements", err);
        if (rc == NATS_TIMEOUT) {
            if (natsConnection_IsClosed(b->nc))
                return failed(b, NATS_CONNECTION_CLOSED, "waiting for acknowledgements", err);
            if (oc_bus_cancelled(b->o) || oc_bus_now_ms() > until)
                return OC_BUS_FAIL(err, OC_IO, "%.150s: no answer to %zu events in %u ms", b->url,
                                   n, b->o->timeout_ms);
            continue;
        }
        size_t i = index_of(b, natsMsg_GetSubject(msg), r->n);
        if (i != SIZE_MAX && r->fate[i] == OC_BUS_UNSURE) {
            st = judge(b, msg, &r->fate[i], err);
            n--;
        }
        natsMsg_Destroy(msg);
    }
    return st;
}

static oc_status nats_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = connect_now(b, err);
    size_t    n = 0;
    if (st != OC_OK)
        return st;
    b->rounds++;
    for (size_t i = 0; i < r->n && st == OC_OK; i++) {
        st = publish(b, r, i, err);
        n += r->fate[i] == OC_BUS_UNSURE;
    }
    if (st == OC_OK)
        st = await_answers(b, r, n, err);
    if (st != OC_OK)
        forget(b);
    return st;
}

static void nats_close(oc_bus *b)
{
    forget(b);
    free(b);
}

static oc_status check_options(oc_bus *b, oc_error *err)
{
    char   subject[SUBJECT_BYTES];
    size_t n =
        oc_bus_topic(subject, sizeof(subject), b->pattern, b->root, b->o->device, "s", "t", "");
    if (!*b->url || strlen(b->url) > 4096)
        return OC_BUS_FAIL(err, OC_INVALID, "url: %zu bytes long, 1 to 4096", strlen(b->url));
    if (n == SIZE_MAX)
        return OC_BUS_FAIL(err, OC_INVALID,
                           "subject: only {root}, {device}, {stream} and {type} stand in braces");
    if (n == 0 || n > SUBJECT_BYTES / 2)
        return OC_BUS_FAIL(err, OC_INVALID, "subject: %zu bytes long, 1 to %d", n,
                           SUBJECT_BYTES / 2);
    if (strpbrk(subject, " *>\t\r\n") || strstr(subject, "..") || subject[0] == '.' ||
        subject[n - 1] == '.')
        return OC_BUS_FAIL(err, OC_INVALID, "subject: '%.100s' cannot be published to", subject);
    if (b->stream && (!*b->stream || strlen(b->stream) > 250 || strpbrk(b->stream, FORBIDDEN)))
        return OC_BUS_FAIL(err, OC_INVALID, "stream: 1 to 250 bytes without blanks and . * >");
    return OC_OK;
}

static void lib_init(void)
{
    nats_Open(-1);
}

static oc_status nats_bus_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, lib_init);
    oc_bus *b = calloc(1, sizeof(*b));
    if (!b)
        return OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    *b = (oc_bus){.o = o,
                  .url = oc_bus_option_text(o, "url", ""),
                  .root = oc_bus_option_text(o, "root", "ocellus"),
                  .pattern = oc_bus_option_text(o, "subject", "{root}.{device}.{stream}.{type}"),
                  .stream = oc_bus_option_text(o, "stream", NULL)};
    oc_status st = check_options(b, err);
    if (st != OC_OK) {
        free(b);
        return st;
    }
    *out = b;
    return OC_OK;
}

static const oc_bus_ops table = {
    .abi = OC_BUS_ABI,
    .struct_size = sizeof(oc_bus_ops),
    .name = "nats",
    .open = nats_bus_open,
    .deliver = nats_deliver,
    .close = nats_close,
};

OC_API const oc_bus_ops *oc_bus_entry(void);

const oc_bus_ops *oc_bus_entry(void)
{
    return &table;
}

/* Kafka through librdkafka's idempotent producer: key = stream, so that a stream stays in one
 * partition and in order; headers id and type.  acks=all.
 *
 * The library's own retries work within a round; what is not delivered when the round's time is
 * over is taken back, and the next round starts with a new producer. */
#include <librdkafka/rdkafka.h>

#include "ocellus/bus_plugin.h"

struct oc_bus {
    const oc_bus_options *o;
    rd_kafka_t           *rk; /* NULL: none */
    rd_kafka_topic_t     *rkt;
    const char           *brokers, *topic;
    oc_bus_round         *round;
    size_t                waiting;
    bool                  broken; /* something failed: take the rest back */
    char                  words[200];
};

static void note(oc_bus *b, const char *words)
{
    if (!b->words[0])
        snprintf(b->words, sizeof(b->words), "%s", words);
}

/* Not INVALID_TIMESTAMP: that is this machine's clock, and passes. */
static bool speaks_of_the_event(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION: return true;
    default: return false;
    }
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *ctx)
{
    oc_bus *b = ctx;
    (void)rk;
    size_t i = (size_t)(uintptr_t)m->_private;
    if (!b->round || i >= b->round->n)
        return;
    b->waiting--;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        b->round->fate[i] = OC_BUS_TAKEN;
        return;
    }
    note(b, rd_kafka_err2str(m->err));
    if (speaks_of_the_event(m->err)) {
        b->round->fate[i] = OC_BUS_REFUSED;
        return;
    }
    b->broken = true;
    if (rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED)
        b->round->fate[i] = OC_BUS_UNSENT;
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *ctx)
{
    oc_bus *b = ctx;
    (void)rk;
    (void)code;
    b->words[0] = '\0'; /* the latest says most */
    note(b, reason);
}

static void on_log(const rd_kafka_t *rk, int level, const char *what, const char *text)
{
    (void)rk; /* a library prints nothing */
    (void)level;
    (void)what;
    (void)text;
}

/* ---- the producer ---- */

static rd_kafka_conf_res_t set_all(const oc_bus *b, rd_kafka_conf_t *conf, char *why, size_t n)
{
    const oc_bus_options *o = b->o;
    char                  timeout[16];
    const char           *user = oc_bus_option_text(o, "user", NULL);
    const char           *ca = oc_bus_option_text(o, "ca", NULL);
    bool tls = oc_bus_option_bool(o, "tls", false) || ca || oc_bus_option_text(o, "cert", NULL);
    snprintf(timeout, sizeof(timeout), "%u", o->timeout_ms);
    const oc_bus_pair rows[] = {
        {"bootstrap.servers", b->brokers},
        {"client.id", o->device},
        {"enable.idempotence", "true"},
        {"linger.ms", "5"},
        {"message.timeout.ms", timeout},
        {"socket.keepalive.enable", "true"},
        {"security.protocol",
         user ? (tls ? "sasl_ssl" : "sasl_plaintext") : (tls ? "ssl" : "plaintext")},
        {"sasl.mechanism", user ? oc_bus_option_text(o, "mechanism", "SCRAM-SHA-512") : NULL},
        {"sasl.username", user},
        {"sasl.password", user ? oc_bus_option_text(o, "password", NULL) : NULL},
        {"ssl.ca.location", ca},
        {"ssl.endpoint.identification.algorithm", tls ? "https" : NULL}, /* not so before 2.0 */
        {"ssl.certificate.location", oc_bus_option_text(o, "cert", NULL)},
        {"ssl.key.location", oc_bus_option_text(o, "key", NULL)},
    };
    rd_kafka_conf_res_t rc = RD_KAFKA_CONF_OK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && rc == RD_KAFKA_CONF_OK; i++)
        if (rows[i].value)
            rc = rd_kafka_conf_set(conf, rows[i].key, rows[i].value, why, n);
    for (size_t i = 0; i < o->n_pairs && rc == RD_KAFKA_CONF_OK; i++) {
        const char *value = o->pair[i].value, *eq = strchr(value, '=');
        char        name[100];
        if (strcmp(o->pair[i].key, "set") != 0)
            continue;
        if (!eq || eq - value >= (int)sizeof(name)) {
            snprintf(why, n, "'%.100s' is not name=value", value);
            return RD_KAFKA_CONF_INVALID;
        }
        snprintf(name, sizeof(name), "%.*s", (int)(eq - value), value);
        rc = rd_kafka_conf_set(conf, name, eq + 1, why, n);
    }
    return rc;
}

static oc_status make_producer(oc_bus *b, oc_error *err)
{
    char why[300] = "";
    if (b->rk)
        return OC_OK;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, b);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (set_all(b, conf, why, sizeof(why)) != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return OC_BUS_FAIL(err, OC_INVALID, "set: %s", why);
    }
    b->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!b->rk) {
        rd_kafka_conf_destroy(conf);
        return OC_BUS_FAIL(err, OC_INVALID, "%s", why);
    }
    b->rkt = rd_kafka_topic_new(b->rk, b->topic, NULL);
    return b->rkt
               ? OC_OK
               : OC_BUS_FAIL(err, OC_INVALID, "topic: %s", rd_kafka_err2str(rd_kafka_last_error()));
}

static void drop_producer(oc_bus *b)
{
    if (b->rkt)
        rd_kafka_topic_destroy(b->rkt);
    if (b->rk)
        rd_kafka_destroy(b->rk);
    b->rkt = NULL;
    b->rk = NULL;
}

/* ---- rounds ---- */

static rd_kafka_resp_err_t produce(oc_bus *b, size_t i)
{
    const oc_bus_message *m = &b->round->message[i];
    rd_kafka_headers_t   *h = rd_kafka_headers_new(2);
    rd_kafka_header_add(h, "id", -1, m->id, -1);
    rd_kafka_header_add(h, "type", -1, m->type, -1);
    const rd_kafka_vu_t what[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = b->rkt},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)m->stream, strlen(m->stream)}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)m->body, m->n_body}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = h},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)i},
    };
    rd_kafka_error_t *e = rd_kafka_produceva(b->rk, what, sizeof(what) / sizeof(what[0]));
    if (!e)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(e);
    rd_kafka_error_destroy(e);
    rd_kafka_headers_destroy(h);
    return code;
}

static void produce_all(oc_bus *b)
{
    for (size_t i = 0; i < b->round->n && !b->broken; i++) {
        rd_kafka_resp_err_t rc = produce(b, i);
        if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
            b->round->fate[i] = OC_BUS_UNSURE;
            b->waiting++;
            continue;
        }
        note(b, rd_kafka_err2str(rc));
        if (rc == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
            b->round->fate[i] = OC_BUS_NEVER;
        else
            b->broken = true;
    }
}

static oc_status kafka_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = make_producer(b, err);
    if (st != OC_OK)
        return OC_IO;
    b->round = r;
    b->waiting = 0;
    b->broken = false;
    b->words[0] = '\0';
    produce_all(b);
    uint64_t until = oc_bus_now_ms() + b->o->timeout_ms;
    while (b->waiting > 0 && !b->broken && !oc_bus_cancelled(b->o) && oc_bus_now_ms() < until)
        rd_kafka_poll(b->rk, 20);
    if (b->waiting > 0 || b->broken || rd_kafka_fatal_error(b->rk, NULL, 0)) {
        rd_kafka_purge(b->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(b->rk, 100);
        st = OC_BUS_FAIL(err, OC_IO, "%.150s: %s", b->brokers,
                         b->words[0] ? b->words : "no answer in time");
        drop_producer(b);
    } else if (b->words[0]) {
        (void)OC_BUS_FAIL(err, OC_IO, "%.150s: %s", b->brokers, b->words);
    }
    b->round = NULL;
    return st;
}

static oc_status kafka_idle(oc_bus *b, oc_error *err)
{
    (void)err;
    if (b->rk)
        rd_kafka_poll(b->rk, 0);
    return OC_OK;
}

static void kafka_close(oc_bus *b)
{
    drop_producer(b);
    free(b);
}

static oc_status kafka_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    oc_bus *b = calloc(1, sizeof(*b));
    if (!b)
        return OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    b->o = o;
    b->brokers = oc_bus_option_text(o, "brokers", "");
    b->topic = oc_bus_option_text(o, "topic", "ocellus-events");
    size_t    n = strlen(b->topic);
    oc_status st = OC_OK;
    if (!*b->brokers)
        st = OC_BUS_FAIL(err, OC_INVALID, "brokers: is empty");
    else if (n == 0 || n > 249 ||
             strspn(b->topic,
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
        st = OC_BUS_FAIL(err, OC_INVALID,
                         "topic: %zu bytes; Kafka takes 1 to 249 letters, digits and . _ -", n);
    if (st == OC_OK)
        st = make_producer(b, err); /* what is wrong with the options shows here */
    if (st != OC_OK) {
        kafka_close(b);
        return st;
    }
    *out = b;
    return OC_OK;
}

static const oc_bus_ops table = {
    .abi = OC_BUS_ABI,
    .struct_size = sizeof(oc_bus_ops),
    .name = "kafka",
    .open = kafka_open,
    .deliver = kafka_deliver,
    .idle = kafka_idle,
    .close = kafka_close,
};

OC_API const oc_bus_ops *oc_bus_entry(void);

const oc_bus_ops *oc_bus_entry(void)
{
    return &table;
}

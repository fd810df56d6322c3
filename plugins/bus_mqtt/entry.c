/* MQTT 3.1.1 and 5 through libmosquitto: a connection is a client of its own, made and thrown away,
 * so that the library keeps nothing that the spool keeps already.
 *
 * Events go with QoS 1 and count as taken when PUBACK has come (version 5: with a good reason). */
#include <errno.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <pthread.h>

#include "mqtt.h"

#define IDLE_TURNS 1000

static void on_connect(struct mosquitto *m, void *ctx, int rc, int flags,
                       const mosquitto_property *props)
{
    oc_bus *b = ctx;
    (void)m;
    (void)flags;
    (void)props;
    b->connected = rc == 0;
    b->refused = rc != 0;
    b->reason = rc;
}

static void on_disconnect(struct mosquitto *m, void *ctx, int rc)
{
    oc_bus *b = ctx;
    (void)m;
    (void)rc;
    b->lost = true;
}

/* A broker may acknowledge what was never sent: only what waits is looked for. */
static void on_publish(struct mosquitto *m, void *ctx, int mid, int reason,
                       const mosquitto_property *props)
{
    oc_bus *b = ctx;
    (void)m;
    (void)props;
    for (size_t i = 0; i < b->n_wait; i++) {
        if (b->wait[i].mid != mid)
            continue;
        b->round->fate[b->wait[i].index] = reason >= 0x80 ? OC_BUS_REFUSED : OC_BUS_TAKEN;
        if (reason >= 0x80)
            snprintf(b->words, sizeof(b->words), "%s",
                     mosquitto_reason_string(reason) ? mosquitto_reason_string(reason) : "?");
        b->wait[i] = b->wait[--b->n_wait];
        return;
    }
}

static void on_subscribe(struct mosquitto *m, void *ctx, int mid, int n, const int *qos)
{
    oc_bus *b = ctx;
    (void)m;
    (void)n;
    (void)qos;
    b->barrier_done = mid;
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
    oc_bus *b = ctx;
    (void)m;
    size_t n = msg->payloadlen > 0 ? (size_t)msg->payloadlen : 0;
    if (b->group)
        sparkplug_command(b, msg->payload, n);
    else if (n == 6 && memcmp(msg->payload, "online", 6) == 0)
        b->announce = true;
}

static void forget(oc_bus *b)
{
    if (b->m)
        mosquitto_destroy(b->m);
    b->m = NULL;
    b->connected = false;
}

static oc_status lib_failed(oc_bus *b, int rc, const char *doing, oc_error *err)
{
    return OC_BUS_FAIL(err, OC_IO, "%s:%d: %s: %s", b->host, b->port, doing,
                       rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc));
}

oc_status mqtt_publish(oc_bus *b, const char *topic, const void *bytes, size_t n, int qos,
                       bool retain, oc_error *err)
{
    int rc = mosquitto_publish(b->m, NULL, topic, (int)n, bytes, qos, retain);
    return rc == MOSQ_ERR_SUCCESS ? OC_OK : lib_failed(b, rc, "publishing", err);
}

oc_status mqtt_turn(oc_bus *b, int ms, oc_error *err)
{
    int rc = mosquitto_loop(b->m, ms, 1);
    if (rc == MOSQ_ERR_SUCCESS && !b->lost)
        return OC_OK;
    oc_status st =
        lib_failed(b, rc != MOSQ_ERR_SUCCESS ? rc : MOSQ_ERR_CONN_LOST, "connection", err);
    forget(b);
    return st;
}

/* ---- connecting ---- */

static int set_tls(oc_bus *b)
{
    const oc_bus_options *o = b->o;
    const char           *ca = oc_bus_option_text(o, "ca", NULL);
    const char           *version = oc_bus_option_text(o, "tls_version", "1.2");
    int                   rc = mosquitto_tls_set(b->m, ca, ca ? NULL : "/etc/ssl/certs",
                                                 oc_bus_option_text(o, "cert", NULL),
                                                 oc_bus_option_text(o, "key", NULL), NULL);
    /* a version and ciphers of today, the certificate and its name looked at */
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_tls_opts_set(b->m, 1, strcmp(version, "1.3") == 0 ? "tlsv1.3" : "tlsv1.2",
                                    NULL);
    return rc;
}

static int set_will(oc_bus *b)
{
    unsigned char death[256];
    char          topic[TOPIC_BYTES];
    if (!b->group)
        return mosquitto_will_set(b->m, b->status_topic, 7, "offline", 1, true);
    size_t n = sparkplug_death(b, death, sizeof(death));
    sparkplug_topic(b, topic, sizeof(topic), "NDEATH", NULL);
    return mosquitto_will_set(b->m, topic, (int)n, death, 1, false);
}

static int prepare(oc_bus *b)
{
    const char *user = oc_bus_option_text(b->o, "user", NULL);
    int         rc = mosquitto_int_option(b->m, MOSQ_OPT_PROTOCOL_VERSION,
                                  b->v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
    mosquitto_connect_v5_callback_set(b->m, on_connect);
    mosquitto_disconnect_callback_set(b->m, on_disconnect);
    mosquitto_publish_v5_callback_set(b->m, on_publish);
    mosquitto_subscribe_callback_set(b->m, on_subscribe);
    mosquitto_message_callback_set(b->m, on_message);
    mosquitto_max_inflight_messages_set(b->m, 0);
    if (rc == MOSQ_ERR_SUCCESS && user)
        rc = mosquitto_username_pw_set(b->m, user, oc_bus_option_text(b->o, "password", NULL));
    if (rc == MOSQ_ERR_SUCCESS && b->tls)
        rc = set_tls(b);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = set_will(b);
    return rc;
}

static oc_status await_connection(oc_bus *b, oc_error *err)
{
    uint64_t until = oc_bus_now_ms() + b->o->timeout_ms;
    while (!b->connected && !b->refused) {
        if (oc_bus_cancelled(b->o) || oc_bus_now_ms() > until) {
            forget(b);
            return OC_BUS_FAIL(err, OC_IO, "%s:%d: no answer to a connection in %u ms", b->host,
                               b->port, b->o->timeout_ms);
        }
        oc_status st = mqtt_turn(b, 50, err);
        if (st != OC_OK) {
            if (b->refused) /* said so, and hung up */
                break;
            return st;
        }
    }
    if (!b->refused)
        return OC_OK;
    OC_BUS_FAIL(err, OC_IO, "%s:%d: refused: %s", b->host, b->port,
                b->v5 ? mosquitto_reason_string(b->reason) : mosquitto_connack_string(b->reason));
    forget(b);
    return OC_IO;
}

static oc_status go_online(oc_bus *b, oc_error *err)
{
    if (!b->group) {
        oc_status st = b->state ? home_connected(b, err) : OC_OK;
        return st == OC_OK ? home_update(b, err) : st;
    }
    char topic[TOPIC_BYTES];
    sparkplug_topic(b, topic, sizeof(topic), "NCMD", NULL);
    int rc = mosquitto_subscribe(b->m, NULL, topic, 1);
    return rc == MOSQ_ERR_SUCCESS ? sparkplug_connected(b, err)
                                  : lib_failed(b, rc, "subscribing", err);
}

static oc_status connect_now(oc_bus *b, oc_error *err)
{
    int rc = MOSQ_ERR_NOMEM;
    if (b->m)
        return OC_OK;
    b->refused = b->lost = false;
    b->bd_seq = b->connections++ % 256; /* of the Will that goes with this one */
    b->m = mosquitto_new(b->client_id, true, b);
    if (b->m && (rc = prepare(b)) == MOSQ_ERR_SUCCESS)
        rc = mosquitto_connect_async(b->m, b->host, b->port,
                                     (int)oc_bus_option_int(b->o, "keepalive", 30));
    if (rc != MOSQ_ERR_SUCCESS) {
        oc_status st = lib_failed(b, rc, "connecting", err);
        forget(b);
        return st;
    }
    oc_status st = await_connection(b, err);
    if (st == OC_OK && (st = go_online(b, err)) != OC_OK)
        forget(b);
    return st;
}

/* ---- rounds ---- */

static int publish_event(oc_bus *b, const char *topic, const oc_bus_message *m, int *mid)
{
    mosquitto_property *props = NULL;
    int                 rc = MOSQ_ERR_SUCCESS;
    if (b->v5) {
        rc = mosquitto_property_add_string(&props, MQTT_PROP_CONTENT_TYPE, "application/json");
        if (rc == MOSQ_ERR_SUCCESS)
            rc = mosquitto_property_add_string_pair(&props, MQTT_PROP_USER_PROPERTY, "id", m->id);
    }
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_publish_v5(b->m, mid, topic, (int)m->n_body, m->body, 1, false, props);
    mosquitto_property_free_all(&props);
    return rc;
}

static oc_status send_event(oc_bus *b, oc_bus_round *r, size_t i, oc_error *err)
{
    const oc_bus_message *m = &r->message[i];
    char                  topic[TOPIC_BYTES];
    int                   mid = 0;
    size_t n = oc_bus_topic(topic, sizeof(topic), b->pattern, b->root, b->o->device, m->stream,
                            m->type, FORBIDDEN);
    if (n >= sizeof(topic)) {
        r->fate[i] = OC_BUS_NEVER;
        (void)OC_BUS_FAIL(err, OC_INVALID, "topic of %zu bytes, at most %d", n, TOPIC_BYTES - 1);
        return OC_OK;
    }
    int rc = publish_event(b, topic, m, &mid);
    if (rc == MOSQ_ERR_PAYLOAD_SIZE || rc == MOSQ_ERR_OVERSIZE_PACKET ||
        rc == MOSQ_ERR_MALFORMED_UTF8 || rc == MOSQ_ERR_INVAL) {
        r->fate[i] = OC_BUS_NEVER;
        (void)lib_failed(b, rc, "publishing", err);
        return OC_OK;
    }
    r->fate[i] = OC_BUS_UNSURE;
    if (rc != MOSQ_ERR_SUCCESS)
        return lib_failed(b, rc, "publishing", err);
    b->wait[b->n_wait++] = (waiting){mid, i};
    return OC_OK;
}

static oc_status await_answers(oc_bus *b, oc_error *err)
{
    uint64_t until = oc_bus_now_ms() + b->o->timeout_ms;
    size_t   before = b->n_wait;
    while (b->n_wait > 0 || b->barrier != b->barrier_done) {
        oc_status st = mqtt_turn(b, 20, err);
        if (st != OC_OK)
            return st;
        if (b->n_wait < before) {
            before = b->n_wait;
            until = oc_bus_now_ms() + b->o->timeout_ms;
        }
        if (oc_bus_cancelled(b->o) || oc_bus_now_ms() > until) {
            size_t left = b->n_wait;
            forget(b); /* a late answer must not be taken for one to the next round */
            return OC_BUS_FAIL(err, OC_IO, "%s:%d: no answer to %zu events in %u ms", b->host,
                               b->port, left ? left : b->round->n, b->o->timeout_ms);
        }
    }
    if (b->words[0])
        (void)OC_BUS_FAIL(err, OC_IO, "%s:%d: event refused: %s", b->host, b->port, b->words);
    return OC_OK;
}

static oc_status sparkplug_round(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    char      topic[TOPIC_BYTES];
    oc_status st = OC_OK;
    for (size_t i = 0; i < r->n && st == OC_OK; i++) {
        st = sparkplug_send(b, &r->message[i], err);
        r->fate[i] = OC_BUS_UNSURE;
        if (st == OC_INVALID) {
            r->fate[i] = OC_BUS_NEVER;
            st = OC_OK;
        }
    }
    if (st != OC_OK)
        return st;
    sparkplug_topic(b, topic, sizeof(topic), "NCMD", NULL);
    int rc = mosquitto_subscribe(b->m, &b->barrier, topic, 1);
    if (rc != MOSQ_ERR_SUCCESS)
        return lib_failed(b, rc, "subscribing", err);
    if ((st = await_answers(b, err)) != OC_OK)
        return st;
    for (size_t i = 0; i < r->n; i++)
        if (r->fate[i] == OC_BUS_UNSURE)
            r->fate[i] = OC_BUS_TAKEN;
    b->n_counted = 0;
    return b->rebirth ? sparkplug_births(b, err) : OC_OK;
}

static oc_status plain_round(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < r->n && st == OC_OK; i++)
        st = send_event(b, r, i, err);
    if (st == OC_OK)
        st = await_answers(b, err);
    for (size_t i = 0; i < r->n && b->state; i++)
        if (r->fate[i] == OC_BUS_TAKEN)
            entities_learn(&b->known, &r->message[i]);
    return st == OC_OK ? home_update(b, err) : st;
}

static oc_status mqtt_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = connect_now(b, err);
    if (st != OC_OK)
        return st;
    b->round = r;
    b->n_wait = 0;
    b->words[0] = '\0';
    b->barrier = b->barrier_done = 0;
    st = b->group ? sparkplug_round(b, r, err) : plain_round(b, r, err);
    b->n_wait = 0;
    if (st != OC_OK)
        forget(b);
    return st;
}

static oc_status mqtt_idle(oc_bus *b, oc_error *err)
{
    oc_status st = connect_now(b, err);
    for (int i = 0; i < IDLE_TURNS && st == OC_OK; i++) { /* a turn reads one packet */
        struct pollfd p = {.fd = mosquitto_socket(b->m), .events = POLLIN};
        st = mqtt_turn(b, 0, err);
        if (poll(&p, 1, 0) <= 0)
            break;
    }
    if (st == OC_OK && b->group && b->rebirth)
        st = sparkplug_births(b, err);
    if (st == OC_OK && !b->group && b->announce)
        st = home_update(b, err);
    return st;
}

/* ---- opening and closing ---- */

/* libmosquitto before 2.1 ends the whole program (an assert in log__printf) when an answer of
 * version 5 has a property that it does not know.  Over TLS nobody on the way can put one in. */
static bool survives_bad_properties(void)
{
    int major = 0, minor = 0, revision = 0;
    mosquitto_lib_version(&major, &minor, &revision);
    return major > 2 || (major == 2 && minor >= 1);
}

static oc_status read_options(oc_bus *b, oc_error *err)
{
    const oc_bus_options *o = b->o;
    char                  topic[TOPIC_BYTES];
    b->host = oc_bus_option_text(o, "host", "");
    b->tls = oc_bus_option_bool(o, "tls", false) || oc_bus_option_text(o, "ca", NULL) ||
             oc_bus_option_text(o, "cert", NULL);
    b->port = (int)oc_bus_option_int(o, "port", b->tls ? 8883 : 1883);
    b->v5 = strcmp(oc_bus_option_text(o, "version", "3.1.1"), "5") == 0;
    b->root = oc_bus_option_text(o, "root", "ocellus");
    b->pattern = oc_bus_option_text(o, "topic", "{root}/{device}/{stream}/{type}");
    b->state = oc_bus_option_bool(o, "state", true);
    b->home_assistant = oc_bus_option_bool(o, "home_assistant", false);
    b->prefix = oc_bus_option_text(o, "discovery_prefix", "homeassistant");
    b->group = oc_bus_option_text(o, "sparkplug_group", NULL);
    b->node = oc_bus_option_text(o, "sparkplug_node", o->device);
    snprintf(b->own_id, sizeof(b->own_id), "ocellus-%.90s-%.90s", o->device, o->name);
    b->client_id = oc_bus_option_text(o, "client_id", b->own_id);
    if (!*b->host)
        return OC_BUS_FAIL(err, OC_INVALID, "host: is empty");
    if (b->v5 && !b->tls && !survives_bad_properties() && !oc_bus_option_bool(o, "allow_v5", false))
        return OC_BUS_FAIL(
            err, OC_INVALID,
            "version: 5 wants TLS with this libmosquitto (before 2.1): it aborts the program when an "
            "answer is garbled on the way; take 3.1.1, or TLS, or say allow_v5: true");
    size_t n = oc_bus_topic(topic, sizeof(topic), b->pattern, b->root, o->device, "s", "t", "");
    if (n == SIZE_MAX)
        return OC_BUS_FAIL(err, OC_INVALID,
                           "topic: only {root}, {device}, {stream} and {type} stand in braces");
    if (n > TOPIC_BYTES / 2 || strlen(b->root) > 200 || strlen(b->prefix) > 300)
        return OC_BUS_FAIL(err, OC_INVALID, "topic: %zu bytes long, at most %d", n,
                           TOPIC_BYTES / 2);
    if (mosquitto_pub_topic_check(topic) != MOSQ_ERR_SUCCESS)
        return OC_BUS_FAIL(err, OC_INVALID, "topic: '%.100s' cannot be published to", topic);
    if (b->group && (!*b->group || strpbrk(b->group, FORBIDDEN) || strpbrk(b->node, FORBIDDEN) ||
                     strlen(b->group) > 200 || strlen(b->node) > 200))
        return OC_BUS_FAIL(err, OC_INVALID,
                           "sparkplug_group, sparkplug_node: 1 to 200 bytes without + # /");
    snprintf(b->status_topic, sizeof(b->status_topic), "%.200s/%.200s/status", b->root, o->device);
    return OC_OK;
}

static void lib_init(void)
{
    mosquitto_lib_init();
}

static void release(oc_bus *b)
{
    entities_free(&b->known);
    free(b->counted);
    free(b->wait);
    free(b);
}

static oc_status mqtt_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, lib_init);
    oc_bus *b = calloc(1, sizeof(*b));
    if (!b)
        return OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    b->o = o;
    b->wait = calloc(o->messages_max, sizeof(*b->wait));
    b->counted = calloc(o->messages_max, sizeof(*b->counted));
    oc_status st =
        b->wait && b->counted ? read_options(b, err) : OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    if (st == OC_OK)
        *out = b;
    else
        release(b);
    return st;
}

static void say_goodbye(oc_bus *b)
{
    unsigned char death[256];
    char          topic[TOPIC_BYTES];
    oc_error      err;
    if (b->group) {
        size_t n = sparkplug_death(b, death, sizeof(death));
        sparkplug_topic(b, topic, sizeof(topic), "NDEATH", NULL);
        (void)mqtt_publish(b, topic, death, n, 0, false, &err);
    } else if (b->state) {
        (void)mqtt_publish(b, b->status_topic, "offline", 7, 1, true, &err);
    }
    mosquitto_disconnect(b->m);
    uint64_t until = oc_bus_now_ms() + 500;
    while (b->m && oc_bus_now_ms() < until && mqtt_turn(b, 10, &err) == OC_OK)
        ;
}

static void mqtt_close(oc_bus *b)
{
    if (b->m)
        say_goodbye(b);
    forget(b);
    release(b);
}

static const oc_bus_ops table = {
    .abi = OC_BUS_ABI,
    .struct_size = sizeof(oc_bus_ops),
    .name = "mqtt",
    .open = mqtt_open,
    .deliver = mqtt_deliver,
    .idle = mqtt_idle,
    .close = mqtt_close,
};

OC_API const oc_bus_ops *oc_bus_entry(void);

const oc_bus_ops *oc_bus_entry(void)
{
    return &table;
}

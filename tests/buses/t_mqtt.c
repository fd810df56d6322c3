/* What is special to MQTT, against mosquitto: the will, retained numbers, Home Assistant's
 * announcements, Sparkplug's births and deaths, TLS and passwords. */
#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>

#include "buses/harness.h"

/* ---- a listener that keeps all it hears ---- */

enum { HEARD_MAX = 4000 };

typedef struct message {
    char           topic[300];
    unsigned char *bytes;
    int            n, qos;
    bool           retain;
} message;

static struct {
    pthread_mutex_t   lock;
    message           item[HEARD_MAX];
    int               n;
    struct mosquitto *m;
    volatile bool     ready;
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int faults;

static void check(bool ok, const char *what)
{
    printf("%s %s\n", ok ? "ok  " : "FAIL", what);
    faults += !ok;
}

static void on_connect(struct mosquitto *m, void *ctx, int rc)
{
    (void)ctx;
    (void)rc;
    mosquitto_subscribe(m, NULL, "#", 1);
}

static void on_subscribe(struct mosquitto *m, void *ctx, int mid, int n, const int *qos)
{
    (void)m;
    (void)ctx;
    (void)mid;
    (void)n;
    (void)qos;
    heard.ready = true;
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
    (void)m;
    (void)ctx;
    pthread_mutex_lock(&heard.lock);
    if (heard.n < HEARD_MAX) {
        message *h = &heard.item[heard.n++];
        snprintf(h->topic, sizeof(h->topic), "%s", msg->topic);
        h->n = msg->payloadlen;
        h->bytes = calloc((size_t)h->n + 1, 1);
        memcpy(h->bytes, msg->payload, (size_t)h->n);
        h->qos = msg->qos;
        h->retain = msg->retain;
    }
    pthread_mutex_unlock(&heard.lock);
}

static void listen_to_all(void)
{
    heard.ready = false;
    heard.m = mosquitto_new(NULL, true, NULL);
    mosquitto_connect_callback_set(heard.m, on_connect);
    mosquitto_subscribe_callback_set(heard.m, on_subscribe);
    mosquitto_message_callback_set(heard.m, on_message);
    mosquitto_connect(heard.m, "127.0.0.1", hx.port, 60);
    mosquitto_loop_start(heard.m);
    for (int i = 0; i < 500 && !heard.ready; i++)
        hx_sleep_ms(10);
}

static void forget_all(void)
{
    pthread_mutex_lock(&heard.lock);
    for (int i = 0; i < heard.n; i++)
        free(heard.item[i].bytes);
    heard.n = 0;
    pthread_mutex_unlock(&heard.lock);
}

/* The k-th message whose topic is this, waited for; NULL: does not come. */
static const message *wait_for(const char *topic, int k)
{
    for (int t = 0; t < 500; t++) {
        const message *found = NULL;
        pthread_mutex_lock(&heard.lock);
        for (int i = 0, seen = 0; i < heard.n && !found; i++)
            if (strcmp(heard.item[i].topic, topic) == 0 && seen++ == k)
                found = &heard.item[i];
        pthread_mutex_unlock(&heard.lock);
        if (found)
            return found;
        hx_sleep_ms(10);
    }
    return NULL;
}

static bool says(const char *topic, int k, const char *text)
{
    const message *m = wait_for(topic, k);
    return m && strcmp((const char *)m->bytes, text) == 0;
}

/* ---- sinks ---- */

static oc_sink *make(const oc_bus_pair *more, size_t n, oc_error *err)
{
    static char       port[16];
    oc_bus_pair       pair[16] = {{"host", "127.0.0.1"}, {"port", port}};
    const oc_bus_ops *ops = NULL;
    oc_sink          *s = NULL;
    snprintf(port, sizeof(port), "%d", hx.proxy_port);
    for (size_t i = 0; i < n; i++)
        pair[2 + i] = more[i];
    if (oc_bus_ops_find("mqtt", &ops, err) != OC_OK)
        return NULL;
    const oc_sink_options o = {.name = "head",
                               .ops = ops,
                               .device = "cart1",
                               .pair = pair,
                               .n_pairs = 2 + n,
                               .commit_ms = 1,
                               .timeout_ms = 3000,
                               .backoff_ms = 5,
                               .backoff_max_ms = 20};
    return oc_sink_create(&o, &s, err) == OC_OK ? s : NULL;
}

static void put(oc_sink *s, const char *type, const char *body)
{
    const oc_sink_message m = {"door/1", type, OC_PRIORITY_HIGH, body, strlen(body)};
    oc_sink_put(s, &m);
    oc_sink_settle(s, true, 5000);
}

/* ---- plain MQTT and Home Assistant ---- */

#define CONFIG "homeassistant/sensor/cart1/"

static void numbers_and_home(void)
{
    const oc_bus_pair more[] = {{"home_assistant", "true"}};
    oc_error          err = {0};
    oc_sink          *s = make(more, 1, &err);
    if (!s) {
        check(false, err.message);
        return;
    }
    check(says("ocellus/cart1/status", 0, "online"), "says online before the first event");
    put(s, "started", "{\"type\":\"started\"}");
    put(s, "appeared", "{\"label\":\"person\"}");
    put(s, "appeared", "{\"label\":\"person\"}");
    put(s, "left", "{\"label\":\"person\"}");
    put(s, "crossed", "{\"line\":\"kerb\",\"direction\":\"in\",\"total\":17}");
    put(s, "zone", "{\"zone\":\"shelf 2\",\"inside\":3}");
    const char *objects = "ocellus/cart1/door_1/state/objects/person";
    check(says(objects, 0, "1") && says(objects, 1, "2") && says(objects, 2, "1"),
          "counts who is in view");
    check(says("ocellus/cart1/door_1/state/line/kerb/in", 0, "17"), "knows totals of lines");
    check(says("ocellus/cart1/door_1/state/zone/shelf 2", 0, "3"), "knows who is in a zone");
    const message *m = wait_for("ocellus/cart1/door_1/crossed", 0);
    check(m && m->qos == 1 && !m->retain && strncmp((char *)m->bytes, "{\"id\":\"", 7) == 0,
          "events: QoS 1, not retained, with their id");
    m = wait_for(CONFIG "door_1_objects_person/config", 0);
    check(m && strstr((char *)m->bytes, "\"unique_id\":\"ocellus_cart1_door_1_objects_person\"") &&
              strstr((char *)m->bytes,
                     "\"state_topic\":\"ocellus/cart1/door_1/state/objects/person\"") &&
              strstr((char *)m->bytes, "\"availability_topic\":\"ocellus/cart1/status\""),
          "announces a sensor");
    m = wait_for(CONFIG "door_1_line_kerb_in/config", 0);
    check(m && strstr((char *)m->bytes, "total_increasing"), "announces a total");
    forget_all();
    mosquitto_publish(heard.m, NULL, "homeassistant/status", 6, "online", 0, false);
    check(wait_for(CONFIG "door_1_objects_person/config", 0) != NULL,
          "announces again when Home Assistant starts");
    hx_proxy(HX_CUT, 0);
    check(says("ocellus/cart1/status", 0, "offline"), "the will is told when the line is cut");
    check(says("ocellus/cart1/status", 1, "online"), "and it comes back by itself");
    check(says(objects, 0, "1"), "with its numbers");
    oc_sink_destroy(s, 1000, NULL);
    check(says("ocellus/cart1/status", 2, "offline"), "says goodbye");
    /* who comes late */
    struct mosquitto *first = heard.m;
    mosquitto_disconnect(first);
    mosquitto_loop_stop(first, true);
    mosquitto_destroy(first);
    forget_all();
    listen_to_all();
    m = wait_for(objects, 0);
    check(m && m->retain, "numbers are retained");
    forget_all();
}

/* ---- Sparkplug: a decoder of the test's own ---- */

typedef struct metric {
    char     name[100], text[300];
    uint64_t number, type;
    bool     boolean, null, historical;
} metric;

typedef struct payload {
    uint64_t timestamp, seq;
    bool     has_seq;
    metric   metric[40];
    int      n;
} payload;

static uint64_t varint(const unsigned char **p, const unsigned char *end)
{
    uint64_t v = 0;
    for (int s = 0; *p < end && s < 64; s += 7) {
        unsigned char b = *(*p)++;
        v |= (uint64_t)(b & 127) << s;
        if (b < 128)
            break;
    }
    return v;
}

static void decode_metric(const unsigned char *p, const unsigned char *end, metric *m)
{
    *m = (metric){0};
    while (p < end) {
        uint64_t key = varint(&p, end), n = varint(&p, end);
        if ((key & 7) == 2) {
            snprintf(key >> 3 == 1 ? m->name : m->text, key >> 3 == 1 ? 100 : 300, "%.*s", (int)n,
                     (const char *)p);
            p += n;
        } else if (key >> 3 == 4) {
            m->type = n;
        } else if (key >> 3 == 5) {
            m->historical = n;
        } else if (key >> 3 == 7) {
            m->null = n;
        } else if (key >> 3 == 11) {
            m->number = n;
        } else if (key >> 3 == 14) {
            m->boolean = n;
        }
    }
}

static payload decode(const message *msg)
{
    payload out = {0};
    if (!msg)
        return out;
    const unsigned char *p = msg->bytes, *end = p + msg->n;
    while (p < end) {
        uint64_t key = varint(&p, end), n = varint(&p, end);
        if (key >> 3 == 1)
            out.timestamp = n;
        if (key >> 3 == 3) {
            out.seq = n;
            out.has_seq = true;
        }
        if (key >> 3 == 2 && out.n < 40) {
            decode_metric(p, p + n, &out.metric[out.n++]);
            p += n;
        }
    }
    return out;
}

static const metric *metric_of(const payload *p, const char *name)
{
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->metric[i].name, name) == 0)
            return &p->metric[i];
    return NULL;
}

#define NODE(kind) "spBv1.0/shop/" kind "/cart1"
#define DEVICE(kind) NODE(kind) "/door_1"

static void sequence_holds(void)
{
    int  expect = -1;
    bool ok = true;
    pthread_mutex_lock(&heard.lock);
    for (int i = 0; i < heard.n; i++) {
        const message *m = &heard.item[i];
        if (strncmp(m->topic, "spBv1.0/shop/", 13) != 0 || strstr(m->topic, "NCMD") ||
            strstr(m->topic, "NDEATH"))
            continue;
        payload p = decode(m);
        if (strstr(m->topic, "NBIRTH"))
            expect = 0;
        ok =
            ok && p.has_seq && p.timestamp > 0 && (int)p.seq == expect && m->qos == 0 && !m->retain;
        expect = (expect + 1) % 256;
    }
    pthread_mutex_unlock(&heard.lock);
    check(ok, "seq goes on over all messages and wraps; QoS 0, not retained");
}

static void noise_to_commands(void)
{
    uint32_t lot = 5;
    for (int i = 0; i < 200; i++) {
        unsigned char noise[64];
        for (size_t k = 0; k < sizeof(noise); k++)
            noise[k] = (unsigned char)((lot = lot * 1664525 + 1013904223) >> 24);
        mosquitto_publish(heard.m, NULL, NODE("NCMD"), i % 64, noise, 0, false);
    }
}

static void sparkplug(void)
{
    const oc_bus_pair          more[] = {{"sparkplug_group", "shop"}};
    static const unsigned char rebirth[] = "\x12\x1a\x0a\x14Node Control/Rebirth\x20\x0b\x70\x01";
    oc_error                   err = {0};
    oc_sink                   *s = make(more, 1, &err);
    if (!s) {
        check(false, err.message);
        return;
    }
    payload       p = decode(wait_for(NODE("NBIRTH"), 0));
    const metric *bd = metric_of(&p, "bdSeq"), *re = metric_of(&p, "Node Control/Rebirth");
    check(p.has_seq && p.seq == 0 && bd && bd->number == 0 && bd->type == 4 && re &&
              re->type == 11 && !re->boolean,
          "NBIRTH: seq 0, bdSeq 0, Rebirth");
    put(s, "crossed", "{\"line\":\"kerb\",\"direction\":\"in\",\"total\":17}");
    p = decode(wait_for(DEVICE("DBIRTH"), 0));
    check(p.has_seq && p.seq == 1 && metric_of(&p, "Event") && metric_of(&p, "Event")->null &&
              metric_of(&p, "line/kerb/in"),
          "DBIRTH: names its metrics before data come");
    p = decode(wait_for(DEVICE("DDATA"), 0));
    const metric *e = metric_of(&p, "Event");
    check(e && e->type == 12 && strstr(e->text, "\"total\":17}") && strstr(e->text, "{\"id\":\""),
          "DDATA: carries the event");
    put(s, "zone", "{\"zone\":\"shelf\",\"inside\":2}");
    p = decode(wait_for(DEVICE("DBIRTH"), 1));
    check(metric_of(&p, "zone/shelf") && metric_of(&p, "zone/shelf")->number == 2,
          "DBIRTH again for a new metric");
    for (int i = 0; i < 300; i++) {
        char body[80];
        snprintf(body, sizeof(body), "{\"zone\":\"shelf\",\"inside\":%d}", i);
        const oc_sink_message m = {"door/1", "zone", OC_PRIORITY_HIGH, body, strlen(body)};
        oc_sink_put(s, &m);
    }
    check(oc_sink_settle(s, true, 10000), "300 more are answered for");
    noise_to_commands();
    mosquitto_publish(heard.m, NULL, NODE("NCMD"), sizeof(rebirth) - 1, rebirth, 0, false);
    check(wait_for(NODE("NBIRTH"), 1) && wait_for(DEVICE("DBIRTH"), 2), "is born again when asked");
    hx_proxy(HX_CUT, 0);
    const message *death = wait_for(NODE("NDEATH"), 0);
    p = decode(death);
    check(death && !p.has_seq && p.n == 1 && metric_of(&p, "bdSeq") &&
              metric_of(&p, "bdSeq")->number == 0 && !death->retain,
          "NDEATH: the will, bdSeq of its connection, no seq");
    p = decode(wait_for(NODE("NBIRTH"), 2));
    check(metric_of(&p, "bdSeq") && metric_of(&p, "bdSeq")->number == 1 && p.seq == 0,
          "the next NBIRTH: bdSeq one more, seq 0");
    put(s, "zone", "{\"zone\":\"shelf\",\"inside\":1}");
    sequence_holds();
    oc_sink_destroy(s, 1000, NULL);
    check(wait_for(NODE("NDEATH"), 1) != NULL, "NDEATH before it goes");
    forget_all();
}

/* ---- TLS and passwords ---- */

static bool make_certificates(void)
{
    char command[2000];
    snprintf(command, sizeof(command),
             "cd '%s' && exec > openssl.log 2>&1 &&"
             "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 "
             "-subj /CN=test-ca && "
             "openssl req -newkey rsa:2048 -nodes -keyout srv.key -out srv.csr -subj /CN=localhost "
             "&& printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > ext && "
             "openssl x509 -req -in srv.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
             "-extfile ext -out srv.pem && mosquitto_passwd -b -c passwd cart1 right",
             hx.folder);
    return system(command) == 0;
}

/* Without TLS: where the library could be made to abort, only for who says so. */
static void version_5_in_the_open(void)
{
    const oc_bus_pair more[] = {{"version", "5"}, {"allow_v5", "true"}};
    oc_error          err = {0};
    oc_sink_stats     c = {0};
    int               major, minor;
    oc_sink          *s = make(more, 2, &err);
    if (!s) {
        check(false, err.message);
        return;
    }
    forget_all();
    put(s, "zone", "{\"zone\":\"bin\",\"inside\":3}");
    check(wait_for("ocellus/cart1/door_1/zone", 0) != NULL, "version 5 without TLS is heard");
    oc_sink_destroy(s, 1000, &c);
    check(c.acknowledged == 1, "version 5 without TLS is acknowledged");
    mosquitto_lib_version(&major, &minor, NULL);
    if (major > 2 || (major == 2 && minor >= 1))
        return;
    s = make(more, 1, &err);
    check(!s && strstr(err.message, "allow_v5: true"), "version 5 without TLS has to be allowed");
    oc_sink_destroy(s, 0, NULL);
}

static void expect_error(const oc_bus_pair *more, size_t n, const char *words, const char *what)
{
    oc_error      err = {0};
    oc_sink_stats c = {0};
    oc_sink      *s = make(more, n, &err);
    for (int i = 0; s && i < 500 && !strstr(c.error, words); i++) {
        hx_sleep_ms(10);
        oc_sink_stats_get(s, &c);
    }
    oc_sink_destroy(s, 0, NULL);
    check(strstr(c.error, words) != NULL, what);
    if (!strstr(c.error, words))
        printf("     %s %s\n", c.error, err.message);
}

static void secured(void)
{
    char ca[400], other[400];
    if (!make_certificates()) {
        printf("skipped: TLS and passwords (no openssl or mosquitto_passwd)\n");
        return;
    }
    snprintf(ca, sizeof(ca), "%s/ca.pem", hx.folder);
    snprintf(other, sizeof(other), "%s/srv.pem", hx.folder);
    hx_broker_stop(false);
    hx_write_file("m.conf",
                  "listener %d 127.0.0.1\nuser root\nallow_anonymous false\npassword_file "
                  "%s/passwd\ncertfile %s/srv.pem\nkeyfile %s/srv.key\n",
                  hx.port, hx.folder, hx.folder, hx.folder);
    if (!hx_broker_start()) {
        check(false, "mosquitto with TLS starts");
        return;
    }
    for (int v = 0; v < 2; v++) {
        const char       *version = v ? "5" : "3.1.1";
        oc_error          err = {0};
        const oc_bus_pair right[] = {
            {"ca", ca}, {"user", "cart1"}, {"password", "right"}, {"version", version}};
        const oc_bus_pair wrong[] = {
            {"ca", ca}, {"user", "cart1"}, {"password", "wrong"}, {"version", version}};
        oc_sink *s = make(right, 4, &err);
        put(s, "zone", "{\"zone\":\"shelf\",\"inside\":1}");
        oc_sink_stats c;
        oc_sink_destroy(s, 1000, &c);
        check(c.acknowledged == 1, "TLS and the right password");
        expect_error(wrong, 4, v ? "refused: Not authorized" : "refused: Connection Refused",
                     "a wrong password is told");
    }
    const oc_bus_pair stranger[] = {{"ca", other}, {"user", "cart1"}, {"password", "right"}};
    expect_error(stranger, 3, "TLS error", "a certificate of somebody else is refused");
    const oc_bus_pair plain[] = {{"user", "cart1"}, {"password", "right"}};
    expect_error(plain, 2, ":", "no TLS where the broker wants it");
}

static void command(const char **argv)
{
    static char config[400];
    snprintf(config, sizeof(config), "%s/m.conf", hx.folder);
    if (access(config, F_OK) != 0)
        hx_write_file("m.conf", "listener %d 127.0.0.1\nallow_anonymous true\nuser root\n",
                      hx.port);
    argv[0] = "-c";
    argv[1] = config;
}

int main(void)
{
    static const hx_bus bus = {
        .kind = "mqtt", .broker = "mosquitto", .proxied = true, .command = command};
    setvbuf(stdout, NULL, _IOLBF, 0);
    mosquitto_lib_init();
    if (!hx_begin(&bus)) {
        printf("skipped: no mosquitto here\n");
        return 77;
    }
    listen_to_all();
    numbers_and_home();
    sparkplug();
    version_5_in_the_open();
    mosquitto_disconnect(heard.m);
    mosquitto_loop_stop(heard.m, true);
    mosquitto_destroy(heard.m);
    secured();
    hx_end();
    return faults ? 1 : 0;
}

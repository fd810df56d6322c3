/* Sparkplug B: an edge node with a device a stream.
 *
 * Source: Eclipse Sparkplug 3.0.  NBIRTH has seq 0, bdSeq (that of the Will's NDEATH, one more with
 * each connection) and Node Control/Rebirth; seq goes on over all messages of the node and wraps at
 * 256; a metric appears in its device's DBIRTH before DDATA bears it; data go with QoS 0 and are
 * not retained.  That they arrived is known from the answer to a subscription sent behind them: a
 * broker works a connection off in order. */
#include "mqtt.h"
#include "protobuf.h"

#define PAYLOAD_BYTES (512u << 10)
#define REBIRTH "Node Control/Rebirth"

void sparkplug_topic(const oc_bus *b, char *to, size_t bytes, const char *kind, const char *stream)
{
    char device[200] = "";
    if (stream)
        oc_bus_level(device, sizeof(device), stream, FORBIDDEN);
    snprintf(to, bytes, "spBv1.0/%.200s/%s/%.200s%s%s", b->group, kind, b->node, stream ? "/" : "",
             device);
}

static uint64_t now_ms(const oc_bus *b)
{
    int64_t ms = b->o->wall_ms();
    return ms > 0 ? (uint64_t)ms : 1;
}

static spb_metric bd_seq(const oc_bus *b)
{
    return (spb_metric){.name = "bdSeq",
                        .type = SPB_INT64,
                        .timestamp_ms = now_ms(b),
                        .number = (int64_t)b->bd_seq};
}

size_t sparkplug_death(oc_bus *b, unsigned char *to, size_t bytes)
{
    spb_writer w;
    spb_metric m = bd_seq(b);
    spb_begin(&w, to, bytes, now_ms(b));
    spb_metric_put(&w, &m);
    return w.full ? 0 : w.n;
}

static oc_status send_payload(oc_bus *b, const char *kind, const char *stream, spb_writer *w,
                              oc_error *err)
{
    char topic[TOPIC_BYTES];
    spb_end(w, (int)b->seq);
    if (w->full)
        return OC_BUS_FAIL(err, OC_INVALID, "%s: longer than %u bytes", kind, PAYLOAD_BYTES);
    sparkplug_topic(b, topic, sizeof(topic), kind, stream);
    oc_status st = mqtt_publish(b, topic, w->bytes, w->n, 0, false, err);
    if (st == OC_OK)
        b->seq = (b->seq + 1) % 256;
    return st;
}

static spb_metric metric_of(const oc_bus *b, const entity *e)
{
    return (spb_metric){
        .name = e->name, .type = SPB_INT64, .timestamp_ms = now_ms(b), .number = e->value};
}

static oc_status device_birth(oc_bus *b, const char *stream, unsigned char *bytes, oc_error *err)
{
    spb_writer w;
    spb_metric event = {
        .name = "Event", .type = SPB_STRING, .timestamp_ms = now_ms(b), .null = true};
    spb_begin(&w, bytes, PAYLOAD_BYTES, now_ms(b));
    spb_metric_put(&w, &event);
    for (size_t i = 0; i < b->known.n; i++) {
        entity *e = &b->known.item[i];
        if (strcmp(e->stream, stream) != 0 || strcmp(e->name, "Event") == 0)
            continue;
        spb_metric m = metric_of(b, e);
        spb_metric_put(&w, &m);
    }
    oc_status st = send_payload(b, "DBIRTH", stream, &w, err);
    for (size_t i = 0; i < b->known.n && st == OC_OK; i++)
        if (strcmp(b->known.item[i].stream, stream) == 0) {
            b->known.item[i].announced = true;
            b->known.item[i].changed = false;
        }
    return st;
}

static oc_status node_birth(oc_bus *b, unsigned char *bytes, oc_error *err)
{
    spb_writer w;
    spb_metric death = bd_seq(b);
    spb_metric rebirth = {.name = REBIRTH, .type = SPB_BOOLEAN, .timestamp_ms = now_ms(b)};
    b->seq = 0;
    for (size_t i = 0; i < b->known.n; i++)
        b->known.item[i].announced = false;
    spb_begin(&w, bytes, PAYLOAD_BYTES, now_ms(b));
    spb_metric_put(&w, &death);
    spb_metric_put(&w, &rebirth);
    b->rebirth = false;
    return send_payload(b, "NBIRTH", NULL, &w, err);
}

oc_status sparkplug_births(oc_bus *b, oc_error *err)
{
    unsigned char *bytes = malloc(PAYLOAD_BYTES);
    oc_status      st = bytes ? OC_OK : OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    if (st == OC_OK && b->rebirth)
        st = node_birth(b, bytes, err);
    for (size_t i = 0; i < b->known.n && st == OC_OK; i++)
        if (!b->known.item[i].announced)
            st = device_birth(b, b->known.item[i].stream, bytes, err);
    free(bytes);
    return st;
}

oc_status sparkplug_connected(oc_bus *b, oc_error *err)
{
    b->rebirth = true;
    return sparkplug_births(b, err);
}

/* A stream is known by an entity of its own: the metric that carries its events. */
static bool know_stream(oc_bus *b, const char *stream)
{
    entities *e = &b->known;
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->item[i].stream, stream) == 0 && strcmp(e->item[i].name, "Event") == 0)
            return true;
    if (e->n == ENTITIES_MAX)
        return false;
    entity new = {.stream = strdup(stream), .name = strdup("Event")};
    if (!new.stream || !new.name) {
        free(new.stream);
        free(new.name);
        return false;
    }
    e->item[e->n++] = new;
    return true;
}

/* An event that is sent again has been counted already. */
static void learn_once(oc_bus *b, const oc_bus_message *m)
{
    for (size_t i = 0; i < b->n_counted; i++)
        if (b->counted[i] == m->number)
            return;
    if (b->n_counted < b->o->messages_max)
        b->counted[b->n_counted++] = m->number;
    entities_learn(&b->known, m);
}

oc_status sparkplug_send(oc_bus *b, const oc_bus_message *m, oc_error *err)
{
    spb_writer w;
    oc_status  st;
    if (!know_stream(b, m->stream))
        return OC_BUS_FAIL(err, OC_INVALID, "stream '%.60s': more than %d metrics", m->stream,
                           ENTITIES_MAX);
    learn_once(b, m);
    if ((st = sparkplug_births(b, err)) != OC_OK)
        return st;
    unsigned char *bytes = malloc(PAYLOAD_BYTES);
    if (!bytes)
        return OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    spb_metric event = {.name = "Event",
                        .type = SPB_STRING,
                        .timestamp_ms = now_ms(b),
                        .historical = m->again,
                        .text = m->body,
                        .n_text = m->n_body};
    spb_begin(&w, bytes, PAYLOAD_BYTES, now_ms(b));
    spb_metric_put(&w, &event);
    for (size_t i = 0; i < b->known.n; i++) {
        entity *e = &b->known.item[i];
        if (!e->changed || strcmp(e->stream, m->stream) != 0)
            continue;
        spb_metric metric = metric_of(b, e);
        spb_metric_put(&w, &metric);
        e->changed = false;
    }
    st = send_payload(b, "DDATA", m->stream, &w, err);
    free(bytes);
    return st;
}

void sparkplug_command(oc_bus *b, const void *payload, size_t n)
{
    if (spb_commands(payload, n, REBIRTH))
        b->rebirth = true;
}

/* Numbers as retained topics, and what Home Assistant wants to be told about them.
 *
 * Source: Home Assistant, MQTT discovery: <prefix>/<component>/<node>/<object>/config, retained. */
#include <ctype.h>
#include <jansson.h>

#include "mqtt.h"

static void state_topic(const oc_bus *b, const entity *e, char topic[TOPIC_BYTES])
{
    char stream[200];
    oc_bus_level(stream, sizeof(stream), e->stream, FORBIDDEN);
    snprintf(topic, TOPIC_BYTES, "%.200s/%.200s/%s/state/%.300s", b->root, b->o->device, stream,
             e->name);
}

/* Letters, digits, '-' and '_' only; where something was lost by that, a checksum keeps names
 * apart. */
static void object_id(const entity *e, char id[200])
{
    char     raw[500];
    uint32_t sum = 2166136261u;
    bool     lost = false;
    int      n = snprintf(raw, sizeof(raw), "%.150s/%.300s", e->stream, e->name);
    size_t   k = 0;
    for (int i = 0; i < n && raw[i]; i++) {
        bool plain = isalnum((unsigned char)raw[i]) || raw[i] == '-';
        sum = (sum ^ (unsigned char)raw[i]) * 16777619u;
        lost |= !plain && raw[i] != '/';
        if (k < 180)
            id[k++] = plain ? raw[i] : '_';
    }
    id[k] = '\0';
    if (lost || n > 180)
        snprintf(id + k, 200 - k, "_%08x", (unsigned)sum);
}

static json_t *describe(const oc_bus *b, const entity *e, const char *id)
{
    char topic[TOPIC_BYTES], unique[300], name[500], device[200];
    state_topic(b, e, topic);
    snprintf(unique, sizeof(unique), "ocellus_%.90s_%s", b->o->device, id);
    snprintf(name, sizeof(name), "%.150s %.300s", e->stream, e->name);
    snprintf(device, sizeof(device), "ocellus_%.150s", b->o->device);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:[s], s:s, s:s}, s:{s:s}}", "name", name,
                     "unique_id", unique, "state_topic", topic, "state_class",
                     e->total ? "total_increasing" : "measurement", "availability_topic",
                     b->status_topic, "device", "identifiers", device, "name", b->o->device,
                     "manufacturer", "Ocellus", "origin", "name", "Ocellus");
}

static oc_status announce(oc_bus *b, entity *e, oc_error *err)
{
    char id[200], topic[TOPIC_BYTES];
    object_id(e, id);
    snprintf(topic, sizeof(topic), "%.300s/sensor/%.150s/%s/config", b->prefix, b->o->device, id);
    json_t   *doc = describe(b, e, id);
    char     *text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    oc_status st = text ? mqtt_publish(b, topic, text, strlen(text), 1, true, err)
                        : OC_BUS_FAIL(err, OC_NOMEM, "out of memory");
    free(text);
    json_decref(doc);
    return st;
}

oc_status home_update(oc_bus *b, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < b->known.n && b->state && st == OC_OK; i++) {
        entity *e = &b->known.item[i];
        char    topic[TOPIC_BYTES], value[32];
        if (b->home_assistant && (!e->announced || b->announce))
            st = announce(b, e, err);
        if (!e->changed || st != OC_OK)
            continue;
        state_topic(b, e, topic);
        int n = snprintf(value, sizeof(value), "%lld", (long long)e->value);
        st = mqtt_publish(b, topic, value, (size_t)n, 1, true, err);
        e->changed = st != OC_OK;
        e->announced = st == OC_OK;
    }
    if (st == OC_OK)
        b->announce = false;
    return st;
}

oc_status home_connected(oc_bus *b, oc_error *err)
{
    oc_status st = mqtt_publish(b, b->status_topic, "online", 6, 1, true, err);
    for (size_t i = 0; i < b->known.n; i++)
        b->known.item[i].changed = true;
    b->announce = true;
    if (st == OC_OK && b->home_assistant) {
        char topic[TOPIC_BYTES];
        snprintf(topic, sizeof(topic), "%.1000s/status", b->prefix);
        if (mosquitto_subscribe(b->m, NULL, topic, 0) != MOSQ_ERR_SUCCESS)
            st = OC_BUS_FAIL(err, OC_IO, "%s:%d: cannot subscribe to %s", b->host, b->port, topic);
    }
    return st;
}

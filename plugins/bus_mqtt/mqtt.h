/* mqtt.h -- the inside of the MQTT plug-in. */
#ifndef OC_BUS_MQTT_H
#define OC_BUS_MQTT_H

#include <mosquitto.h>

#include "ocellus/bus_plugin.h"

#define TOPIC_BYTES 1024 /* ours; the protocol allows 65535 */
#define FORBIDDEN "+#/"
#define ENTITIES_MAX 512

/* A number that events keep up to date: how many are in view, how many crossed, how many inside. */
typedef struct entity {
    char   *stream, *name; /* "objects/person", "line/kerb/in", "zone/shelf" */
    int64_t value;
    bool    total;     /* only grows */
    bool    changed;   /* not published yet */
    bool    announced; /* to Home Assistant, or in the device's birth */
} entity;

typedef struct entities {
    entity item[ENTITIES_MAX];
    size_t n;
} entities;

/* Learns from an event.  `extra` gets an entity that is new; beyond ENTITIES_MAX none are made. */
void entities_learn(entities *e, const oc_bus_message *m);
void entities_free(entities *e);

typedef struct waiting { /* for an acknowledgement */
    int    mid;
    size_t index; /* of the round */
} waiting;

struct oc_bus {
    const oc_bus_options *o;
    struct mosquitto     *m; /* NULL: not connected */
    const char           *host, *root, *pattern, *client_id;
    char                  own_id[200];
    int                   port;
    bool                  v5, tls, state, home_assistant;
    const char           *prefix;       /* Home Assistant's */
    const char           *group, *node; /* Sparkplug; group NULL: not spoken */
    char                  status_topic[TOPIC_BYTES];
    bool                  connected, refused, lost;
    int                   reason;   /* of a refusal */
    bool                  announce; /* Home Assistant has started */
    /* the round */
    waiting      *wait;
    size_t        n_wait;
    oc_bus_round *round;
    char          words[120];            /* of a refusal */
    int           barrier, barrier_done; /* message ids of subscriptions */
    entities      known;
    /* Sparkplug */
    uint64_t  bd_seq, connections; /* bdSeq is that of the current one */
    unsigned  seq;
    bool      rebirth;
    uint64_t *counted; /* numbers of events that `known` has learned, and that nobody took yet */
    size_t    n_counted;
};

/* Publishes without waiting; OC_IO: the connection is gone. */
oc_status mqtt_publish(oc_bus *b, const char *topic, const void *bytes, size_t n, int qos,
                       bool retain, oc_error *err);
/* Runs the client for a moment. */
oc_status mqtt_turn(oc_bus *b, int ms, oc_error *err);

/* home.c: retained numbers, and Home Assistant's announcements of them */
oc_status home_connected(oc_bus *b, oc_error *err);
oc_status home_update(oc_bus *b, oc_error *err);

/* sparkplug.c */
size_t sparkplug_death(oc_bus *b, unsigned char *to, size_t bytes); /* payload of NDEATH */
void sparkplug_topic(const oc_bus *b, char *to, size_t bytes, const char *kind, const char *stream);
oc_status sparkplug_connected(oc_bus *b, oc_error *err);
oc_status sparkplug_send(oc_bus *b, const oc_bus_message *m, oc_error *err);
oc_status sparkplug_births(oc_bus *b, oc_error *err); /* if asked for, or there is a new metric */
void      sparkplug_command(oc_bus *b, const void *payload, size_t n);

#endif

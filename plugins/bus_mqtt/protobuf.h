/* protobuf.h -- Sparkplug B payloads on the wire.
 *
 * Source: Eclipse Sparkplug 3.0, sparkplug_b.proto: Payload {timestamp = 1, metrics = 2, seq = 3},
 * Metric {name = 1, timestamp = 3, datatype = 4, is_historical = 5, is_null = 7, int_value = 10,
 * long_value = 11, boolean_value = 14, string_value = 15}. */
#ifndef OC_BUS_MQTT_PROTOBUF_H
#define OC_BUS_MQTT_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPB_INT64 = 4, SPB_BOOLEAN = 11, SPB_STRING = 12 };

typedef struct spb_writer { /* into the caller's memory; `full` sticks */
    unsigned char *bytes;
    size_t         n, cap;
    bool           full;
} spb_writer;

typedef struct spb_metric {
    const char *name;
    int         type;
    uint64_t    timestamp_ms;
    bool        historical, null;
    int64_t     number; /* INT64; BOOLEAN: 0 or 1 */
    const char *text;
    size_t      n_text;
} spb_metric;

void spb_begin(spb_writer *w, void *bytes, size_t cap, uint64_t timestamp_ms); /* 0: none */
void spb_metric_put(spb_writer *w, const spb_metric *m);
void spb_end(spb_writer *w, int seq); /* < 0: none */

/* Whether a payload has a metric of this name with boolean_value true.  Any bytes may come. */
bool spb_commands(const void *payload, size_t n, const char *name);

#endif

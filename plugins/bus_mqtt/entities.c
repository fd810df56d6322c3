/* What the events say of how things stand. */
#include <jansson.h>

#include "mqtt.h"

static entity *find(entities *e, const char *stream, const char *name, bool total)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->item[i].stream, stream) == 0 && strcmp(e->item[i].name, name) == 0)
            return &e->item[i];
    if (e->n == ENTITIES_MAX)
        return NULL;
    entity *new = &e->item[e->n];
    *new = (entity){.stream = strdup(stream), .name = strdup(name), .total = total};
    if (!new->stream || !new->name) {
        free(new->stream);
        free(new->name);
        return NULL;
    }
    e->n++;
    return new;
}

static void set(entity *e, int64_t value)
{
    if (e && (e->value != value || !e->announced)) {
        e->value = value < 0 ? 0 : value;
        e->changed = true;
    }
}

static const char *text(const json_t *event, const char *key)
{
    const char *value = json_string_value(json_object_get(event, key));
    return value ? value : "";
}

static int64_t number(const json_t *event, const char *key)
{
    return json_integer_value(json_object_get(event, key));
}

static void counted(entities *e, const char *stream, const json_t *event, int step)
{
    char label[80], name[100];
    oc_bus_level(label, sizeof(label), text(event, "label"), FORBIDDEN);
    snprintf(name, sizeof(name), "objects/%s", label);
    entity *one = find(e, stream, name, false);
    if (one)
        set(one, one->value + step);
}

static void crossed(entities *e, const char *stream, const json_t *event)
{
    char line[80], direction[80], name[200];
    oc_bus_level(line, sizeof(line), text(event, "line"), FORBIDDEN);
    oc_bus_level(direction, sizeof(direction), text(event, "direction"), FORBIDDEN);
    snprintf(name, sizeof(name), "line/%s/%s", line, direction);
    set(find(e, stream, name, true), number(event, "total"));
}

static void zoned(entities *e, const char *stream, const json_t *event)
{
    char zone[80], name[100];
    oc_bus_level(zone, sizeof(zone), text(event, "zone"), FORBIDDEN);
    snprintf(name, sizeof(name), "zone/%s", zone);
    set(find(e, stream, name, false), number(event, "inside"));
}

/* A stream that starts sees nobody yet. */
static void started(entities *e, const char *stream)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->item[i].stream, stream) == 0)
            set(&e->item[i], 0);
}

void entities_learn(entities *e, const oc_bus_message *m)
{
    if (strcmp(m->type, "started") == 0) {
        started(e, m->stream);
        return;
    }
    json_t *event = json_loadb(m->body, m->n_body, 0, NULL);
    if (!event)
        return;
    if (strcmp(m->type, "appeared") == 0)
        counted(e, m->stream, event, 1);
    else if (strcmp(m->type, "left") == 0)
        counted(e, m->stream, event, -1);
    else if (strcmp(m->type, "crossed") == 0)
        crossed(e, m->stream, event);
    else if (strcmp(m->type, "zone") == 0)
        zoned(e, m->stream, event);
    json_decref(event);
}

void entities_free(entities *e)
{
    for (size_t i = 0; i < e->n; i++) {
        free(e->item[i].stream);
        free(e->item[i].name);
    }
    e->n = 0;
}

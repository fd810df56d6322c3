/* Events as JSON: the fields of each group, in the order of the schema. */
#include <math.h>

#include "events/event.h"
#include "events/json.h"

static const struct {
    const char *name;
    unsigned    fields;
} types[] = {
#define X(name, text, fields) {text, fields},
    OC_EVENT_MAP(X)
#undef X
};

const char *oc_event_name(oc_event_type type)
{
    return (unsigned)type < OC_EVENT_TYPES ? types[type].name : "?";
}

static void put_stream(oc_jsonw *j, const oc_event *e)
{
    oc_jsonw_text(j, "source", e->source);
    oc_jsonw_text(j, "at", e->at);
    oc_jsonw_int(j, "width", e->width);
    oc_jsonw_int(j, "height", e->height);
    oc_jsonw_float(j, "fps", e->fps, 3);
}

static void put_track(oc_jsonw *j, const oc_event *e)
{
    oc_jsonw_uint(j, "track", e->track);
    oc_jsonw_text(j, "label", e->label);
    oc_jsonw_float(j, "score", (double)e->score, 3);
    oc_jsonw_box(j, "box", &e->box);
}

static void put_known(oc_jsonw *j, const oc_event *e)
{
    oc_jsonw_open(j, "known", '{');
    for (size_t i = 0; i < e->n_known; i++)
        oc_jsonw_text(j, e->known[i].key, e->known[i].value);
    oc_jsonw_close(j, '}');
}

static void put_value(oc_jsonw *j, const oc_event *e)
{
    oc_jsonw_text(j, "what", e->what);
    oc_jsonw_text(j, "value", e->value);
    oc_jsonw_float(j, "confidence", (double)e->confidence, 3);
    oc_jsonw_uint(j, "evidence", e->evidence);
}

static void put_zone(oc_jsonw *j, const oc_event *e)
{
    oc_jsonw_text(j, "zone", e->zone);
    oc_jsonw_text(j, "change", e->entered ? "entered" : "exited");
    oc_jsonw_uint(j, "inside", e->inside);
    oc_jsonw_uint(j, "total", e->total_entered);
    if (!e->entered)
        oc_jsonw_float(j, "dwell_s", e->dwell_s, 3);
}

static void put_totals(oc_jsonw *j, const oc_event *e)
{
    oc_jsonw_uint(j, "captured", e->captured);
    oc_jsonw_uint(j, "completed", e->completed);
    oc_jsonw_open(j, "dropped", '{');
    for (size_t i = 0; i < e->n_dropped; i++)
        oc_jsonw_uint(j, e->dropped[i].key, e->dropped[i].n);
    oc_jsonw_close(j, '}');
    oc_jsonw_bool(j, "truncated", e->truncated);
}

static void put_groups(oc_jsonw *j, const oc_event *e, unsigned fields)
{
    if (fields & OC_EVENT_HAS_STREAM)
        put_stream(j, e);
    if (fields & OC_EVENT_HAS_TRACK)
        put_track(j, e);
    if (fields & OC_EVENT_HAS_AGE) {
        oc_jsonw_float(j, "age_s", e->age_s, 3);
        oc_jsonw_uint(j, "hits", e->hits);
    }
    if (fields & OC_EVENT_HAS_KNOWN)
        put_known(j, e);
    if (fields & OC_EVENT_HAS_VALUE)
        put_value(j, e);
    if (fields & OC_EVENT_HAS_LINE) {
        oc_jsonw_text(j, "line", e->line);
        oc_jsonw_text(j, "direction", e->direction);
        oc_jsonw_uint(j, "total", e->total);
    }
    if (fields & OC_EVENT_HAS_ZONE)
        put_zone(j, e);
    if (fields & OC_EVENT_HAS_DROP) {
        oc_jsonw_uint(j, "n", e->n);
        oc_jsonw_uint(j, "total", e->total);
    }
    if (fields & OC_EVENT_HAS_TOTALS)
        put_totals(j, e);
    if (fields & OC_EVENT_HAS_STEP) {
        oc_jsonw_uint(j, "level", e->level);
        oc_jsonw_text(j, "step", e->step);
        if (e->latency_ms >= 0)
            oc_jsonw_float(j, "latency_ms", e->latency_ms, 1);
        oc_jsonw_float(j, "objective_ms", e->objective_ms, 1);
    }
    if (fields & OC_EVENT_HAS_REASON)
        oc_jsonw_text(j, "reason", e->reason);
    if (fields & OC_EVENT_HAS_ALERT) {
        oc_jsonw_text(j, "objective", e->objective);
        oc_jsonw_text(j, "severity", e->severity);
        oc_jsonw_text(j, "window", e->window);
        oc_jsonw_float(j, "burn", e->burn, 2);
        oc_jsonw_bool(j, "firing", e->firing);
    }
}

size_t oc_event_format(const oc_event *e, const char *stream, uint64_t seq, char *text,
                       size_t bytes)
{
    oc_jsonw j;
    if (bytes < 2 || (unsigned)e->type >= OC_EVENT_TYPES)
        return 0;
    oc_jsonw_init(&j, text, bytes - 1);
    oc_jsonw_open(&j, NULL, '{');
    oc_jsonw_int(&j, "v", OC_EVENTS_VERSION);
    oc_jsonw_uint(&j, "seq", seq);
    oc_jsonw_text(&j, "type", types[e->type].name);
    oc_jsonw_text(&j, "stream", stream);
    oc_jsonw_float(&j, "t", fmax(e->time_s, 0.0), 3);
    oc_jsonw_uint(&j, "frame", e->frame);
    put_groups(&j, e, types[e->type].fields);
    oc_jsonw_close(&j, '}');
    if (j.full)
        return 0;
    text[j.n++] = '\n';
    text[j.n] = '\0';
    return j.n;
}

/* Pipeline YAML: source, detect, track, recognise, outputs. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/batch.h"
#include "pipeline/config.h"
#include "pipeline/sinks_config.h"

#define BATCH 4 /* looks of one frame that run together, where the file does not say */

static const oc_yaml_word recognise_words[] = {
    {"posture", OC_RECOGNISE_POSTURE},
    {"text", OC_RECOGNISE_TEXT},
    {"class", OC_RECOGNISE_CLASS},
    {"gallery", OC_RECOGNISE_GALLERY},
    {NULL, 0},
};

const char *oc_recognise_kind_name(oc_recognise_kind kind)
{
    return recognise_words[kind].text;
}

void oc_config_labels(oc_yaml_map *map, oc_label_list *out)
{
    const oc_yaml_node *list = oc_yaml_any_or(map, "labels");
    out->n = oc_yaml_texts_or(map, "labels", OC_LABELS_MAX, out->name);
    for (size_t i = 0; i < out->n; i++)
        out->node[i] = oc_yaml_kind_of(list) == OC_YAML_LIST ? oc_yaml_at(list, i) : list;
}

static oc_status read_source(oc_pipeline_config *c, const oc_yaml_node *node, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    c->source_at = oc_yaml_any_or(&m, "url");
    c->url = oc_yaml_text_or(&m, "url", NULL);
    c->format = oc_yaml_text_or(&m, "format", NULL);
    c->fps = oc_yaml_float_or(&m, "fps", 0, 1000, 0);
    c->timeout_s = oc_yaml_seconds_or(&m, "timeout", 10);
    c->retry_s = oc_yaml_seconds_or(&m, "retry", 0.5);
    c->retry_max_s = oc_yaml_seconds_or(&m, "retry_max", 30);
    c->rtsp_udp = oc_yaml_bool_or(&m, "rtsp_udp", false);
    if (c->timeout_s > 3600)
        oc_yaml_object(&m, "timeout", "longer than an hour");
    if (c->retry_s < 0.001 || c->retry_max_s > 3600 || c->retry_max_s < c->retry_s)
        oc_yaml_object(&m, "retry", "not 1 ms .. retry_max .. an hour");
    return oc_yaml_end(&m);
}

/* A number, or `auto`. */
static void read_every(oc_detect_config *d, oc_yaml_map *m)
{
    const oc_yaml_node *every = oc_yaml_any_or(m, "every");
    const char         *text = NULL;
    d->every = 1;
    d->every_max = (uint32_t)oc_yaml_int_or(m, "every_max", 2, 1000, 8);
    if (every && oc_yaml_to_text(every, &text, NULL) == OC_OK && strcmp(text, "auto") == 0)
        d->adaptive = true;
    else
        d->every = (uint32_t)oc_yaml_int_or(m, "every", 1, 1000, 1);
    if (!d->adaptive && oc_yaml_has(m, "every_max"))
        oc_yaml_object(m, "every_max", "goes with 'every: auto' only");
}

static oc_status read_detect(oc_pipeline_config *c, const oc_yaml_node *node, oc_error *err)
{
    oc_detect_config *d = &c->detect;
    oc_yaml_map       m;
    oc_yaml_begin(&m, node, err);
    d->network_at = oc_yaml_any(&m, "network");
    d->network = oc_yaml_text(&m, "network");
    d->model = oc_yaml_text_or(&m, "model", NULL);
    read_every(d, &m);
    d->cls = oc_config_class(&m, "class", c->cls);
    d->score = (float)oc_yaml_float_or(&m, "score", 0, 1, 0);
    d->min_height = (float)oc_yaml_float_or(&m, "min_height", 0, 1, 0);
    d->allow_dynamic = oc_yaml_bool_or(&m, "allow_dynamic", false);
    oc_batch_read(&m, 1, &d->batch);
    oc_config_labels(&m, &d->labels);
    return oc_yaml_end(&m);
}

static oc_status read_track(oc_pipeline_config *c, const oc_yaml_node *node, oc_error *err)
{
    oc_tracker_options *o = &c->track;
    oc_yaml_word        kinds[16] = {{NULL, 0}};
    int                 bytetrack = 0;
    for (int i = 0; i < 15 && oc_tracker_kind((size_t)i); i++) {
        kinds[i] = (oc_yaml_word){oc_tracker_kind((size_t)i)->name, i};
        if (strcmp(kinds[i].text, "bytetrack") == 0)
            bytetrack = i;
    }
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    c->tracker = oc_tracker_kind((size_t)oc_yaml_word_or(&m, "kind", kinds, bytetrack));
    oc_tracker_defaults(c->tracker, o);
    o->max_tracks = (uint32_t)oc_yaml_int_or(&m, "max_tracks", 1, 4096, o->max_tracks);
    o->lost_s = oc_yaml_seconds_or(&m, "lost", o->lost_s);
    o->confirm_s = oc_yaml_seconds_or(&m, "confirm", o->confirm_s);
    o->confirm_hits = (uint32_t)oc_yaml_int_or(&m, "confirm_hits", 1, 1000, o->confirm_hits);
    o->noise_period_s = oc_yaml_seconds_or(&m, "noise_period", o->noise_period_s);
    o->direction_s = oc_yaml_seconds_or(&m, "direction", o->direction_s);
    o->any_label = oc_yaml_bool_or(&m, "any_label", o->any_label);
    const struct {
        const char *key;
        float      *value;
        double      most;
    } rows[] = {
        {"score_high", &o->score_high, 1},         {"score_low", &o->score_low, 1},
        {"score_new", &o->score_new, 1},           {"iou_min", &o->iou_min, 1},
        {"cost_first", &o->cost_first, 1},         {"cost_second", &o->cost_second, 1},
        {"cost_tentative", &o->cost_tentative, 1}, {"inertia", &o->inertia, 10},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        *rows[i].value =
            (float)oc_yaml_float_or(&m, rows[i].key, 0, rows[i].most, (double)*rows[i].value);
    if (o->noise_period_s < 1e-6 || o->noise_period_s > 1000)
        oc_yaml_object(&m, "noise_period", "not in 1 us .. 1000 s");
    return oc_yaml_end(&m);
}

static oc_status read_recogniser(oc_recognise_config *r, const oc_yaml_node *node,
                                 oc_sched_class cls, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    r->at = node;
    r->kind = (oc_recognise_kind)oc_yaml_word_of(&m, "kind", recognise_words);
    r->name = oc_yaml_text_or(&m, "name", recognise_words[r->kind].text);
    r->network_at = oc_yaml_any(&m, "network");
    r->network = oc_yaml_text(&m, "network");
    r->model = oc_yaml_text_or(&m, "model", NULL);
    r->cls = oc_config_class(&m, "class", cls);
    r->allow_dynamic = oc_yaml_bool_or(&m, "allow_dynamic", false);
    oc_config_labels(&m, &r->labels);
    r->refresh_s = oc_yaml_seconds_or(&m, "refresh", 1.0);
    r->enlarged = oc_yaml_float_or(&m, "enlarged", 1.01, 100, 1.5);
    r->sharper = oc_yaml_float_or(&m, "sharper", 1.01, 100, 1.5);
    r->memory_s = oc_yaml_seconds_or(&m, "memory", r->kind == OC_RECOGNISE_POSTURE ? 0.7 : 0.0);
    r->per_frame = (uint32_t)oc_yaml_int_or(&m, "per_frame", 1, 64, 2);
    oc_batch_read(&m, r->per_frame < BATCH ? r->per_frame : BATCH, &r->batch);
    r->min_height = (float)oc_yaml_float_or(&m, "min_height", 0, 1, 0);
    r->confidence = (float)oc_yaml_float_or(&m, "confidence", 0, 1, 0.5);
    if (r->kind == OC_RECOGNISE_POSTURE)
        r->point_score = (float)oc_yaml_float_or(&m, "point_score", 0, 1, 0.3);
    if (r->kind == OC_RECOGNISE_GALLERY) {
        r->gallery = oc_yaml_text(&m, "gallery");
        r->similarity = (float)oc_yaml_float_or(&m, "similarity", 0, 1, 0.5);
    }
    if (!*r->name)
        oc_yaml_object(&m, "name", "is empty");
    return oc_yaml_end(&m);
}

static oc_status read_recognise(oc_pipeline_config *c, const oc_yaml_node *list, oc_error *err)
{
    for (size_t i = 0; i < oc_yaml_count(list); i++) {
        oc_recognise_config *r = &c->recognise[i];
        oc_status            st = read_recogniser(r, oc_yaml_at(list, i), c->cls, err);
        if (st != OC_OK)
            return st;
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->recognise[k].name, r->name) == 0)
                return oc_yaml_fail(err, r->at, "a recogniser named '%s' is there already",
                                    r->name);
        c->n_recognise = i + 1;
    }
    return OC_OK;
}

static oc_status read_outputs(oc_pipeline_config *c, const oc_yaml_node *node, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    c->outputs.events = oc_yaml_text_or(&m, "events", NULL);
    c->outputs.video = oc_yaml_text_or(&m, "video", NULL);
    c->outputs.mot = oc_yaml_text_or(&m, "mot", NULL);
    c->outputs.report = oc_yaml_text_or(&m, "report", NULL);
    c->outputs.summary = oc_yaml_text_or(&m, "summary", NULL);
    return oc_yaml_end(&m);
}

static oc_status read_events(oc_pipeline_config *c, const oc_yaml_node *node, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    c->updated_every_s = oc_yaml_seconds_or(&m, "updated_every", 1.0);
    return oc_yaml_end(&m);
}

static oc_status read_objectives(oc_pipeline_config *c, const oc_yaml_node *list, oc_error *err)
{
    for (size_t i = 0; i < oc_yaml_count(list); i++) {
        const oc_yaml_node *at = oc_yaml_at(list, i);
        const char         *text;
        oc_error            why = {0};
        oc_status           st = oc_yaml_to_text(at, &text, err);
        if (st != OC_OK)
            return st;
        if (oc_objective_parse(text, &c->objective[i], &why) != OC_OK)
            return oc_yaml_fail(err, at, "%s", why.message);
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->objective[k].name, c->objective[i].name) == 0)
                return oc_yaml_fail(err, at, "an objective '%s' is there already",
                                    c->objective[i].name);
        c->n_objectives = i + 1;
    }
    return OC_OK;
}

static oc_status read_sinks(oc_pipeline_config *c, const oc_yaml_node *list, oc_error *err)
{
    return oc_sinks_config_read(list, &c->sinks, err);
}

/* A missing section is read as an empty one: its defaults hold. */
typedef oc_status section_fn(oc_pipeline_config *c, const oc_yaml_node *node, oc_error *err);

static oc_status read_all(oc_pipeline_config *c, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, oc_yaml_root(c->doc), err);
    c->name = oc_yaml_text(&m, "name");
    c->title = oc_yaml_text_or(&m, "title", c->name);
    c->deadline_s = oc_yaml_seconds_or(&m, "deadline", 0);
    c->rate = oc_yaml_float_or(&m, "rate", 0, 1000, 0);
    c->cls = oc_config_class(&m, "class", OC_SCHED_NORMAL);
    if (c->deadline_s > 60)
        oc_yaml_object(&m, "deadline", "longer than a minute");
    if (m.status == OC_OK && !*c->name)
        oc_yaml_object(&m, "name", "is empty");
    const struct {
        const oc_yaml_node *node;
        section_fn         *read;
    } sections[] = {
        {oc_yaml_sub_or(&m, "source"), read_source},
        {oc_yaml_sub(&m, "detect"), read_detect},
        {oc_yaml_sub_or(&m, "track"), read_track},
        {oc_yaml_list_or(&m, "recognise", 0, OC_RECOGNISERS_MAX), read_recognise},
        {oc_yaml_list_or(&m, "lines", 0, OC_LINES_MAX), oc_config_lines},
        {oc_yaml_list_or(&m, "zones", 0, OC_ZONES_MAX), oc_config_zones},
        {oc_yaml_sub_or(&m, "events"), read_events},
        {oc_yaml_list_or(&m, "objectives", 0, OC_OBJECTIVES_MAX), read_objectives},
        {oc_yaml_sub_or(&m, "outputs"), read_outputs},
        {oc_yaml_list_or(&m, "sinks", 0, OC_SINKS_MAX), read_sinks},
        {oc_yaml_sub_or(&m, "queue"), oc_config_queue},
        {oc_yaml_sub_or(&m, "degrade"), oc_config_degrade},
    };
    oc_status st = oc_yaml_end(&m);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && st == OC_OK; i++)
        if (sections[i].node)
            st = sections[i].read(c, sections[i].node, err);
    return st;
}

static oc_status take(oc_yaml *doc, oc_pipeline_config **out, oc_error *err)
{
    oc_pipeline_config *c = calloc(1, sizeof(*c));
    if (!c) {
        oc_yaml_destroy(doc);
        return OC_FAIL(err, OC_NOMEM, "pipeline: out of memory");
    }
    c->doc = doc;
    c->file = oc_yaml_file(oc_yaml_root(doc));
    c->timeout_s = 10;
    c->retry_s = 0.5;
    c->retry_max_s = 30;
    c->updated_every_s = 1.0;
    c->tracker = oc_tracker_find("bytetrack");
    oc_tracker_defaults(c->tracker, &c->track);
    oc_status st = read_all(c, err);
    if (st != OC_OK) {
        oc_pipeline_config_destroy(c);
        return st;
    }
    *out = c;
    return OC_OK;
}

oc_status oc_pipeline_config_load(const char *path, oc_pipeline_config **out, oc_error *err)
{
    oc_yaml  *doc;
    oc_status st = oc_yaml_load(path, &doc, err);
    return st == OC_OK ? take(doc, out, err) : st;
}

oc_status oc_pipeline_config_memory(const char *name, const void *text, size_t bytes,
                                    oc_pipeline_config **out, oc_error *err)
{
    oc_yaml  *doc;
    oc_status st = oc_yaml_load_memory(name, text, bytes, &doc, err);
    return st == OC_OK ? take(doc, out, err) : st;
}

oc_status oc_pipeline_config_layer(const oc_yaml_node *base, const oc_yaml_node *over,
                                   oc_yaml **own, oc_pipeline_config **out, oc_error *err)
{
    oc_yaml            *under = own ? *own : NULL, *doc;
    oc_pipeline_config *c = NULL;
    oc_status           st = oc_yaml_merge(base, over, "streams", &doc, err);
    if (own)
        *own = NULL;
    if (st == OC_OK)
        st = take(doc, &c, err);
    if (st != OC_OK) {
        oc_yaml_destroy(under);
        return st;
    }
    c->under = under;
    *out = c;
    return OC_OK;
}

void oc_pipeline_config_destroy(oc_pipeline_config *c)
{
    if (!c)
        return;
    oc_yaml_destroy(c->doc);
    oc_yaml_destroy(c->under);
    oc_sinks_config_destroy(c->sinks);
    free(c);
}

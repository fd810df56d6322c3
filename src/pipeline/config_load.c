/* Pipeline YAML: what is done when there is more to do than can be done. */
#include <stdio.h>
#include <string.h>

#include "pipeline/config.h"

static const oc_yaml_word queue_words[] = {
    {"none", OC_QUEUE_NONE},
    {"oldest", OC_QUEUE_OLDEST},
    {"newest", OC_QUEUE_NEWEST},
    {"deadline", OC_QUEUE_DEADLINE},
    {NULL, 0},
};
static const oc_yaml_word class_words[] = {
    {"critical", OC_SCHED_CRITICAL},
    {"normal", OC_SCHED_NORMAL},
    {"slack", OC_SCHED_SLACK},
    {NULL, 0},
};

const char *oc_queue_drop_name(oc_queue_drop drop)
{
    return queue_words[drop].text;
}

oc_sched_class oc_config_class(oc_yaml_map *map, const char *key, oc_sched_class missing)
{
    return (oc_sched_class)oc_yaml_word_or(map, key, class_words, (int)missing);
}

oc_status oc_config_queue(oc_pipeline_config *c, const oc_yaml_node *node, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    c->queue.given = true;
    c->queue.drop = (oc_queue_drop)oc_yaml_word_or(&m, "drop", queue_words, OC_QUEUE_OLDEST);
    c->queue.length = (uint32_t)oc_yaml_int_or(&m, "length", 1, OC_QUEUE_MAX, 0);
    if (c->queue.drop == OC_QUEUE_DEADLINE && c->deadline_s <= 0)
        oc_yaml_object(&m, "drop", "the stream has no 'deadline'");
    return oc_yaml_end(&m);
}

static void describe(oc_degrade_step *s, const char *fmt, const char *name, unsigned a, unsigned b)
{
    size_t n = strlen(s->text);
    if (n > 0)
        n += (size_t)snprintf(s->text + n, sizeof(s->text) - n, ", ");
    if (n >= sizeof(s->text))
        return;
    if (name)
        snprintf(s->text + n, sizeof(s->text) - n, "%s %.40s", fmt, name);
    else if (b)
        snprintf(s->text + n, sizeof(s->text) - n, "%s %ux%u", fmt, a, b);
    else
        snprintf(s->text + n, sizeof(s->text) - n, "%s %u", fmt, a);
}

static void read_detector(oc_degrade_step *s, oc_yaml_map *m)
{
    int64_t size[2] = {0, 0};
    size_t  n = oc_yaml_ints_or(m, "size", 16, 8192, 1, 2, size);
    s->network = oc_yaml_text_or(m, "network", NULL);
    s->model = oc_yaml_text_or(m, "model", NULL);
    if (n == 1)
        size[1] = size[0];
    s->width = (int32_t)size[0];
    s->height = (int32_t)size[1];
    if (s->network)
        describe(s, "network", s->network, 0, 0);
    else if (s->model)
        describe(s, "model", s->model, 0, 0);
    if (s->width)
        describe(s, "size", NULL, (unsigned)s->width, (unsigned)s->height);
}

static oc_status read_step(oc_degrade_step *s, const oc_yaml_node *node, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    s->at = node;
    s->every = (uint32_t)oc_yaml_int_or(&m, "every", 1, 1000, 0);
    if (s->every)
        describe(s, "every", NULL, s->every, 0);
    read_detector(s, &m);
    s->limits = oc_yaml_has(&m, "per_frame");
    s->per_frame = (uint32_t)oc_yaml_int_or(&m, "per_frame", 0, 64, 0);
    if (s->limits)
        describe(s, "per_frame", NULL, s->per_frame, 0);
    s->turns_off = oc_yaml_has(&m, "off");
    s->off = oc_config_class(&m, "off", OC_SCHED_SLACK);
    if (s->turns_off)
        describe(s, "off", oc_sched_class_name(s->off), 0, 0);
    oc_status st = oc_yaml_end(&m);
    return st == OC_OK && !*s->text ? oc_yaml_fail(err, node, "the step changes nothing") : st;
}

oc_status oc_config_degrade(oc_pipeline_config *c, const oc_yaml_node *node, oc_error *err)
{
    oc_degrade_config *d = &c->degrade;
    oc_yaml_map        m;
    oc_yaml_begin(&m, node, err);
    const oc_yaml_node *steps = oc_yaml_list(&m, "steps", 1, OC_LADDER_MAX);
    d->climb_s = oc_yaml_seconds_or(&m, "climb", 1);
    d->descend_s = oc_yaml_seconds_or(&m, "descend", 5);
    d->margin = oc_yaml_float_or(&m, "margin", 0.1, 1, 0.7);
    if (c->deadline_s <= 0)
        oc_yaml_object(&m, "steps", "the stream has no 'deadline' that could be missed");
    oc_status st = oc_yaml_end(&m);
    for (size_t i = 0; st == OC_OK && i < oc_yaml_count(steps); i++) {
        st = read_step(&d->step[i], oc_yaml_at(steps, i), err);
        d->n = i + 1;
    }
    return st;
}

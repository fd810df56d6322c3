/* Building a pipeline: networks, labels, tracker.  What can be wrong with it is found here. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/state.h"
#include "vision/store.h"

/* Names of labels to a table over the detector's.  n 0: NULL, all are meant. */
static oc_status resolve(oc_pipeline *p, const oc_label_list *list, uint8_t **out, oc_error *err)
{
    if (list->n == 0)
        return OC_OK;
    uint8_t *wanted = oc_arena_alloc(&p->arena, p->n_labels ? p->n_labels : 1, 1);
    if (!wanted)
        return OC_FAIL(err, OC_NOMEM, "labels: out of memory");
    for (size_t i = 0; i < list->n; i++) {
        bool found = false;
        for (size_t k = 0; k < p->n_labels; k++)
            if (strcmp(p->card->labels[k], list->name[i]) == 0)
                wanted[k] = found = true;
        if (found)
            continue;
        const char *near = oc_yaml_nearest(list->name[i], p->card->labels, p->n_labels);
        return oc_yaml_fail(err, list->node[i], "network '%s' has no label '%s'%s%s%s",
                            p->config->detect.network, list->name[i],
                            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    *out = wanted;
    return OC_OK;
}

static oc_status resolve_all(oc_pipeline *p, oc_error *err)
{
    const oc_pipeline_config *c = p->config;
    oc_status                 st = resolve(p, &c->detect.labels, &p->labels, err);
    for (size_t i = 0; i < c->n_recognise && st == OC_OK; i++) {
        st = resolve(p, &c->recognise[i].labels, &p->recogniser[i].labels, err);
        p->recogniser[i].n_labels = p->n_labels;
    }
    for (size_t i = 0; i < c->n_lines && st == OC_OK; i++)
        st = resolve(p, &c->line[i].labels, &p->rules.line[i].labels, err);
    for (size_t i = 0; i < c->n_zones && st == OC_OK; i++)
        st = resolve(p, &c->zone[i].labels, &p->rules.zone[i].labels, err);
    return st;
}

static oc_status load_networks(oc_pipeline *p, oc_error *err)
{
    const oc_detect_config *d = &p->config->detect;
    oc_net_options          net = {.pool = p->options.pool,
                                   .models = p->options.models,
                                   .isa = p->options.isa,
                                   .tune = p->options.tune};
    net.score = d->score;
    oc_status st = oc_net_create(d->network, d->model, &net, &p->detector, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s:%d:%d", oc_yaml_file(d->network_at), oc_yaml_line(d->network_at),
                        oc_yaml_column(d->network_at));
        return st;
    }
    p->card = oc_net_card(p->detector);
    p->n_labels = p->card->labels ? p->card->n_labels : 0;
    if (p->card->head->kind != OC_HEAD_DETECT)
        return oc_yaml_fail(err, d->network_at, "network '%s' (head %s) is not a detector",
                            d->network, p->card->head->name);
    net.score = 0;
    for (size_t i = 0; i < p->config->n_recognise && st == OC_OK; i++)
        st = oc_recogniser_init(&p->recogniser[i], &p->config->recognise[i], &net,
                                p->options.gallery, p->options.open_gallery, err);
    return st;
}

static oc_status build(oc_pipeline *p, oc_error *err)
{
    const oc_rules_told told = {.ctx = p, .crossed = oc_tell_crossed, .zone = oc_tell_zone};
    oc_status           st = load_networks(p, err);
    if (st != OC_OK)
        return st;
    oc_rules_init(&p->rules, p->config, p->n_labels, &told);
    if ((st = resolve_all(p, err)) != OC_OK)
        return st;
    p->found = oc_arena_alloc(&p->arena, OC_DETECTIONS_MAX, sizeof(*p->found));
    if (!p->found)
        return OC_FAIL(err, OC_NOMEM, "pipeline: out of memory");
    if ((st = oc_tracker_create(p->config->tracker, &p->config->track, &p->tracker, err)) != OC_OK)
        return st;
    return oc_objects_init(&p->objects, p->config->track.max_tracks, err);
}

oc_status oc_pipeline_create(const oc_pipeline_config *config, const oc_pipeline_options *options,
                             oc_pipeline **out, oc_error *err)
{
    oc_pipeline *p = calloc(1, sizeof(*p));
    if (!p)
        return OC_FAIL(err, OC_NOMEM, "pipeline: out of memory");
    p->config = config;
    p->options = *options;
    p->cancel = options->cancel ? options->cancel : &p->own_cancel;
    p->ledger = (oc_ledger)OC_LEDGER_INIT;
    oc_status st = oc_observers_init(&p->observers, options->observers, options->n_observers, err);
    if (st == OC_OK)
        st = oc_pipeline_outputs(p, &options->outputs, err);
    if (st == OC_OK)
        st = build(p, err);
    if (st != OC_OK) {
        oc_pipeline_destroy(p);
        return st;
    }
    *out = p;
    return OC_OK;
}

void oc_pipeline_destroy(oc_pipeline *p)
{
    if (!p)
        return;
    oc_outputs_drop(p);
    if (p->box_made)
        oc_mailbox_finish(&p->box);
    oc_input_close(p->capture.input);
    for (size_t i = 0; i < OC_RECOGNISERS_MAX; i++)
        oc_recogniser_finish(&p->recogniser[i]);
    oc_net_destroy(p->detector);
    oc_tracker_destroy(p->tracker);
    oc_objects_finish(&p->objects);
    oc_arena_finish(&p->arena);
    pthread_mutex_destroy(&p->ledger.lock);
    free(p);
}

oc_counts oc_pipeline_counts(oc_pipeline *p)
{
    return oc_ledger_read(&p->ledger);
}

const oc_pipeline_end *oc_pipeline_ended(const oc_pipeline *p)
{
    return &p->ended;
}

const char *oc_pipeline_summary(const oc_pipeline *p)
{
    return p->summary_text;
}

const char *oc_pipeline_text(const oc_pipeline *p)
{
    return p->people_text;
}

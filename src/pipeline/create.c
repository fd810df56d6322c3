/* Building a pipeline: networks, labels, tracker.  What can be wrong with it is found here. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/batch.h"
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

static oc_net_options net_options(const oc_pipeline *p)
{
    return (oc_net_options){.pool = p->options.pool,
                            .models = p->options.models,
                            .sched = p->options.sched,
                            .isa = p->options.isa,
                            .tune = p->options.tune,
                            .plans = p->options.plans,
                            .allow_dynamic = p->config->detect.allow_dynamic,
                            .score = p->config->detect.score};
}

static oc_status load_detector(oc_pipeline *p, const oc_yaml_node *at, const char *network,
                               const char *model, oc_card_size size, oc_error *err)
{
    oc_net_options net = net_options(p);
    net.size = size;
    oc_batch_apply(&p->config->detect.batch, &net);
    oc_net  **out = &p->detector[p->n_detectors];
    oc_status st = oc_net_create(network, model, &net, out, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s:%d:%d", oc_yaml_file(at), oc_yaml_line(at), oc_yaml_column(at));
        return st;
    }
    p->n_detectors++;
    const oc_card *card = oc_net_card(*out);
    if (card->head->kind != OC_HEAD_DETECT)
        return oc_yaml_fail(err, at, "network '%s' (head %s) is not a detector", network,
                            card->head->name);
    return oc_batch_check(&p->config->detect.batch, *out, err);
}

/* The same labels in the same order: tracks go on across detectors. */
static bool same_labels(const oc_card *a, const oc_card *b)
{
    if (a->n_labels != b->n_labels || !a->labels != !b->labels)
        return false;
    for (size_t i = 0; a->labels && i < a->n_labels; i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0)
            return false;
    return true;
}

/* The detectors of the degrade ladder's steps. */
static oc_status load_steps(oc_pipeline *p, oc_error *err)
{
    const oc_degrade_config *d = &p->config->degrade;
    const char              *network = p->config->detect.network, *model = p->config->detect.model;
    for (size_t i = 0; i < d->n; i++) {
        const oc_degrade_step *s = &d->step[i];
        p->step_detector[i + 1] = p->step_detector[i];
        if (!s->network && !s->model && !s->width)
            continue;
        if (s->network)
            network = s->network;
        if (s->network || s->model)
            model = s->model;
        oc_status st = load_detector(p, s->at, network, model,
                                     (oc_card_size){.width = s->width, .height = s->height}, err);
        if (st != OC_OK)
            return st;
        p->step_detector[i + 1] = (uint32_t)p->n_detectors - 1;
        if (!same_labels(p->card, oc_net_card(p->detector[p->n_detectors - 1])))
            return oc_yaml_fail(err, s->at, "network '%s' has other labels than '%s'", network,
                                p->config->detect.network);
    }
    return OC_OK;
}

static oc_status load_networks(oc_pipeline *p, oc_error *err)
{
    const oc_detect_config *d = &p->config->detect;
    oc_status st = load_detector(p, d->network_at, d->network, d->model, (oc_card_size){0}, err);
    if (st != OC_OK)
        return st;
    p->card = oc_net_card(p->detector[0]);
    p->n_labels = p->card->labels ? p->card->n_labels : 0;
    if ((st = load_steps(p, err)) != OC_OK)
        return st;
    oc_net_options net = net_options(p);
    net.score = 0;
    for (size_t i = 0; i < p->config->n_recognise && st == OC_OK; i++) {
        net.allow_dynamic = p->config->recognise[i].allow_dynamic;
        st = oc_recogniser_init(&p->recogniser[i], &p->config->recognise[i], &net,
                                p->options.gallery, p->options.open_gallery, err);
    }
    return st;
}

void oc_pipeline_settle(oc_pipeline *p)
{
    const oc_pipeline_config *c = p->config;
    oc_interval_options       interval = OC_INTERVAL_DEFAULTS;
    interval.most = c->detect.every_max;
    oc_interval_init(&p->interval, &interval);
    oc_ladder_init(&p->ladder, &c->degrade, (uint64_t)(c->deadline_s * 1e9));
    p->since_look = UINT32_MAX;
}

void oc_pipeline_see(oc_pipeline *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_detectors; i++)
        p->networks[n++] = oc_net_card(p->detector[i])->name;
    for (size_t i = 0; i < p->config->n_recognise; i++)
        p->networks[n++] = oc_net_card(p->recogniser[i].net)->name;
    p->seen_as.config = p->config;
    p->seen_as.networks = p->networks;
    p->seen_as.n_networks = n;
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
    oc_pipeline_settle(p);
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
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->adopted, NULL);
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
    for (size_t i = 0; i < p->n_detectors; i++)
        oc_net_destroy(p->detector[i]);
    oc_tracker_destroy(p->tracker);
    oc_objects_finish(&p->objects);
    oc_arena_finish(&p->arena);
    pthread_mutex_destroy(&p->ledger.lock);
    pthread_cond_destroy(&p->adopted);
    pthread_mutex_destroy(&p->lock);
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

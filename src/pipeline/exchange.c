/* Another configuration between two frames: whole, or not at all. */
#include <string.h>

#include "pipeline/state.h"

#define SWAP(field)                                    \
    do {                                               \
        char scratch[sizeof(p->field)];                \
        memcpy(scratch, &p->field, sizeof(scratch));   \
        memcpy(&p->field, &n->field, sizeof(scratch)); \
        memcpy(&n->field, scratch, sizeof(scratch));   \
    } while (0)

static bool same_labels(const oc_pipeline *a, const oc_pipeline *b)
{
    if (a->n_labels != b->n_labels)
        return false;
    for (size_t i = 0; i < a->n_labels; i++)
        if (strcmp(a->card->labels[i], b->card->labels[i]) != 0)
            return false;
    return true;
}

static bool tracks_survive(const oc_pipeline *p, const oc_pipeline *n)
{
    const oc_pipeline_config *a = p->config, *b = n->config;
    return same_labels(p, n) && a->tracker == b->tracker &&
           memcmp(&a->track, &b->track, sizeof(a->track)) == 0;
}

static bool same_line(const oc_line_config *a, const oc_line_config *b)
{
    return strcmp(a->name, b->name) == 0 && a->from.x == b->from.x && a->from.y == b->from.y &&
           a->to.x == b->to.x && a->to.y == b->to.y && a->anchor == b->anchor;
}

static bool same_zone(const oc_zone_config *a, const oc_zone_config *b)
{
    bool same =
        strcmp(a->name, b->name) == 0 && a->n_corners == b->n_corners && a->anchor == b->anchor;
    for (size_t i = 0; same && i < a->n_corners; i++)
        same = a->corner[i].x == b->corner[i].x && a->corner[i].y == b->corner[i].y;
    return same;
}

/* What is known of lines and zones that stay goes to their new places: from[i] is where the i-th of
 * the new rules was, or -1. */
typedef struct moved {
    int line[OC_LINES_MAX], zone[OC_ZONES_MAX], recogniser[OC_RECOGNISERS_MAX];
} moved;

static moved compare(const oc_pipeline *p, const oc_pipeline *n)
{
    const oc_pipeline_config *a = p->config, *b = n->config;
    moved                     m;
    memset(&m, -1, sizeof(m));
    for (size_t i = 0; i < b->n_lines; i++)
        for (size_t k = 0; k < a->n_lines; k++)
            if (same_line(&a->line[k], &b->line[i]))
                m.line[i] = (int)k;
    for (size_t i = 0; i < b->n_zones; i++)
        for (size_t k = 0; k < a->n_zones; k++)
            if (same_zone(&a->zone[k], &b->zone[i]))
                m.zone[i] = (int)k;
    for (size_t i = 0; i < b->n_recognise; i++)
        for (size_t k = 0; k < a->n_recognise; k++)
            if (strcmp(a->recognise[k].name, b->recognise[i].name) == 0 &&
                a->recognise[k].kind == b->recognise[i].kind)
                m.recogniser[i] = (int)k;
    return m;
}

static void keep_totals(oc_pipeline *p, oc_pipeline *n, const moved *m)
{
    for (size_t i = 0; i < n->rules.n_lines; i++)
        if (m->line[i] >= 0)
            memcpy(n->rules.line[i].total, p->rules.line[m->line[i]].total,
                   sizeof(n->rules.line[i].total));
    for (size_t i = 0; i < n->rules.n_zones; i++) {
        if (m->zone[i] < 0)
            continue;
        oc_zone       *to = &n->rules.zone[i];
        const oc_zone *from = &p->rules.zone[m->zone[i]];
        to->entered = from->entered;
        to->inside = from->inside;
        to->inside_max = from->inside_max;
        to->dwell_sum_s = from->dwell_sum_s;
        to->exited = from->exited;
    }
    for (size_t i = 0; i < n->config->n_recognise; i++)
        if (m->recogniser[i] >= 0) {
            n->recogniser[i].looks = p->recogniser[m->recogniser[i]].looks;
            oc_net_batches_follow(n->recogniser[i].net, p->recogniser[m->recogniser[i]].net);
        }
}

/* Objects stay; what they know of rules and recognisers moves with these. */
static void move_object(oc_object *o, const moved *m)
{
    oc_line_state line[OC_LINES_MAX];
    oc_zone_state zone[OC_ZONES_MAX];
    oc_evidence   evidence[OC_RECOGNISERS_MAX];
    memcpy(line, o->line, sizeof(line));
    memcpy(zone, o->zone, sizeof(zone));
    memcpy(evidence, o->evidence, sizeof(evidence));
    for (size_t i = 0; i < OC_LINES_MAX; i++)
        o->line[i] = m->line[i] >= 0 ? line[m->line[i]] : (oc_line_state){0};
    for (size_t i = 0; i < OC_ZONES_MAX; i++)
        o->zone[i] = m->zone[i] >= 0 ? zone[m->zone[i]] : (oc_zone_state){0};
    for (size_t i = 0; i < OC_RECOGNISERS_MAX; i++)
        o->evidence[i] = m->recogniser[i] >= 0 ? evidence[m->recogniser[i]] : (oc_evidence){0};
}

/* Whoever is in a zone that goes has left it. */
static void leave_zones(oc_pipeline *p, const moved *m)
{
    for (size_t z = 0; z < p->rules.n_zones; z++) {
        bool stays = false;
        for (size_t i = 0; i < OC_ZONES_MAX; i++)
            stays = stays || m->zone[i] == (int)z;
        for (size_t i = 0; i < p->objects.n && !stays; i++)
            oc_rules_leave(&p->rules, z, p->objects.list[i], p->time_s);
    }
}

/* Everybody who is there leaves, in the old one's words. */
static void end_tracks(oc_pipeline *p)
{
    oc_tracker_finish(p->tracker, &p->tracks);
    oc_objects_sync(&p->objects, &p->tracks, p->time_s);
    oc_rules_run(&p->rules, &p->objects, p->time_s);
    oc_tell_left(p);
}

static void exchange(oc_pipeline *p, oc_pipeline *n)
{
    const oc_rules_told told = p->rules.told;
    bool                survive = tracks_survive(p, n);
    moved               m = compare(p, n);
    if (survive)
        leave_zones(p, &m);
    else
        end_tracks(p);
    keep_totals(p, n, &m);
    SWAP(config);
    SWAP(arena);
    SWAP(detector);
    SWAP(n_detectors);
    SWAP(step_detector);
    SWAP(card);
    SWAP(n_labels);
    SWAP(labels);
    SWAP(recogniser);
    SWAP(rules);
    SWAP(found);
    if (survive) {
        for (size_t i = 0; i < p->objects.n; i++)
            move_object(p->objects.list[i], &m);
    } else {
        oc_tracker_follow(n->tracker, p->tracker);
        SWAP(tracker);
        SWAP(objects);
        p->tracks = (oc_tracks){0};
    }
    p->rules.told = told;
    oc_pipeline_settle(p);
}

void oc_pipeline_adopt(oc_pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    if (p->next) {
        exchange(p, p->next);
        p->next = NULL;
        const oc_mailbox_options box = oc_mailbox_wanted(p);
        oc_mailbox_change(&p->box, box.policy, box.length, box.deadline_ns);
        oc_capture_rate(&p->capture, p->config->rate);
        oc_pipeline_see(p);
        oc_observers_configured(&p->observers, p->config);
        pthread_cond_broadcast(&p->adopted);
    }
    pthread_mutex_unlock(&p->lock);
}

void oc_pipeline_over(oc_pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_broadcast(&p->adopted);
    pthread_mutex_unlock(&p->lock);
}

oc_status oc_pipeline_exchange(oc_pipeline *p, oc_pipeline *next, oc_error *err)
{
    pthread_mutex_lock(&p->lock);
    if (!p->box_made && !p->over) {
        pthread_mutex_unlock(&p->lock);
        return OC_FAIL(err, OC_BUSY, "the stream still waits for its source");
    }
    p->next = next;
    if (!p->over)
        oc_mailbox_poke(&p->box);
    while (p->next && !p->over)
        pthread_cond_wait(&p->adopted, &p->lock);
    bool taken = !p->next;
    p->next = NULL;
    pthread_mutex_unlock(&p->lock);
    return taken ? OC_OK : OC_FAIL(err, OC_END, "the stream has ended");
}

void oc_pipeline_pause(oc_pipeline *p, bool paused)
{
    pthread_mutex_lock(&p->lock);
    /* who cancels does so before he ends the pause: none begins after that */
    paused = paused && __atomic_load_n(p->cancel, __ATOMIC_RELAXED) != 1;
    atomic_store(&p->paused, paused);
    if (p->box_made)
        oc_mailbox_pause(&p->box, paused);
    pthread_mutex_unlock(&p->lock);
}

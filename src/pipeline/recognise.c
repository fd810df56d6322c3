/* Choosing whom to look at, and what the look says. */
#include <math.h>
#include <string.h>

#include "pipeline/batch.h"
#include "pipeline/posture.h"
#include "pipeline/recognise.h"

/* How sure a look must be at least that a changed value is worth telling is the config's; the head
 * a kind needs is fixed. */
static const oc_head_kind needed_head[] = {
    [OC_RECOGNISE_POSTURE] = OC_HEAD_DETECT,
    [OC_RECOGNISE_TEXT] = OC_HEAD_TEXT,
    [OC_RECOGNISE_CLASS] = OC_HEAD_CLASS,
    [OC_RECOGNISE_GALLERY] = OC_HEAD_EMBED,
};

oc_status oc_recogniser_init(oc_recogniser *r, const oc_recognise_config *config,
                             const oc_net_options *net, const char *gallery,
                             oc_nearest_open_fn *open, oc_error *err)
{
    oc_net_options batches = *net;
    *r = (oc_recogniser){.config = config, .per_frame = config->per_frame};
    batches.pictures = config->per_frame;
    oc_batch_apply(&config->batch, &batches);
    oc_status st = oc_net_create(config->network, config->model, &batches, &r->net, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s:%d:%d", oc_yaml_file(config->network_at),
                        oc_yaml_line(config->network_at), oc_yaml_column(config->network_at));
        return st;
    }
    bool fits = oc_net_card(r->net)->head->kind == needed_head[config->kind];
    if (config->kind == OC_RECOGNISE_POSTURE)
        fits = fits && oc_net_points(r->net) == OC_POINTS_MAX;
    if (!fits)
        return oc_yaml_fail(err, config->network_at, "network '%s' (head %s) is not one for %s",
                            config->network, oc_net_card(r->net)->head->name,
                            oc_recognise_kind_name(config->kind));
    st = oc_batch_check(&config->batch, r->net, err);
    if (st != OC_OK || config->kind != OC_RECOGNISE_GALLERY)
        return st;
    st = (open ? open : oc_nearest_gallery)(gallery ? gallery : config->gallery,
                                            oc_net_card(r->net)->name, oc_net_model_path(r->net),
                                            oc_net_embedding(r->net), &r->nearest, err);
    if (st != OC_OK)
        oc_error_prefix(err, "%s:%d", oc_yaml_file(config->at), oc_yaml_line(config->at));
    return st;
}

void oc_recogniser_finish(oc_recogniser *r)
{
    if (r->nearest.close)
        r->nearest.close(r->nearest.ctx);
    oc_net_destroy(r->net);
    *r = (oc_recogniser){0};
}

static int clamp(float v, int most)
{
    return v < 0.0f ? 0 : v > (float)most ? most : (int)v;
}

float oc_sharpness(const oc_frame *frame, const oc_box *box)
{
    enum { ROWS = 48 };
    if (frame->format > OC_PIXEL_NV21 && frame->format != OC_PIXEL_GRAY8)
        return 0.0f;
    int x0 = clamp(box->x0, frame->width - 1), x1 = clamp(box->x1, frame->width - 1);
    int y0 = clamp(box->y0, frame->height - 1), y1 = clamp(box->y1, frame->height - 1);
    int step = 1 + (y1 - y0) / ROWS; /* whole rows: a grid would miss edges between its points */
    uint64_t sum = 0, n = 0;
    for (int y = y0; y + 1 <= y1; y += step) {
        const uint8_t *row = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        const uint8_t *below = row + frame->stride[0];
        for (int x = x0; x + 1 <= x1; x++) {
            int dx = row[x + 1] - row[x], dy = below[x] - row[x];
            sum += (uint64_t)(dx * dx + dy * dy);
            n++;
        }
    }
    return n ? sqrtf((float)sum / (float)n) : 0.0f;
}

static float area(const oc_box *b)
{
    return (b->x1 - b->x0) * (b->y1 - b->y0);
}

static bool eligible(const oc_recogniser *r, const oc_object *o, const oc_frame *frame)
{
    return oc_object_seen(o) &&
           (!r->labels || (o->track.label < r->n_labels && r->labels[o->track.label])) &&
           o->track.box.y1 - o->track.box.y0 >= r->config->min_height * (float)frame->height;
}

static bool worth(const oc_recogniser *r, const oc_object *o, const oc_evidence *e,
                  const oc_frame *frame, double time_s)
{
    if (e->tries == 0 || time_s - e->last_s >= r->config->refresh_s ||
        (double)area(&o->track.box) >= r->config->enlarged * (double)e->best_area)
        return true;
    return (double)oc_sharpness(frame, &o->track.box) >=
           r->config->sharper * (double)fmaxf(e->best_sharpness, 1.0f);
}

/* How long it has waited: never looked at comes before everything. */
static double waited(const oc_object *o, size_t index, double time_s)
{
    const oc_evidence *e = &o->evidence[index];
    return e->tries == 0 ? INFINITY : time_s - e->last_s;
}

static size_t choose(oc_recogniser *r, size_t index, const oc_frame *frame,
                     const oc_objects *objects, double time_s)
{
    size_t n = 0, most = r->per_frame;
    for (size_t i = 0; i < objects->n; i++) {
        const oc_object *o = objects->list[i];
        if (!eligible(r, o, frame) || !worth(r, o, &o->evidence[index], frame, time_s))
            continue;
        double w = waited(o, index, time_s);
        size_t at = n;
        while (at > 0 && waited(objects->list[r->order[at - 1]], index, time_s) < w)
            at--;
        if (at >= most)
            continue;
        size_t moved = (n < most ? n : most - 1) - at;
        memmove(&r->order[at + 1], &r->order[at], moved * sizeof(r->order[0]));
        r->order[at] = (uint32_t)i;
        n += n < most;
    }
    return n;
}

static void note_posture(oc_recogniser *r, oc_object *o, oc_evidence *e, const oc_result *result,
                         double time_s)
{
    float confidence;
    if (result->detections.n == 0 || !result->detections.points)
        return;
    memcpy(o->points, result->detections.points, sizeof(o->points));
    o->n_points = OC_POINTS_MAX;
    o->points_s = time_s;
    o->points_box = o->track.box;
    const char *posture = oc_posture(o->points, &o->track.box, oc_object_speed(o),
                                     r->config->point_score, &confidence);
    if (!posture)
        return;
    oc_evidence_look(e, time_s, r->config->memory_s);
    oc_evidence_say(e, posture, confidence);
}

static void note_classes(oc_recogniser *r, oc_evidence *e, const oc_result *result, double time_s)
{
    char text[32];
    oc_evidence_look(e, time_s, r->config->memory_s);
    for (size_t i = 0; i < result->n_classes && i < 5; i++)
        oc_evidence_say(
            e, oc_card_label(oc_net_card(r->net), result->classes[i].label, text, sizeof(text)),
            result->classes[i].score);
}

static oc_status note_nearest(oc_recogniser *r, oc_evidence *e, const oc_result *result,
                              double time_s, oc_error *err)
{
    char      label[OC_VALUE_BYTES] = "";
    float     similarity = 0.0f;
    oc_status st = r->nearest.find(r->nearest.ctx, result->embedding, result->n_embedding, label,
                                   sizeof(label), &similarity, err);
    if (st != OC_OK)
        return st;
    oc_evidence_look(e, time_s, r->config->memory_s);
    if (*label && similarity >= r->config->similarity)
        oc_evidence_say(e, label, similarity);
    return OC_OK;
}

static void tell_run(const oc_recogniser *r, const oc_result *result)
{
    if (!r->observers)
        return;
    oc_observers_ran(r->observers, oc_net_card(r->net)->name, oc_net_last(r->net).infer_ns);
    if (result->n_embedding > 0)
        oc_observers_embedded(r->observers, r->config->name, result->embedding,
                              result->n_embedding);
}

/* The looks of one frame, while their results come in. */
typedef struct looking {
    oc_recogniser    *r;
    size_t            index, done;
    const oc_frame   *frame;
    oc_objects       *objects;
    double            time_s;
    oc_recognised_fn *changed;
    void             *ctx;
    oc_status         status; /* the first failure */
    oc_error         *err;
} looking;

static oc_status note(looking *l, oc_object *o, oc_evidence *e, const oc_result *result)
{
    oc_recogniser *r = l->r;
    oc_status      st = OC_OK;
    switch (r->config->kind) {
    case OC_RECOGNISE_POSTURE: note_posture(r, o, e, result, l->time_s); break;
    case OC_RECOGNISE_CLASS: note_classes(r, e, result, l->time_s); break;
    case OC_RECOGNISE_GALLERY: st = note_nearest(r, e, result, l->time_s, l->err); break;
    case OC_RECOGNISE_TEXT:
        oc_evidence_look(e, l->time_s, r->config->memory_s);
        if (*result->text)
            oc_evidence_say(e, result->text, result->confidence);
        break;
    }
    e->tries++;
    e->last_s = l->time_s;
    e->best_area = fmaxf(e->best_area, area(&o->track.box));
    e->best_sharpness = fmaxf(e->best_sharpness, oc_sharpness(l->frame, &o->track.box));
    return st;
}

static void look(void *ctx, size_t i, const oc_result *result)
{
    looking     *l = ctx;
    oc_object   *o = l->objects->list[l->r->order[i]];
    oc_evidence *e = &o->evidence[l->index];
    if (l->status != OC_OK)
        return;
    l->done++;
    l->r->looks++;
    tell_run(l->r, result);
    l->status = note(l, o, e, result);
    if (l->status == OC_OK && oc_evidence_decide(e, l->r->config->confidence))
        l->changed(l->ctx, o, l->index);
}

/* All looks of the frame are asked for at once.  They count in their order and up to the first for which
 * there was no time, whatever came of those behind it: who repeats the frame with so many looks at most
 * gets the same. */
oc_status oc_recogniser_run(oc_recogniser *r, size_t index, const oc_frame *frame,
                            oc_objects *objects, double time_s, oc_recognised_fn *changed,
                            void *ctx, oc_error *err)
{
    looking l = {r, index, 0, frame, objects, time_s, changed, ctx, OC_OK, err};
    oc_box  crop[sizeof(r->order) / sizeof(r->order[0])];
    size_t  n = choose(r, index, frame, objects, time_s);
    for (size_t i = 0; i < n; i++)
        crop[i] = objects->list[r->order[i]]->track.box;
    oc_status st = oc_net_run_crops(r->net, frame, crop, n, look, &l, err);
    if (st == OC_BUSY) { /* no time for them: another frame will do */
        r->skipped += n - l.done;
        st = OC_OK;
    }
    if (st == OC_OK)
        st = l.status;
    if (st != OC_OK)
        oc_error_prefix(err, "%s", r->config->name);
    return st;
}

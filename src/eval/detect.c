#include "eval/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/image.h"

#define PER_IMAGE 100

static int64_t category_named(const oc_coco_set *truth, const char *name)
{
    for (size_t k = 0; k < truth->n_categories; k++)
        if (strcmp(truth->categories[k].name, name) == 0)
            return truth->categories[k].id;
    return INT64_MIN;
}

oc_status oc_coco_map_labels(const oc_net *net, const oc_coco_set *truth, oc_coco_mapping *out,
                             oc_error *err)
{
    const oc_card  *card = oc_net_card(net);
    oc_coco_mapping m = {.by = OC_COCO_BY_NAME, .n_labels = card->n_labels};
    size_t          found = 0;
    if (card->head->kind != OC_HEAD_DETECT)
        return OC_FAIL(err, OC_INVALID, "%s: its head (%s) gives no boxes", card->name,
                       card->head->name);
    if (!card->labels || card->n_labels == 0)
        return OC_FAIL(err, OC_INVALID, "%s: the card has no labels", card->name);
    if (!(m.category = calloc(m.n_labels, sizeof(*m.category))))
        return OC_FAIL(err, OC_NOMEM, "%zu labels", m.n_labels);
    for (size_t i = 0; i < m.n_labels; i++) {
        m.category[i] = category_named(truth, card->labels[i]);
        found += m.category[i] != INT64_MIN;
    }
    if (found < truth->n_categories && m.n_labels == truth->n_categories) {
        m.by = OC_COCO_BY_POSITION;
        for (size_t i = 0; i < m.n_labels; i++)
            m.category[i] = truth->categories[i].id;
        found = m.n_labels;
    }
    if (found == 0) {
        free(m.category);
        return OC_FAIL(err, OC_INVALID, "none of the %zu labels of %s is a category of the truth",
                       m.n_labels, card->name);
    }
    m.n_unnamed = found < truth->n_categories ? truth->n_categories - found : 0;
    *out = m;
    return OC_OK;
}

void oc_coco_mapping_finish(oc_coco_mapping *mapping)
{
    free(mapping->category);
    *mapping = (oc_coco_mapping){0};
}

static double thousandths(double v)
{
    return round(v * 1000) / 1000;
}

/* The best detections, which come first, as results of the image. */
static oc_status take(const oc_detections *d, const oc_coco_mapping *m, int64_t image, size_t most,
                      oc_coco_set *out, oc_error *err)
{
    size_t    kept = 0;
    oc_status st = OC_OK;
    for (size_t i = 0; i < d->n && kept < most && st == OC_OK; i++) {
        const oc_detection *x = &d->items[i];
        if (x->label >= m->n_labels || m->category[x->label] == INT64_MIN)
            continue;
        oc_coco_object o = {.id = (int64_t)out->n_objects + 1,
                            .image = image,
                            .category = m->category[x->label],
                            .score = (double)x->score};
        o.box[0] = thousandths((double)x->box.x0);
        o.box[1] = thousandths((double)x->box.y0);
        o.box[2] = thousandths((double)x->box.x1 - (double)x->box.x0);
        o.box[3] = thousandths((double)x->box.y1 - (double)x->box.y0);
        o.area = o.box[2] * o.box[3];
        st = oc_coco_set_add(out, &o, err);
        kept++;
    }
    return st;
}

static oc_status load(const char *folder, const oc_coco_image *image, oc_frame **out, oc_error *err)
{
    char path[4096];
    if (!image->file)
        return OC_FAIL(err, OC_FORMAT, "image %lld has no file_name", (long long)image->id);
    int n = snprintf(path, sizeof(path), "%s/%s", folder, image->file);
    if (n < 0 || (size_t)n >= sizeof(path))
        return OC_FAIL(err, OC_FORMAT, "image %lld: its path is too long", (long long)image->id);
    oc_frame *frame = NULL;
    oc_status st = oc_image_load(path, &frame, err);
    if (st != OC_OK)
        return st;
    if (image->width && image->height &&
        (image->width != frame->width || image->height != frame->height)) {
        st = OC_FAIL(err, OC_FORMAT, "%s: %d x %d, the truth says %d x %d", path, frame->width,
                     frame->height, image->width, image->height);
        oc_frame_unref(frame);
        return st;
    }
    *out = frame;
    return OC_OK;
}

oc_status oc_coco_detect(oc_net *net, const oc_coco_set *truth, const oc_coco_mapping *mapping,
                         const oc_coco_detect_options *options, oc_coco_set *out, oc_error *err)
{
    oc_coco_set set = {0};
    oc_status   st = OC_OK;
    size_t      most = options->per_image ? options->per_image : PER_IMAGE;
    for (size_t i = 0; i < truth->n_images && st == OC_OK; i++) {
        const oc_coco_image *image = &truth->images[i];
        oc_frame            *frame = NULL;
        oc_result            r = {.n_classes = 0};
        if (options->go_on && !options->go_on(options->ctx, i, truth->n_images))
            st = OC_FAIL(err, OC_CANCELLED, "stopped after %zu of %zu images", i, truth->n_images);
        else if ((st = load(options->folder, image, &frame, err)) == OC_OK &&
                 (st = oc_net_run(net, frame, NULL, &r, err)) == OC_OK)
            st = take(&r.detections, mapping, image->id, most, &set, err);
        oc_frame_unref(frame);
    }
    if (st == OC_OK)
        st = oc_coco_set_sort(&set, err);
    if (st == OC_OK)
        *out = set;
    else
        oc_coco_set_finish(&set);
    return st;
}

/* ---- key-points ---- */

/* A pose as a result; its box is the one around its points, as readers make it. */
static oc_status take_pose(const oc_point *points, double score, int64_t image, int64_t category,
                           oc_coco_set *out, oc_error *err)
{
    oc_coco_object o = {.id = (int64_t)out->n_objects + 1,
                        .image = image,
                        .category = category,
                        .score = score,
                        .labelled = true};
    double         low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    if (!(o.points = oc_arena_alloc(&out->mem, 3 * OC_COCO_POINTS, sizeof(double))))
        return OC_FAIL(err, OC_NOMEM, "key-points");
    for (size_t i = 0; i < OC_COCO_POINTS; i++) {
        double *p = &o.points[3 * i];
        p[0] = thousandths((double)points[i].x);
        p[1] = thousandths((double)points[i].y);
        p[2] = thousandths((double)points[i].score);
        for (size_t k = 0; k < 2; k++) {
            low[k] = fmin(low[k], p[k]);
            high[k] = fmax(high[k], p[k]);
        }
    }
    for (size_t k = 0; k < 2; k++) {
        o.box[k] = low[k];
        o.box[2 + k] = high[k] - low[k];
    }
    o.area = o.box[2] * o.box[3];
    return oc_coco_set_add(out, &o, err);
}

static oc_status take_poses(const oc_detections *d, int64_t image, int64_t category, size_t most,
                            oc_coco_set *out, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < d->n && i < most && st == OC_OK; i++)
        st = take_pose(d->points + i * OC_COCO_POINTS, (double)d->items[i].score, image, category,
                       out, err);
    return st;
}

typedef struct poser {
    oc_net                       *net;
    const oc_coco_set            *truth;
    const oc_coco_detect_options *options;
    int64_t                       category;
    oc_coco_set                   set;
} poser;

static oc_status pose_image(poser *p, const oc_coco_image *image, const oc_frame *frame,
                            oc_error *err)
{
    size_t    most = p->options->per_image ? p->options->per_image : PER_IMAGE;
    oc_result r = {.n_classes = 0};
    oc_status st = OC_OK;
    if (!p->options->truth_boxes) {
        if ((st = oc_net_run(p->net, frame, NULL, &r, err)) != OC_OK)
            return st;
        return take_poses(&r.detections, image->id, p->category, most, &p->set, err);
    }
    for (size_t i = 0; i < p->truth->n_objects && st == OC_OK; i++) {
        const oc_coco_object *o = &p->truth->objects[i];
        if (o->image != image->id || o->category != p->category || o->crowd ||
            !(o->box[2] > 0 && o->box[3] > 0))
            continue;
        oc_box crop = {(float)o->box[0], (float)o->box[1], (float)(o->box[0] + o->box[2]),
                       (float)(o->box[1] + o->box[3])};
        if ((st = oc_net_run(p->net, frame, &crop, &r, err)) == OC_OK)
            st = take_poses(&r.detections, image->id, p->category, 1, &p->set, err);
    }
    return st;
}

oc_status oc_coco_pose(oc_net *net, const oc_coco_set *truth, const oc_coco_detect_options *options,
                       oc_coco_set *out, oc_error *err)
{
    poser     p = {.net = net, .truth = truth, .options = options};
    oc_status st = OC_OK;
    if (oc_net_points(net) != OC_COCO_POINTS)
        return OC_FAIL(err, OC_INVALID, "%s: gives %zu key-points, COCO has %d",
                       oc_net_card(net)->name, oc_net_points(net), OC_COCO_POINTS);
    p.category =
        truth->n_categories == 1 ? truth->categories[0].id : category_named(truth, "person");
    if (p.category == INT64_MIN)
        return OC_FAIL(err, OC_INVALID, "the truth has no category 'person'");
    for (size_t i = 0; i < truth->n_images && st == OC_OK; i++) {
        oc_frame *frame = NULL;
        if (options->go_on && !options->go_on(options->ctx, i, truth->n_images))
            st = OC_FAIL(err, OC_CANCELLED, "stopped after %zu of %zu images", i, truth->n_images);
        else if ((st = load(options->folder, &truth->images[i], &frame, err)) == OC_OK)
            st = pose_image(&p, &truth->images[i], frame, err);
        oc_frame_unref(frame);
    }
    if (st == OC_OK)
        st = oc_coco_set_sort(&p.set, err);
    if (st == OC_OK)
        *out = p.set;
    else
        oc_coco_set_finish(&p.set);
    return st;
}

/* The public face of oc_net. */
#include "ocellus/detector.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "media/frame.h"
#include "media/image.h"
#include "vision/net.h"

struct oc_detector {
    oc_net *net;
};

oc_status oc_detector_create(const char *card, const char *model,
                             const oc_detector_options *options, oc_detector **out, oc_error *err)
{
    oc_detector_options o = OC_DETECTOR_OPTIONS_INIT;
    oc_net             *net = NULL;
    if (options) {
        size_t known = options->struct_size < sizeof(o) ? options->struct_size : sizeof(o);
        memcpy(&o, options, known);
    }
    oc_net_options no = {.pool = o.pool, .backend = o.backend, .isa = o.isa, .score = o.score};
    oc_status      st = oc_net_create(card, model, &no, &net, err);
    if (st != OC_OK)
        return st;
    const oc_card *c = oc_net_card(net);
    oc_detector   *d = NULL;
    if (c->head->kind != OC_HEAD_DETECT)
        st = OC_FAIL(err, OC_UNSUPPORTED, "%s: its head '%s' gives no detections", c->path,
                     c->head->name);
    else if (!(d = calloc(1, sizeof(*d))))
        st = OC_FAIL(err, OC_NOMEM, "out of memory");
    if (st != OC_OK) {
        oc_net_destroy(net);
        return st;
    }
    d->net = net;
    *out = d;
    return OC_OK;
}

void oc_detector_destroy(oc_detector *detector)
{
    if (!detector)
        return;
    oc_net_destroy(detector->net);
    free(detector);
}

size_t oc_detector_labels(const oc_detector *detector)
{
    return oc_net_card(detector->net)->n_labels;
}

const char *oc_detector_label(const oc_detector *detector, uint32_t label)
{
    const oc_card *card = oc_net_card(detector->net);
    return label < card->n_labels ? card->labels[label] : "?";
}

size_t oc_detector_points(const oc_detector *detector)
{
    return oc_net_points(detector->net);
}

const char *oc_detector_point(const oc_detector *detector, size_t i)
{
    const oc_card *card = oc_net_card(detector->net);
    return i < card->n_point_names ? card->point_names[i] : "?";
}

static oc_status run_frame(oc_detector *d, const oc_frame *frame, oc_detections *found,
                           oc_error *err)
{
    oc_result result;
    oc_status st = oc_net_run(d->net, frame, NULL, &result, err);
    if (st != OC_OK)
        return st;
    const oc_detections *r = &result.detections;
    found->n = r->n < found->cap ? r->n : found->cap;
    found->n_points = r->n_points;
    if (found->n)
        memcpy(found->items, r->items, found->n * sizeof(*r->items));
    if (found->n && found->points && r->points)
        memcpy(found->points, r->points, found->n * r->n_points * sizeof(*r->points));
    return OC_OK;
}

oc_status oc_detector_run_file(oc_detector *detector, const char *path, oc_detections *found,
                               oc_error *err)
{
    oc_frame *frame = NULL;
    oc_status st = oc_image_load(path, &frame, err);
    if (st == OC_OK)
        st = run_frame(detector, frame, found, err);
    oc_frame_unref(frame);
    return st;
}

oc_status oc_detector_run_rgb(oc_detector *detector, const uint8_t *rgb, int32_t width,
                              int32_t height, size_t row_bytes, oc_detections *found, oc_error *err)
{
    if (width < 1 || height < 1 || width > OC_FRAME_SIDE_MAX || height > OC_FRAME_SIDE_MAX ||
        row_bytes < (size_t)width * 3 || row_bytes > INT32_MAX)
        return OC_FAIL(err, OC_INVALID, "a picture of %dx%d with rows of %zu bytes", width, height,
                       row_bytes);
    /* A frame over the caller's memory: nothing writes to it, nobody keeps it. */
    oc_frame frame = {.struct_size = sizeof(frame),
                      .refs = 1,
                      .format = OC_PIXEL_RGB24,
                      .width = width,
                      .height = height,
                      .plane = {(uint8_t *)rgb},
                      .stride = {(int32_t)row_bytes}};
    return run_frame(detector, &frame, found, err);
}

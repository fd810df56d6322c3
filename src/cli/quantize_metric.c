#include "cli/quantize_metric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/download.h"
#include "cli/eval_net.h"
#include "eval/detect.h"
#include "media/image.h"
#include "vision/net.h"

#define SCORE_LEAST 0.01f /* as `eval detect` */

oc_status cli_metric_open(cli_metric *m, const oc_card *card, const char *out, oc_error *err)
{
    const oc_head_kind kind = card->head->kind;
    snprintf(m->file, sizeof(m->file), "%s.try-%ld", out, (long)getpid());
    if (kind == OC_HEAD_DETECT && m->gt) {
        m->name = "AP";
        return oc_coco_read_truth(m->gt, OC_COCO_BBOX, &m->truth, err);
    }
    if (kind == OC_HEAD_CLASS && !m->gt) {
        m->name = "top-1";
        return cli_eval_pictures(m->images, &m->pictures, err);
    }
    return OC_FAIL(err, OC_INVALID,
                   "%s: a detector is judged with --images and --gt, a classifier with --images of "
                   "labelled pictures; this card's head is '%s'",
                   card->name, card->head->name);
}

void cli_metric_close(cli_metric *m)
{
    if (*m->file)
        unlink(m->file);
    oc_coco_set_finish(&m->truth);
    cli_pictures_finish(&m->pictures);
}

static bool go_on(void *ctx, size_t done, size_t n)
{
    (void)ctx, (void)done, (void)n;
    return !cli_was_interrupted();
}

size_t cli_metric_pictures(const cli_metric *m)
{
    return m->gt ? m->truth.n_images : m->pictures.n;
}

/* Some of the truth's pictures, spread evenly, with their objects: arrays of its own, what they point
 * to is the truth's. */
static oc_status part_of(const oc_coco_set *all, size_t part, oc_coco_set *out, oc_error *err)
{
    *out = (oc_coco_set){.categories = all->categories, .n_categories = all->n_categories};
    out->images = calloc(part + 1, sizeof(*out->images));
    out->objects = calloc(all->n_objects + 1, sizeof(*out->objects));
    if (!out->images || !out->objects)
        return OC_FAIL(err, OC_NOMEM, "a part of the truth");
    for (size_t i = 0; i < part; i++)
        out->images[out->n_images++] = all->images[i * all->n_images / part];
    for (size_t i = 0; i < all->n_objects; i++)
        if (oc_coco_set_image(out, all->objects[i].image))
            out->objects[out->n_objects++] = all->objects[i];
    return OC_OK;
}

static oc_status boxes(cli_metric *m, oc_net *net, size_t part, double *value, oc_error *err)
{
    const oc_coco_detect_options options = {.folder = m->images, .go_on = go_on};
    oc_coco_mapping              mapping = {0};
    oc_coco_set                  found = {0}, some = {0};
    const oc_coco_set           *truth = part ? &some : &m->truth;
    oc_coco_scores               scores = {0};
    oc_status                    st = part ? part_of(&m->truth, part, &some, err) : OC_OK;
    if (st == OC_OK && (st = oc_coco_map_labels(net, truth, &mapping, err)) == OC_OK &&
        (st = oc_coco_detect(net, truth, &mapping, &options, &found, err)) == OC_OK &&
        (st = oc_coco_score(truth, &found, OC_COCO_BBOX, &scores, err)) == OC_OK)
        *value = scores.ap > 0 ? scores.ap : 0;
    oc_coco_scores_finish(&scores);
    oc_coco_set_finish(&found);
    oc_coco_mapping_finish(&mapping);
    free(some.images);
    free(some.objects);
    return st;
}

static bool is_right(const oc_net *net, const cli_picture *p, const oc_result *result)
{
    char text[32], number[16];
    if (!result->n_classes)
        return false;
    const uint32_t best = result->classes[0].label;
    snprintf(number, sizeof(number), "%u", best);
    return strcmp(p->label, oc_card_label(oc_net_card(net), best, text, sizeof(text))) == 0 ||
           strcmp(p->label, number) == 0;
}

static oc_status classes(cli_metric *m, oc_net *net, size_t part, double *value, oc_error *err)
{
    const size_t n = part ? part : m->pictures.n;
    oc_status    st = OC_OK;
    size_t       right = 0;
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        const cli_picture *p = &m->pictures.item[i * m->pictures.n / n];
        oc_frame          *frame = NULL;
        oc_result          result = {.n_classes = 0};
        if (cli_was_interrupted())
            return OC_FAIL(err, OC_CANCELLED, "stopped");
        if ((st = oc_image_load(p->path, &frame, err)) == OC_OK &&
            (st = oc_net_run(net, frame, NULL, &result, err)) == OC_OK)
            right += is_right(net, p, &result);
        oc_frame_unref(frame);
    }
    *value = n ? (double)right / (double)n : 0;
    return st;
}

oc_status cli_metric_value(void *ctx, const oc_doc *doc, size_t part, double *value, oc_error *err)
{
    cli_metric          *m = ctx;
    oc_net              *net = NULL;
    const oc_net_options options = {.pool = m->pool, .score = m->gt ? SCORE_LEAST : 0};
    oc_status            st = oc_doc_save(doc, m->file, err);
    if (st == OC_OK)
        st = oc_net_create(m->card, m->file, &options, &net, err);
    if (st == OC_OK)
        st = m->gt ? boxes(m, net, part, value, err) : classes(m, net, part, value, err);
    oc_net_destroy(net);
    unlink(m->file);
    return st;
}

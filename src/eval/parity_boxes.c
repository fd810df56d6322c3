#include "eval/parity_boxes.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOXES_MAX 10000

static oc_status read_one(const char *path, size_t i, json_t *entry, struct eval_named_box *out,
                          oc_error *err)
{
    double       x[4];
    const char  *label;
    json_error_t e;
    if (json_unpack_ex(entry, &e, 0, "{s:s, s:F, s:[F,F,F,F]}", "label", &label, "score",
                       &out->score, "box", &x[0], &x[1], &x[2], &x[3]) != 0)
        return OC_FAIL(err, OC_FORMAT, "%s: box %zu: %s", path, i, e.text);
    snprintf(out->label, sizeof(out->label), "%.60s", label);
    out->box = (oc_box){(float)x[0], (float)x[1], (float)x[2], (float)x[3]};
    return OC_OK;
}

oc_status eval_boxes_read(const char *path, eval_boxes *out, oc_error *err)
{
    json_error_t e;
    oc_status    st = OC_OK;
    json_t      *doc = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
    if (!doc)
        return OC_FAIL(err, access(path, R_OK) ? OC_IO : OC_FORMAT, "%s:%d: %s", path, e.line,
                       e.text);
    const size_t n = json_array_size(doc);
    if (!json_is_array(doc) || n > BOXES_MAX)
        st = OC_FAIL(err, OC_FORMAT, "%s: not a list of at most %d boxes", path, BOXES_MAX);
    else if (!(out->item = calloc(n + 1, sizeof(*out->item))))
        st = OC_FAIL(err, OC_NOMEM, "%s: %zu boxes", path, n);
    for (size_t i = 0; i < n && st == OC_OK; i++)
        st = read_one(path, i, json_array_get(doc, i), &out->item[i], err);
    out->n = st == OC_OK ? n : 0;
    out->there = true;
    json_decref(doc);
    return st;
}

void eval_boxes_finish(eval_boxes *boxes)
{
    free(boxes->item);
    *boxes = (eval_boxes){0};
}

static double area(oc_box b)
{
    return ((double)b.x1 - (double)b.x0) * ((double)b.y1 - (double)b.y0);
}

static double overlap_of(oc_box a, oc_box b)
{
    const double w = fmin((double)a.x1, (double)b.x1) - fmax((double)a.x0, (double)b.x0);
    const double h = fmin((double)a.y1, (double)b.y1) - fmax((double)a.y0, (double)b.y0);
    if (!(w > 0) || !(h > 0))
        return area(a) <= 0 && area(b) <= 0 && memcmp(&a, &b, sizeof(a)) == 0;
    return w * h / (area(a) + area(b) - w * h);
}

/* The free partner with the best overlap; n: none. */
static size_t partner(const eval_boxes *reference, const bool *taken, const oc_detection *d,
                      const char *label, double *best)
{
    size_t found = reference->n;
    for (size_t i = 0; i < reference->n; i++) {
        double o = taken[i] || strcmp(reference->item[i].label, label) != 0
                       ? -1
                       : overlap_of(reference->item[i].box, d->box);
        if (o > *best) {
            *best = o;
            found = i;
        }
    }
    return found;
}

eval_box_match eval_boxes_match(const eval_boxes *reference, const oc_detections *ours,
                                const oc_card *card, double overlap)
{
    eval_box_match m = {.worst_overlap = 1};
    bool          *taken = calloc(reference->n + 1, sizeof(*taken));
    for (size_t i = 0; taken && i < ours->n;
         i++) { /* best scores first, as suppression leaves them */
        char         name[64];
        double       best = overlap - 1e-12;
        const char  *label = oc_card_label(card, ours->items[i].label, name, sizeof(name));
        const size_t k = partner(reference, taken, &ours->items[i], label, &best);
        if (k == reference->n) {
            m.extra++;
            continue;
        }
        taken[k] = true;
        m.matched++;
        m.worst_score =
            fmax(m.worst_score, fabs(reference->item[k].score - (double)ours->items[i].score));
        m.worst_overlap = fmin(m.worst_overlap, best);
    }
    m.lost = reference->n - m.matched;
    free(taken);
    snprintf(m.text, sizeof(m.text),
             "%zu boxes have partners (overlap %.4f, score within %.2g), %zu of the reference and "
             "%zu of ours have none",
             m.matched, m.worst_overlap, m.worst_score, m.lost, m.extra);
    return m;
}

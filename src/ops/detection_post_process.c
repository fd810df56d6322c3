/* DetectionPostProcess ("ocellus"): what TensorFlow Lite's custom operator
 * TFLite_Detection_PostProcess does behind an SSD: boxes decoded over anchors, suppressed, listed.
 *
 *   in   boxes    f32 [1, n, 4 or more]: centre y x, height, width, relative to the anchor
 *        scores   f32 [1, n, classes, with one in front that is nobody's where there is a background]
 *        anchors  f32 [n, 4], centre y x, height, width
 *   out  boxes f32 [1, k, 4] y0 x0 y1 x1, classes f32 [1, k], scores f32 [1, k], count f32 [1]; k is
 *        max_detections; rows past the count are zero
 *
 *   attributes  max_detections, classes, scales (y x h w), score, iou, per_class (0: a box has one
 *               class, its best, and suppresses all others; otherwise each class by itself, so many
 *               of each at most, the best of all kept)
 *
 * Equal scores: the lower anchor first.  A NaN score is below every threshold. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/args.h"

typedef struct dpp_state {
    size_t n, columns, all_classes, classes, max, per_class;
    float  scale[4], score, iou;
} dpp_state;

typedef struct dpp_hit {
    float    score;
    uint32_t box, label;
} dpp_hit;

static oc_status dpp_read(const oc_node *node, const oc_tensor_info *in, dpp_state *s,
                          oc_error *err)
{
    const oc_shape *b = &in[0].shape, *c = &in[1].shape, *a = &in[2].shape;
    size_t          n_scales;
    const float    *scales = oc_node_floats(node, "scales", &n_scales);
    int64_t         classes = oc_node_int(node, "classes", 0);
    int64_t         max = oc_node_int(node, "max_detections", 0);
    int64_t         per_class = oc_node_int(node, "per_class", 0);
    for (uint32_t i = 0; i < 3; i++)
        if (in[i].dtype != OC_F32)
            return OC_FAIL(err, OC_UNSUPPORTED, "input %u is %s, only float32", i,
                           oc_dtype_name(in[i].dtype));
    if (b->rank != 3 || c->rank != 3 || a->rank != 2 || b->dim[0] != 1 || c->dim[0] != 1 ||
        b->dim[1] < 1 || b->dim[1] > INT32_MAX || c->dim[1] != b->dim[1] ||
        a->dim[0] != b->dim[1] || a->dim[1] != 4 || b->dim[2] < 4)
        return OC_FAIL(err, OC_FORMAT, "boxes, scores and anchors do not fit each other");
    if (n_scales != 4 || classes < 1 || (c->dim[2] != classes && c->dim[2] != classes + 1))
        return OC_FAIL(err, OC_FORMAT, "%lld classes, the scores have %lld", (long long)classes,
                       (long long)c->dim[2]);
    if (max < 1 || max > 1 << 20 || per_class < 0 || per_class > 1 << 20)
        return OC_FAIL(err, OC_FORMAT, "%lld detections", (long long)max);
    for (size_t i = 0; i < 4; i++)
        if (!(scales[i] > 0))
            return OC_FAIL(err, OC_FORMAT, "a scale of %g", (double)scales[i]);
    *s = (dpp_state){.n = (size_t)b->dim[1],
                     .columns = (size_t)b->dim[2],
                     .all_classes = (size_t)c->dim[2],
                     .classes = (size_t)classes,
                     .max = (size_t)max,
                     .per_class = (size_t)per_class,
                     .score = oc_node_float(node, "score", 0),
                     .iou = oc_node_float(node, "iou", 1)};
    memcpy(s->scale, scales, sizeof(s->scale));
    return OC_OK;
}

static oc_status dpp_infer(const oc_infer *ask, oc_error *err)
{
    dpp_state s;
    oc_status st = dpp_read(ask->node, ask->in, &s, err);
    if (st != OC_OK)
        return st;
    int64_t k = (int64_t)s.max;
    ask->out[0] = (oc_tensor_info){OC_F32, {.rank = 3, .dim = {1, k, 4}}};
    ask->out[1] = ask->out[2] = (oc_tensor_info){OC_F32, {.rank = 2, .dim = {1, k}}};
    ask->out[3] = (oc_tensor_info){OC_F32, {.rank = 1, .dim = {1}}};
    return OC_OK;
}

/* Scratch: the boxes, the candidates of a class, what is kept so far. */
static size_t boxes_bytes(const dpp_state *s)
{
    return s->n * 4 * sizeof(float);
}

static oc_status dpp_prepare(const oc_prepare *p, oc_error *err)
{
    dpp_state     *s = p->state;
    oc_tensor_info in[3] = {p->in[0].info, p->in[1].info, p->in[2].info};
    oc_status      st = dpp_read(p->node, in, s, err);
    if (st != OC_OK)
        return st;
    size_t kept = s->max + (s->per_class < s->n ? s->per_class : s->n);
    p->work->phase[0].units = 1;
    p->work->phase[0].grain = 1;
    p->work->scratch_bytes = boxes_bytes(s) + (s->n + kept) * sizeof(dpp_hit);
    return OC_OK;
}

static void decode(const dpp_state *s, const float *enc, const float *anchor, float *box)
{
    for (size_t i = 0; i < s->n; i++, enc += s->columns, anchor += 4, box += 4) {
        float cy = enc[0] / s->scale[0] * anchor[2] + anchor[0];
        float cx = enc[1] / s->scale[1] * anchor[3] + anchor[1];
        float h = .5f * expf(enc[2] / s->scale[2]) * anchor[2];
        float w = .5f * expf(enc[3] / s->scale[3]) * anchor[3];
        box[0] = cy - h;
        box[1] = cx - w;
        box[2] = cy + h;
        box[3] = cx + w;
    }
}

static float area(const float *b)
{
    return (b[2] - b[0]) * (b[3] - b[1]);
}

static float iou(const float *a, const float *b)
{
    float h = fminf(a[2], b[2]) - fmaxf(a[0], b[0]), w = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
    if (!(area(a) > 0) || !(area(b) > 0))
        return 0;
    float both = fmaxf(h, 0) * fmaxf(w, 0);
    return both / (area(a) + area(b) - both);
}

static int by_score(const void *pa, const void *pb)
{
    const dpp_hit *a = pa, *b = pb;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->box != b->box)
        return a->box < b->box ? -1 : 1;
    return a->label < b->label ? -1 : a->label > b->label;
}

/* Keeps at most `most` of the candidates, best first, in front; returns how many. */
static size_t suppress(const dpp_state *s, const float *boxes, dpp_hit *hits, size_t n, size_t most)
{
    size_t kept = 0;
    qsort(hits, n, sizeof(*hits), by_score);
    for (size_t i = 0; i < n && kept < most; i++) {
        bool free_standing = true;
        for (size_t k = 0; k < kept && free_standing; k++)
            free_standing = !(iou(boxes + 4 * hits[i].box, boxes + 4 * hits[k].box) > s->iou);
        if (free_standing)
            hits[kept++] = hits[i];
    }
    return kept;
}

/* One class a box: its best. */
static size_t best_class(const dpp_state *s, const float *scores, const float *boxes, dpp_hit *hits)
{
    size_t n = 0, skip = s->all_classes - s->classes;
    for (size_t i = 0; i < s->n; i++) {
        const float *row = scores + i * s->all_classes + skip;
        size_t       best = 0;
        for (size_t c = 1; c < s->classes; c++)
            if (row[c] > row[best])
                best = c;
        if (row[best] >= s->score)
            hits[n++] = (dpp_hit){row[best], (uint32_t)i, (uint32_t)best};
    }
    return suppress(s, boxes, hits, n, s->max);
}

/* Each class by itself; `kept` has room for the best of all and one class more. */
static size_t every_class(const dpp_state *s, const float *scores, const float *boxes,
                          dpp_hit *hits, dpp_hit *kept)
{
    size_t n_kept = 0, skip = s->all_classes - s->classes;
    for (size_t c = 0; c < s->classes; c++) {
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++) {
            float score = scores[i * s->all_classes + skip + c];
            if (score >= s->score)
                hits[n++] = (dpp_hit){score, (uint32_t)i, (uint32_t)c};
        }
        n = suppress(s, boxes, hits, n, s->per_class < s->n ? s->per_class : s->n);
        memcpy(kept + n_kept, hits, n * sizeof(*hits));
        n_kept += n;
        qsort(kept, n_kept, sizeof(*kept), by_score);
        n_kept = n_kept < s->max ? n_kept : s->max;
    }
    return n_kept;
}

static void dpp_run(const oc_op_run *r)
{
    const dpp_state *s = r->state;
    float           *boxes = r->scratch;
    dpp_hit         *hits = (dpp_hit *)((char *)r->scratch + boxes_bytes(s)), *kept = hits + s->n;
    float           *out[4];
    for (uint32_t i = 0; i < 4; i++)
        out[i] = r->out[i].data;
    decode(s, r->in[0].data, r->in[2].data, boxes);
    const float   *scores = r->in[1].data;
    size_t         n = s->per_class ? every_class(s, scores, boxes, hits, kept)
                                    : best_class(s, scores, boxes, hits);
    const dpp_hit *from = s->per_class ? kept : hits;
    memset(out[0], 0, s->max * 4 * sizeof(float));
    memset(out[1], 0, s->max * sizeof(float));
    memset(out[2], 0, s->max * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        memcpy(out[0] + 4 * i, boxes + 4 * from[i].box, 4 * sizeof(float));
        out[1][i] = (float)from[i].label;
        out[2][i] = from[i].score;
    }
    out[3][0] = (float)n;
}

const oc_op oc_op_detection_post_process = {
    .name = "DetectionPostProcess",
    .domain = "ocellus",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out_min = 4,
    .n_out_max = 4,
    .state_size = sizeof(dpp_state),
    .infer = dpp_infer,
    .prepare = dpp_prepare,
    .run = dpp_run,
};

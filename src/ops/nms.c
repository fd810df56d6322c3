/* NonMaxSuppression: boxes kept greedily, best score first, per batch and class.   ONNX opset 10..
 *
 *   in   boxes [batch, n, 4] f32, scores [batch, classes, n] f32, and scalars: most boxes per class
 *        (int64), largest IoU, least score (f32)
 *   center_point_box 0: two opposite corners y1 x1 y2 x2; 1: centre x, y, width, height
 *   out  int64 [kept, 3]: batch, class, box
 *
 * How many are kept depends on the contents, so all inputs must be constant.  Networks that end in
 * this operator are cut before it: the heads of the pipeline suppress by themselves. */
#include <math.h>

#include "ops/args.h"

typedef struct nms_state {
    size_t   kept;
    int64_t *rows; /* [kept][3] */
} nms_state;

typedef struct nms_input {
    const float *boxes, *scores;
    size_t       batch, classes, n;
    int64_t      most;
    float        iou, least;
    bool         centre, has_least;
} nms_input;

static oc_status read_input(const oc_args *a, nms_input *in, oc_error *err)
{
    const oc_shape *b = &a->in[0]->shape, *s = &a->in[1]->shape;
    oc_status       st;
    if ((st = oc_shape_known(a->in[0], "boxes", err)) != OC_OK ||
        (st = oc_shape_known(a->in[1], "scores", err)) != OC_OK)
        return st;
    if (a->in[0]->dtype != OC_F32 || a->in[1]->dtype != OC_F32 || b->rank != 3 || s->rank != 3 ||
        b->dim[2] != 4 || b->dim[0] != s->dim[0] || b->dim[1] != s->dim[2])
        return OC_FAIL(err, OC_FORMAT,
                       "boxes must be float32 [batch,n,4], scores [batch,classes,n]");
    *in = (nms_input){.boxes = a->data[0],
                      .scores = a->data[1],
                      .batch = (size_t)s->dim[0],
                      .classes = (size_t)s->dim[1],
                      .n = (size_t)s->dim[2],
                      .centre = oc_node_int(a->node, "center_point_box", 0) != 0};
    for (uint32_t i = 0; i < a->n_in; i++)
        if (oc_args_has(a, i) && !a->data[i] && oc_elements(a->in[i]))
            return OC_FAIL(err, OC_DYNAMIC,
                           "input %u is computed at run time: the output size depends on it", i);
    if (oc_args_has(a, 2) &&
        (st = oc_args_int(a, 2, "max_output_boxes_per_class", &in->most, err)) != OC_OK)
        return st;
    for (uint32_t i = 3; i < 5; i++)
        if (oc_args_has(a, i) && (a->in[i]->dtype != OC_F32 || oc_elements(a->in[i]) != 1))
            return OC_FAIL(err, OC_FORMAT, "input %u must be one float32", i);
    in->iou = oc_args_has(a, 3) ? *(const float *)a->data[3] : 0.0f;
    in->has_least = oc_args_has(a, 4);
    in->least = in->has_least ? *(const float *)a->data[4] : 0.0f;
    if (!(in->iou >= 0.0f && in->iou <= 1.0f))
        return OC_FAIL(err, OC_FORMAT, "an IoU threshold of %g", (double)in->iou);
    return OC_OK;
}

static void corners(const nms_input *in, const float *b, float *out)
{
    if (in->centre) {
        out[0] = b[1] - b[3] / 2;
        out[1] = b[0] - b[2] / 2;
        out[2] = b[1] + b[3] / 2;
        out[3] = b[0] + b[2] / 2;
        return;
    }
    for (int i = 0; i < 2; i++) {
        out[i] = fminf(b[i], b[i + 2]);
        out[i + 2] = fmaxf(b[i], b[i + 2]);
    }
}

static bool overlap(const nms_input *in, const float *a, const float *b)
{
    float p[4], q[4];
    corners(in, a, p);
    corners(in, b, q);
    float h = fminf(p[2], q[2]) - fmaxf(p[0], q[0]), w = fminf(p[3], q[3]) - fmaxf(p[1], q[1]);
    if (h <= 0.0f || w <= 0.0f)
        return false;
    float both = h * w;
    float all = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - both;
    return all > 0.0f && both / all > in->iou;
}

/* The best box not yet seen, or n; equal scores: the lowest index. */
static size_t next_best(const nms_input *in, const float *scores, const bool *seen)
{
    size_t best = in->n;
    for (size_t i = 0; i < in->n; i++)
        if (!seen[i] && (!in->has_least || scores[i] > in->least) &&
            (best == in->n || scores[i] > scores[best]))
            best = i;
    return best;
}

/* rows NULL: counts only. */
static size_t suppress(const nms_input *in, bool *seen, size_t *chosen, int64_t *rows)
{
    size_t kept = 0;
    for (size_t unit = 0; unit < in->batch * in->classes; unit++) {
        const float *scores = in->scores + unit * in->n;
        const float *boxes = in->boxes + unit / in->classes * in->n * 4;
        size_t       here = 0;
        for (size_t i = 0; i < in->n; i++)
            seen[i] = false;
        while ((int64_t)here < in->most) {
            size_t k = next_best(in, scores, seen), j = 0;
            if (k == in->n)
                break;
            seen[k] = true;
            while (j < here && !overlap(in, boxes + k * 4, boxes + chosen[j] * 4))
                j++;
            if (j < here)
                continue;
            chosen[here++] = k;
            if (rows) {
                rows[kept * 3] = (int64_t)(unit / in->classes);
                rows[kept * 3 + 1] = (int64_t)(unit % in->classes);
                rows[kept * 3 + 2] = (int64_t)k;
            }
            kept++;
        }
    }
    return kept;
}

static oc_status nms_infer(const oc_infer *ask, oc_error *err)
{
    oc_args   a = oc_args_of_infer(ask);
    oc_arena  own = {0}, *mem = ask->mem ? ask->mem : &own;
    nms_input in;
    oc_status st = read_input(&a, &in, err);
    if (st != OC_OK)
        return st;
    bool   *seen = oc_arena_alloc(mem, in.n + 1, sizeof(*seen));
    size_t *chosen = oc_arena_alloc(mem, in.n + 1, sizeof(*chosen));
    if (seen && chosen)
        ask->out[0] =
            (oc_tensor_info){OC_I64, {2, {(int64_t)suppress(&in, seen, chosen, NULL), 3}}};
    else
        st = OC_FAIL(err, OC_NOMEM, "%zu boxes", in.n);
    oc_arena_finish(&own);
    return st;
}

static oc_status nms_prepare(const oc_prepare *p, oc_error *err)
{
    nms_state *s = p->state;
    oc_args    a = oc_args_of_prepare(p);
    nms_input  in;
    oc_status  st = read_input(&a, &in, err);
    if (st != OC_OK)
        return st;
    s->kept = (size_t)p->out[0].info.shape.dim[0];
    bool   *seen = oc_arena_alloc(p->mem, in.n + 1, sizeof(*seen));
    size_t *chosen = oc_arena_alloc(p->mem, in.n + 1, sizeof(*chosen));
    s->rows = oc_arena_alloc(p->mem, s->kept + 1, 3 * sizeof(*s->rows));
    if (!seen || !chosen || !s->rows)
        return OC_FAIL(err, OC_NOMEM, "%zu boxes", in.n);
    suppress(&in, seen, chosen, s->rows);
    p->work->phase[0].units = s->kept;
    p->work->phase[0].grain = 4096;
    return OC_OK;
}

static void nms_run(const oc_op_run *r)
{
    const nms_state *s = r->state;
    for (size_t i = r->part.begin * 3; i < r->part.end * 3; i++)
        ((int64_t *)r->out[0].data)[i] = s->rows[i];
}

const oc_op oc_op_nms = {
    .name = "NonMaxSuppression",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 5,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(nms_state),
    .infer = nms_infer,
    .prepare = nms_prepare,
    .run = nms_run,
};

/* A network for pictures at work: prepare, infer, decode. */
#include <math.h>
#include <string.h>

#include "runtime/watch.h"
#include "telemetry/histogram.h"
#include "tensor/half.h"
#include "vision/net_state.h"
#include "vision/warp.h"

const oc_card *oc_net_card(const oc_net *net)
{
    return net->card;
}

const char *oc_net_model_path(const oc_net *net)
{
    return net->model_path;
}

size_t oc_net_points(const oc_net *net)
{
    return net->n_points;
}

size_t oc_net_embedding(const oc_net *net)
{
    return net->n_embedding;
}

void oc_net_stats(const oc_net *net, oc_session_stats *sum)
{
    *sum = (oc_session_stats){.struct_size = sizeof(*sum)};
    for (size_t i = 0; i < net->card->n_sizes; i++) {
        const bucket    *b = &net->buckets[i];
        oc_session_stats one = {.struct_size = sizeof(one)};
        oc_session_stats_get(b->session, &one);
        sum->arena_bytes += b->lanes ? oc_net_lanes_bytes(b->lanes) : one.arena_bytes;
        sum->weight_bytes += one.weight_bytes;
        sum->flops = one.flops > sum->flops ? one.flops : sum->flops;
        sum->n_nodes = one.n_nodes > sum->n_nodes ? one.n_nodes : sum->n_nodes;
    }
}

static oc_status prepare_input(oc_net *net, bucket *b, const oc_frame *frame, const oc_box *crop,
                               oc_to_tensor_map *map, oc_error *err)
{
    void     *to = b->full ? (void *)b->full : b->in.data;
    oc_status st = oc_to_tensor_run(b->prepare[0], frame, crop, net->pool, to, map, err);
    if (st == OC_OK && b->full)
        oc_half_from_floats(b->n_in, b->full, b->in.data);
    return st;
}

/* What the head is to read. */
static void see(bucket *b, const oc_tensor_view *outputs)
{
    for (size_t i = 0; i < b->n_out; i++) {
        size_t n;
        if (!b->wide[i])
            b->seen[i].data = outputs[i].data;
        else if (oc_shape_elements(&b->out[i].info.shape, &n))
            oc_half_to_floats(n, outputs[i].data, b->wide[i]);
    }
}

static oc_status infer(bucket *b, oc_error *err)
{
    for (size_t i = 0; i < b->n_out; i++)
        b->out[i].data = NULL;
    oc_status st = oc_session_run(b->session, &b->in, 1, b->out, b->n_out, err);
    if (st == OC_OK)
        see(b, b->out);
    return st;
}

static float clamp(float x, float high)
{
    return x < 0 ? 0 : x > high ? high : x;
}

/* Cuts boxes to the frame; those wholly outside go, with their points. */
void oc_net_cut(oc_detections *d, float width, float height)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->n; i++) {
        oc_box b = d->items[i].box;
        if (b.x1 < 0 || b.y1 < 0 || b.x0 > width || b.y0 > height)
            continue;
        d->items[kept] = d->items[i];
        d->items[kept].box = (oc_box){clamp(b.x0, width), clamp(b.y0, height), clamp(b.x1, width),
                                      clamp(b.y1, height)};
        if (d->points && kept != i)
            memcpy(d->points + kept * d->n_points, d->points + i * d->n_points,
                   d->n_points * sizeof(*d->points));
        kept++;
    }
    d->n = kept;
}

static oc_status run_bucket(oc_net *net, bucket *b, const oc_frame *frame, const oc_box *crop,
                            uint64_t start, oc_result *out, oc_error *err)
{
    oc_to_tensor_map map;
    oc_status        st = prepare_input(net, b, frame, crop, &map, err);
    if (st != OC_OK)
        return st;
    uint64_t prepared = oc_now_ns();
    st = infer(b, err);
    if (st != OC_OK)
        return st;
    uint64_t inferred = oc_now_ns();
    *out = (oc_result){.text = ""};
    net->card->head->decode(b->head[0], b->seen, &map, out);
    oc_net_cut(&out->detections, (float)frame->width, (float)frame->height);
    net->times = (oc_net_times){.prepare_ns = prepared - start,
                                .infer_ns = inferred - prepared,
                                .decode_ns = oc_now_ns() - inferred};
    return OC_OK;
}

/* A run as a job: what run_bucket is called with. */
typedef struct single {
    oc_net         *net;
    bucket         *b;
    const oc_frame *frame;
    const oc_box   *crop;
    oc_result      *out;
} single;

static oc_status run_single(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    single *p = ctx[0];
    (void)n;
    (void)grant;
    return run_bucket(p->net, p->b, p->frame, p->crop, oc_now_ns(), p->out, err);
}

oc_status oc_net_too_late(oc_net *net, oc_sched_drop reason, oc_error *err)
{
    net->dropped = reason;
    return OC_FAIL(err, OC_BUSY, "%s: dropped by the scheduler: %s", net->card->name,
                   oc_sched_drop_name(reason));
}

static oc_status run_scheduled(oc_net *net, bucket *b, const oc_frame *frame, const oc_box *crop,
                               oc_result *out, oc_error *err)
{
    single           p = {net, b, frame, crop, out};
    oc_sched_verdict verdict;
    oc_sched_job     job = {.network = b->network,
                            .stream = net->job.stream,
                            .cls = net->job.cls,
                            .deadline_ns = net->job.deadline_ns,
                            .keep = net->job.keep,
                            .fn = run_single,
                            .ctx = &p};
    if (b->lanes)
        return oc_net_run_one(net, b, frame, crop, out, err);
    oc_status st = net->sched ? oc_sched_run(net->sched, &job, &verdict, err)
                              : run_bucket(net, b, frame, crop, oc_now_ns(), out, err);
    if (st == OC_OK && net->sched) {
        net->times.queue_ns = verdict.queue_ns;
        if (verdict.outcome == OC_SCHED_DROPPED)
            return oc_net_too_late(net, verdict.reason, err);
    }
    net->batches.of[1] += st == OC_OK;
    return st;
}

void oc_net_job_set(oc_net *net, const oc_net_job *job)
{
    net->job = *job;
}

oc_sched_drop oc_net_dropped(const oc_net *net)
{
    return net->dropped;
}

uint64_t oc_net_predict_ns(const oc_net *net)
{
    return net->sched ? oc_sched_predict_ns(net->sched, net->buckets[0].network, 1, 1) : 0;
}

bucket *oc_net_aim(oc_net *net, const oc_frame *frame, const oc_box *crop, oc_box *grown)
{
    float width = (float)frame->width, height = (float)frame->height;
    if (crop) {
        *grown = oc_card_crop(net->card, *crop);
        width = grown->x1 - grown->x0;
        height = grown->y1 - grown->y0;
    }
    return &net->buckets[oc_card_pick_size(net->card, width, height)];
}

oc_status oc_net_run(oc_net *net, const oc_frame *frame, const oc_box *crop, oc_result *out,
                     oc_error *err)
{
    oc_box  grown;
    bucket *b = oc_net_aim(net, frame, crop, &grown);
    return run_scheduled(net, b, frame, crop ? &grown : NULL, out, err);
}

oc_status oc_net_prepare(oc_net *net, const oc_frame *frame, oc_net_stage *stage, oc_error *err)
{
    const size_t   size = oc_card_pick_size(net->card, (float)frame->width, (float)frame->height);
    bucket        *b = &net->buckets[size];
    const oc_port *outputs;
    *stage = (oc_net_stage){.image = net->card->image,
                            .input = b->in,
                            .n_outputs = oc_session_outputs(b->session, &outputs),
                            .size = size,
                            .width = (float)frame->width,
                            .height = (float)frame->height};
    stage->outputs = outputs;
    stage->image.width = net->card->sizes[size].width;
    stage->image.height = net->card->sizes[size].height;
    return prepare_input(net, b, frame, NULL, &stage->map, err);
}

oc_status oc_net_infer(oc_net *net, oc_net_stage *stage, oc_error *err)
{
    bucket *b = &net->buckets[stage->size];
    stage->output = b->out;
    return infer(b, err);
}

oc_status oc_net_decode(oc_net *net, const oc_net_stage *stage, const oc_tensor_view *outputs,
                        oc_result *out, oc_error *err)
{
    bucket *b = &net->buckets[stage->size];
    for (size_t i = 0; i < b->n_out; i++)
        if (outputs[i].info.dtype != b->out[i].info.dtype ||
            !oc_shape_equal(&outputs[i].info.shape, &b->out[i].info.shape))
            return OC_FAIL(err, OC_INVALID, "output '%s' has another type or shape",
                           stage->outputs[i].name);
    see(b, outputs);
    *out = (oc_result){.text = ""};
    net->card->head->decode(b->head[0], b->seen, &stage->map, out);
    oc_net_cut(&out->detections, stage->width, stage->height);
    return OC_OK;
}

static int32_t side(float length, int32_t most)
{
    return length >= (float)most ? most : length >= 1 ? (int32_t)(length + .5f) : 1;
}

oc_status oc_net_run_quad(oc_net *net, const oc_frame *frame, const oc_point quad[4],
                          oc_result *out, oc_error *err)
{
    oc_point q[4];
    float    width = hypotf(quad[1].x - quad[0].x, quad[1].y - quad[0].y);
    float    height = hypotf(quad[3].x - quad[0].x, quad[3].y - quad[0].y);
    bool     tall = height >= 1.5f * width;
    if (net->card->head->kind == OC_HEAD_DETECT)
        return OC_FAIL(err, OC_INVALID, "%s gives coordinates: not for turned pieces",
                       net->card->name);
    if (!(width > 0) || !(height > 0) || !isfinite(width) || !isfinite(height))
        return OC_FAIL(err, OC_INVALID, "a quadrilateral without extent");
    for (int i = 0; i < 4; i++) /* a column of text is turned to the left */
        q[i] = quad[(i + tall) % 4];
    float   w = tall ? height : width, h = tall ? width : height;
    bucket *b = &net->buckets[oc_card_pick_size(net->card, w, h)];
    float   scale_x = (float)b->upright->width / w, scale_y = (float)b->upright->height / h;
    if (net->card->image.fit != OC_FIT_STRETCH)
        scale_x = scale_y = fminf(scale_x, scale_y);
    oc_warp(frame, q, side(w * scale_x, b->upright->width), side(h * scale_y, b->upright->height),
            (uint8_t)(net->card->image.pad + .5f), b->upright);
    return run_scheduled(net, b, b->upright, NULL, out, err);
}

oc_net_times oc_net_last(const oc_net *net)
{
    return net->times;
}

void oc_net_describe(const oc_net *net, oc_step_fn *on_step, void *ctx)
{
    for (size_t i = 0; i < net->card->n_sizes; i++)
        oc_session_describe(net->buckets[i].session, on_step, ctx);
}

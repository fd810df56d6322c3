/* Several pictures in one run: those of one frame, and those that other streams have at the same time. */
#include <string.h>

#include "core/arena.h"
#include "telemetry/histogram.h"
#include "vision/net_state.h"

/* ---- making ---- */

typedef struct request {
    const oc_net_lanes_options *wanted;
} request;

static oc_status make_part(void *ctx, void **out, oc_error *err)
{
    const request *r = ctx;
    oc_net_lanes  *lanes = NULL;
    oc_status      st = oc_net_lanes_create(r->wanted, &lanes, err);
    if (st == OC_OK)
        *out = lanes;
    return st;
}

static void destroy_part(void *part)
{
    oc_net_lanes_destroy(part);
}

/* Without a scheduler nobody keeps users of the same lane apart: then they are the network's own. */
oc_status oc_net_make_lanes(oc_net *net, bucket *b, const oc_net_lanes_options *wanted,
                            const char *key, oc_error *err)
{
    request              r = {wanted};
    const oc_models_part part = {.make = make_part, .destroy = destroy_part, .ctx = &r};
    void                *made = NULL;
    if (!net->sched)
        return oc_net_lanes_create(wanted, &b->lanes, err);
    oc_status st = oc_models_part_take(net->models, net->model_path, key, &part, &made, err);
    b->lanes = made;
    return st;
}

unsigned oc_net_batch(const oc_net *net, const char **why)
{
    unsigned most = 1;
    for (size_t i = 0; i < net->card->n_sizes; i++)
        if (net->buckets[i].lanes && oc_net_lanes_batch(net->buckets[i].lanes) > most)
            most = oc_net_lanes_batch(net->buckets[i].lanes);
    if (why)
        *why = net->alone;
    return most;
}

const oc_net_batches *oc_net_batches_get(const oc_net *net)
{
    return &net->batches;
}

void oc_net_batches_follow(oc_net *net, const oc_net *before)
{
    net->batches = before->batches;
}

/* ---- a run ---- */

static void prepare(picture *p, oc_net_lanes *lanes, unsigned lane, size_t at)
{
    const uint64_t start = oc_now_ns();
    void          *to = oc_net_lanes_input(lanes, lane, at);
    p->status = oc_to_tensor_run(p->b->prepare[lane], p->frame, p->crop, p->net->pool, to, &p->map,
                                 &p->err);
    p->times.prepare_ns = oc_now_ns() - start;
}

static void decode(picture *p, oc_net_lanes *lanes, unsigned lane, size_t at)
{
    const uint64_t start = oc_now_ns();
    bucket        *b = p->b;
    oc_tensor_view seen[OC_NET_OUTPUTS_MAX];
    for (size_t k = 0; k < b->n_out; k++) {
        seen[k] = b->seen[k];
        seen[k].data = oc_net_lanes_output(lanes, lane, k, at);
    }
    p->result = (oc_result){.text = ""};
    p->net->card->head->decode(b->head[p->slot], seen, &p->map, &p->result);
    oc_net_cut(&p->result.detections, (float)p->frame->width, (float)p->frame->height);
    p->times.decode_ns = oc_now_ns() - start;
}

/* n pictures, as many as one run takes.  A picture that cannot be prepared leaves its place to whatever
 * stands there: it concerns nobody else. */
static oc_status run_together(void *const *ctx, unsigned n, unsigned lane, oc_error *err)
{
    oc_net_lanes *lanes = ((picture *)ctx[0])->b->lanes;
    for (unsigned i = 0; i < n; i++)
        prepare(ctx[i], lanes, lane, i);
    const uint64_t start = oc_now_ns();
    oc_status      st = oc_net_lanes_run(lanes, lane, n, err);
    const uint64_t took = oc_now_ns() - start;
    for (unsigned i = 0; i < n && st == OC_OK; i++) {
        picture *p = ctx[i];
        p->times.infer_ns = took / n; /* its share */
        p->batch = n;
        if (p->status == OC_OK)
            decode(p, lanes, lane, i);
    }
    return st;
}

/* A job, or several of this and other streams: all with the same lanes.  The whole is cut into what
 * sessions are there for, large ones first. */
static oc_status run_pictures(void *const *ctx, size_t n, const oc_sched_grant *grant,
                              oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t at = 0; at < n && st == OC_OK;) {
        const unsigned k = oc_net_lanes_fit(((picture *)ctx[0])->b->lanes, n - at);
        st = run_together(ctx + at, k, grant ? grant->instance : 0, err);
        at += k;
    }
    return st;
}

/* Which lane a picture comes to is not known: all make their tables for a new size of frame now, so that
 * none allocates later.  No job of this network is under way. */
static oc_status meet(bucket *b, const oc_frame *frame, oc_error *err)
{
    oc_status st = OC_OK;
    if (b->met_width == frame->width && b->met_height == frame->height &&
        b->met_format == frame->format)
        return OC_OK;
    void *to = oc_alloc64(b->n_in, sizeof(float));
    if (!to)
        return OC_FAIL(err, OC_NOMEM, "an input of %zu elements", b->n_in);
    for (unsigned i = 0; i < oc_net_lanes_count(b->lanes) && st == OC_OK; i++)
        st = oc_to_tensor_run(b->prepare[i], frame, NULL, NULL, to, NULL, err);
    oc_free64(to);
    if (st == OC_OK) {
        b->met_format = frame->format;
        b->met_width = frame->width;
        b->met_height = frame->height;
    }
    return st;
}

static oc_sched_job job_of(const oc_net *net, picture *p)
{
    return (oc_sched_job){.network = p->b->network,
                          .stream = net->job.stream,
                          .cls = net->job.cls,
                          .deadline_ns = net->job.deadline_ns,
                          .batchable = true,
                          .group = p->b->lanes,
                          .keep = net->job.keep,
                          .fn = run_pictures,
                          .ctx = p};
}

static void note_verdict(picture *p, const oc_sched_verdict *v)
{
    p->times.queue_ns = v->queue_ns;
    p->dropped = v->outcome == OC_SCHED_DROPPED;
    p->reason = v->reason;
}

/* The picture's fate as the network's. */
static oc_status conclude(oc_net *net, const picture *p, oc_error *err)
{
    if (p->dropped)
        return oc_net_too_late(net, p->reason, err);
    if (p->status != OC_OK) {
        if (err)
            *err = p->err;
        return p->status;
    }
    net->batches.of[p->batch]++;
    return OC_OK;
}

oc_status oc_net_run_one(oc_net *net, bucket *b, const oc_frame *frame, const oc_box *crop,
                         oc_result *out, oc_error *err)
{
    picture         *p = &net->pictures[0];
    void            *ctx = p;
    oc_sched_verdict verdict;
    oc_status        st;
    *p = (picture){.net = net, .b = b, .frame = frame, .crop = crop};
    if ((st = meet(b, frame, err)) != OC_OK)
        return st;
    if (net->sched) {
        const oc_sched_job job = job_of(net, p);
        st = oc_sched_run(net->sched, &job, &verdict, err);
        if (st == OC_OK)
            note_verdict(p, &verdict);
    } else {
        st = run_pictures(&ctx, 1, NULL, err);
    }
    if (st == OC_OK)
        st = conclude(net, p, err);
    if (st == OC_OK) {
        net->times = p->times;
        *out = p->result;
    }
    return st;
}

/* ---- the pictures of a frame ---- */

/* In a thread of the scheduler's. */
static void picture_done(void *ctx, const oc_sched_verdict *v, oc_status status,
                         const oc_error *err)
{
    picture *p = ctx;
    oc_net  *net = p->net;
    note_verdict(p, v);
    if (status != OC_OK) {
        p->status = status;
        p->err = *err;
    }
    pthread_mutex_lock(&net->lock);
    if (--net->n_open == 0)
        pthread_cond_signal(&net->over);
    pthread_mutex_unlock(&net->lock);
}

static oc_status submit(oc_net *net, size_t n, oc_error *err)
{
    size_t n_jobs = 0;
    for (size_t i = 0; i < n; i++)
        if (net->pictures[i].b->lanes)
            net->jobs[n_jobs++] = job_of(net, &net->pictures[i]);
    net->n_open = n_jobs; /* nobody else looks at it before they are submitted */
    oc_status st = oc_sched_submit_many(net->sched, net->jobs, n_jobs, picture_done, err);
    if (st != OC_OK)
        net->n_open = 0;
    return st;
}

static void wait_for_all(oc_net *net)
{
    pthread_mutex_lock(&net->lock);
    while (net->n_open)
        pthread_cond_wait(&net->over, &net->lock);
    pthread_mutex_unlock(&net->lock);
}

/* Without a scheduler: those of one size together. */
static oc_status run_here(oc_net *net, size_t n, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t k = 0; k < net->card->n_sizes && st == OC_OK; k++) {
        void  *ctx[OC_LANE_BATCH_MAX];
        size_t n_ctx = 0;
        for (size_t i = 0; i < n && st == OC_OK; i++) {
            if (net->pictures[i].b == &net->buckets[k])
                ctx[n_ctx++] = &net->pictures[i];
            if (n_ctx == OC_LANE_BATCH_MAX) {
                st = run_pictures(ctx, n_ctx, NULL, err);
                n_ctx = 0;
            }
        }
        if (st == OC_OK)
            st = run_pictures(ctx, n_ctx, NULL, err);
    }
    return st;
}

/* The first n crops at once; all sizes have lanes. */
static oc_status run_at_once(oc_net *net, const oc_frame *frame, const oc_box *crops, size_t n,
                             oc_error *err)
{
    oc_status st;
    for (size_t i = 0; i < n; i++) {
        picture *p = &net->pictures[i];
        *p = (picture){.net = net, .slot = (unsigned)i, .frame = frame, .crop = &p->grown};
        p->b = oc_net_aim(net, frame, &crops[i], &p->grown);
        if ((st = meet(p->b, frame, err)) != OC_OK)
            return st;
    }
    if (!net->sched)
        return run_here(net, n, err);
    if ((st = submit(net, n, err)) == OC_OK)
        wait_for_all(net);
    return st;
}

static void add_times(oc_net_times *sum, const oc_net_times *t)
{
    sum->queue_ns += t->queue_ns;
    sum->prepare_ns += t->prepare_ns;
    sum->infer_ns += t->infer_ns;
    sum->decode_ns += t->decode_ns;
}

/* One after another. */
static oc_status run_singly(oc_net *net, const oc_frame *frame, const oc_box *crops, size_t n,
                            oc_net_each *each, void *ctx, oc_error *err)
{
    oc_net_times sum = {0};
    for (size_t i = 0; i < n; i++) {
        oc_result result;
        oc_status st = oc_net_run(net, frame, &crops[i], &result, err);
        if (st != OC_OK)
            return st;
        add_times(&sum, &net->times);
        each(ctx, i, &result);
    }
    net->times = sum;
    return OC_OK;
}

oc_status oc_net_run_crops(oc_net *net, const oc_frame *frame, const oc_box *crops, size_t n,
                           oc_net_each *each, void *ctx, oc_error *err)
{
    oc_net_times sum = {0};
    for (size_t k = 0; k < net->card->n_sizes; k++)
        if (!net->buckets[k].lanes)
            return run_singly(net, frame, crops, n, each, ctx, err);
    for (size_t at = 0; at < n;) {
        const size_t part = n - at < net->n_slots ? n - at : net->n_slots;
        oc_status    st = run_at_once(net, frame, crops + at, part, err);
        for (size_t i = 0; i < part && st == OC_OK; i++) {
            picture *p = &net->pictures[i];
            st = conclude(net, p, err);
            if (st != OC_OK)
                break;
            add_times(&sum, &p->times);
            net->times = p->times;
            each(ctx, at + i, &p->result);
        }
        if (st != OC_OK)
            return st;
        at += part;
    }
    net->times = sum;
    return OC_OK;
}

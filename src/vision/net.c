/* A network for pictures: for every size of the card a session, a pre-processing pass and a head. */
#include "vision/net.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/watch.h"
#include "telemetry/histogram.h"
#include "tensor/half.h"
#include "vision/store.h"
#include "vision/warp.h"

#define OUTPUTS_MAX 64

typedef struct bucket {
    oc_session     *session;
    oc_to_tensor   *prepare;
    oc_frame       *upright; /* of the input's size, for turned pieces; NULL for other heads */
    void           *head;    /* in the arena */
    oc_arena        arena;
    oc_tensor_view  in;
    float          *full; /* the input in f32, where the network takes f16 */
    size_t          n_in; /* elements of the input */
    size_t          n_out;
    oc_tensor_view *out;     /* as the session gives them; data NULL before each run */
    oc_tensor_view *seen;    /* as the head reads them */
    uint32_t        network; /* the scheduler's number for it */
    float         **wide;    /* f32 copies of f16 outputs, else NULL */
} bucket;

struct oc_net {
    oc_card      *card;
    oc_model     *model;
    oc_models    *models; /* the model is theirs; NULL: it is our own */
    oc_pool      *pool;
    char         *model_path;
    bucket        buckets[OC_CARD_BUCKETS_MAX];
    size_t        n_points, n_embedding;
    oc_net_times  times;
    oc_sched     *sched;
    oc_net_job    job;
    oc_sched_drop dropped;
};

static oc_shape wanted_shape(const oc_card *card, oc_card_size size)
{
    int64_t channels = card->image.gray ? 1 : 3;
    if (card->image.nhwc)
        return (oc_shape){4, {1, size.height, size.width, channels}};
    return (oc_shape){4, {1, channels, size.height, size.width}};
}

/* The one input, of a model or of a session, against the card. */
static oc_status check_input(const oc_card *card, const oc_port *ports, size_t n,
                             const oc_shape *shape, oc_error *err)
{
    char a[128], b[128];
    if (n != 1)
        return OC_FAIL(err, OC_INVALID, "the network has %zu inputs, a card feeds one", n);
    if (card->input && strcmp(card->input, ports[0].name))
        return OC_FAIL(err, OC_INVALID, "the network's input is '%s', the card says '%s'",
                       ports[0].name, card->input);
    oc_dtype want = card->half ? OC_F16 : card->image.dtype;
    if (ports[0].info.dtype != want)
        return OC_FAIL(err, OC_INVALID, "input '%s' is %s, the card says %s", ports[0].name,
                       oc_dtype_name(ports[0].info.dtype), oc_dtype_name(want));
    const oc_shape *have = &ports[0].info.shape;
    bool            fits = have->rank == 4;
    for (uint32_t i = 0; fits && i < 4; i++)
        fits = have->dim[i] < 0 || have->dim[i] == shape->dim[i];
    if (!fits)
        return OC_FAIL(err, OC_INVALID, "input '%s' is %s, the card says %s", ports[0].name,
                       oc_shape_text(have, a, sizeof(a)), oc_shape_text(shape, b, sizeof(b)));
    return OC_OK;
}

/* Read when a session is not there already compiled. */
static oc_status load_model(oc_net *net, oc_error *err)
{
    if (net->model)
        return OC_OK;
    return net->models ? oc_models_take(net->models, net->model_path, &net->model, err)
                       : oc_model_load(net->model_path, &net->model, err);
}

static oc_status compile(oc_net *net, bucket *b, const oc_session_options *so, oc_error *err)
{
    const oc_port *ports;
    oc_status      st = load_model(net, err);
    if (st != OC_OK)
        return st;
    size_t n = oc_model_inputs(net->model, &ports);
    if ((st = check_input(net->card, ports, n, &so->shapes[0].info.shape, err)) != OC_OK)
        return st;
    return oc_session_create(net->model, so, &b->session, err);
}

static oc_status compile_or_find(oc_net *net, bucket *b, const oc_session_options *so,
                                 const oc_net_plans *plans, oc_error *err)
{
    oc_plan_cache_seen seen;
    oc_status          st;
    if (!plans || so->tune)
        return compile(net, b, so, err);
    st = oc_plan_cache_find(&plans->cache, net->model_path, so, &b->session, &seen, err);
    if (st == OC_OK && !b->session && (st = compile(net, b, so, err)) == OC_OK)
        st = oc_plan_cache_keep(&plans->cache, net->model_path, so, b->session, &seen, err);
    if (seen.note[0] && plans->note)
        plans->note(plans->ctx, seen.note);
    return st;
}

static oc_status make_session(oc_net *net, bucket *b, oc_card_size size,
                              const oc_net_options *options, oc_error *err)
{
    const oc_port     *bound;
    oc_shape           shape = wanted_shape(net->card, size);
    oc_port            port = {.name = net->card->input, .info = {.shape = shape}};
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    so.pool = options->pool;
    so.arena_bytes_max = options->arena_bytes_max;
    so.backend = options->backend;
    so.isa = options->isa;
    so.tune = options->tune;
    so.allow_dynamic = options->allow_dynamic || net->card->allow_dynamic;
    so.shapes = &port;
    so.n_shapes = 1;
    oc_status st = compile_or_find(net, b, &so, options->plans, err);
    if (st != OC_OK)
        return st;
    size_t n = oc_session_inputs(b->session, &bound);
    if ((st = check_input(net->card, bound, n, &shape, err)) != OC_OK)
        return st;
    b->in = (oc_tensor_view){.info = bound[0].info, .data = oc_session_input_buffer(b->session, 0)};
    if (!oc_shape_elements(&b->in.info.shape, &b->n_in))
        return OC_FAIL(err, OC_INVALID, "input '%s' is too large", bound[0].name);
    return OC_OK;
}

static oc_status make_buffers(const oc_net *net, bucket *b, oc_port *ports, oc_error *err)
{
    b->out = oc_arena_alloc(&b->arena, b->n_out, sizeof(*b->out));
    b->seen = oc_arena_alloc(&b->arena, b->n_out, sizeof(*b->seen));
    b->wide = oc_arena_alloc(&b->arena, b->n_out, sizeof(*b->wide));
    if (net->card->half)
        b->full = oc_arena_alloc64(&b->arena, b->n_in, sizeof(float));
    if (!b->out || !b->seen || !b->wide || (net->card->half && !b->full))
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    for (size_t i = 0; i < b->n_out; i++) {
        size_t n;
        b->out[i].info = ports[i].info;
        if (ports[i].info.dtype == OC_F16) {
            ports[i].info.dtype = OC_F32;
            if (!oc_shape_elements(&ports[i].info.shape, &n) ||
                !(b->wide[i] = oc_arena_alloc64(&b->arena, n, sizeof(float))))
                return OC_FAIL(err, OC_NOMEM, "out of memory");
        }
        b->seen[i] = (oc_tensor_view){.info = ports[i].info, .data = b->wide[i]};
    }
    return OC_OK;
}

static oc_status make_head(oc_net *net, bucket *b, oc_card_size size, oc_error *err)
{
    const oc_card *card = net->card;
    const oc_port *outputs;
    oc_port        ports[OUTPUTS_MAX];
    b->n_out = oc_session_outputs(b->session, &outputs);
    if (b->n_out > OUTPUTS_MAX)
        return OC_FAIL(err, OC_INVALID, "the network has more than %d outputs", OUTPUTS_MAX);
    memcpy(ports, outputs, b->n_out * sizeof(*ports));
    oc_status st = make_buffers(net, b, ports, err);
    if (st != OC_OK)
        return st;
    oc_head_bind bind = {.params = card->head_params,
                         .width = size.width,
                         .height = size.height,
                         .outputs = ports,
                         .n_outputs = b->n_out,
                         .labels = card->labels,
                         .n_labels = card->n_labels,
                         .arena = &b->arena};
    return card->head->bind(&bind, &b->head, err);
}

/* Under a name that is the same for all who run the same thing: what one learns of its run times is
 * the others' gain. */
static oc_status register_bucket(const oc_net *net, bucket *b, oc_card_size size, oc_error *err)
{
    char        name[OC_MODELS_NAME];
    const char *slash = strrchr(net->model_path, '/');
    snprintf(name, sizeof(name), "%.40s %dx%d %.60s", net->card->name, size.width, size.height,
             slash ? slash + 1 : net->model_path);
    return oc_models_network(net->models, net->sched, name, &b->network, err);
}

static oc_status make_bucket(oc_net *net, bucket *b, oc_card_size size,
                             const oc_net_options *options, oc_error *err)
{
    oc_isa    isa = oc_cpu_isa();
    oc_status st = make_session(net, b, size, options, err);
    if (st == OC_OK)
        st = make_head(net, b, size, err);
    if (st != OC_OK)
        return st;
    if (options->isa && !oc_isa_parse(options->isa, &isa))
        return OC_FAIL(err, OC_INVALID, "no instruction set '%s' here", options->isa);
    if (net->card->head->kind != OC_HEAD_DETECT)
        st = oc_frame_create(OC_PIXEL_RGB24, size.width, size.height, &b->upright, err);
    if (st != OC_OK)
        return st;
    if (net->sched && (st = register_bucket(net, b, size, err)) != OC_OK)
        return st;
    oc_to_tensor_options image = net->card->image;
    image.width = size.width;
    image.height = size.height;
    return oc_to_tensor_create(&image, isa, net->pool ? oc_pool_threads(net->pool) : 1, &b->prepare,
                               err);
}

/* What the head gives does not depend on the picture: asked of it once, with zeros. */
static void probe_result(oc_net *net)
{
    bucket          *b = &net->buckets[0];
    oc_result        result = {0};
    oc_to_tensor_map map = {1, 1, 0, 0};
    for (size_t i = 0; i < b->n_out; i++)
        if (!b->seen[i].data)
            b->seen[i].data = b->out[i].data;
    net->card->head->decode(b->head, b->seen, &map, &result);
    net->n_points = result.detections.n_points;
    net->n_embedding = result.n_embedding;
}

/* One run over a zero input: the first run of a session may be the slowest, and is nobody's frame. */
static oc_status warm_up(oc_net *net, oc_error *err)
{
    for (size_t i = 0; i < net->card->n_sizes; i++) {
        bucket   *b = &net->buckets[i];
        oc_status st = oc_session_run(b->session, &b->in, 1, b->out, b->n_out, err);
        if (st != OC_OK)
            return st;
        for (size_t k = 0; k < b->n_out; k++) {
            size_t n;
            if (b->wide[k] && oc_shape_elements(&b->out[k].info.shape, &n))
                oc_half_to_floats(n, b->out[k].data, b->wide[k]);
        }
    }
    probe_result(net);
    return OC_OK;
}

static oc_status build(oc_net *net, const char *model_path, const oc_net_options *options,
                       oc_error *err)
{
    char      found[OC_PATH_MAX];
    oc_card  *card = net->card;
    oc_status st = OC_OK;
    if (!model_path) {
        st = oc_store_model(card, options->mirror, found, sizeof(found), err);
        model_path = found;
    }
    if (st == OC_OK)
        st = oc_card_labels(card, model_path, err);
    if (st != OC_OK)
        return st;
    net->model_path = strdup(model_path);
    if (!net->model_path)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    if (options->size.width > 0 && options->size.height > 0) {
        card->sizes[0] = options->size;
        card->n_sizes = 1;
    }
    if (options->score > 0 && card->head->kind == OC_HEAD_DETECT)
        ((oc_head_select *)card->head_params)->score = options->score;
    for (size_t i = 0; st == OC_OK && i < card->n_sizes; i++)
        st = make_bucket(net, &net->buckets[i], card->sizes[i], options, err);
    if (st == OC_OK)
        st = warm_up(net, err);
    if (st != OC_OK)
        oc_error_prefix(err, "%s with %s", card->path, net->model_path);
    return st;
}

oc_status oc_net_create_take(oc_card *card, const char *model_path, const oc_net_options *options,
                             oc_net **out, oc_error *err)
{
    static const oc_net_options defaults = {0};
    oc_net                     *net = calloc(1, sizeof(*net));
    if (!net) {
        oc_card_destroy(card);
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    }
    if (!options)
        options = &defaults;
    net->card = card;
    net->pool = options->pool;
    net->models = options->models;
    net->sched = options->sched;
    net->job.cls = OC_SCHED_NORMAL;
    oc_status st = build(net, model_path, options, err);
    if (st != OC_OK) {
        oc_net_destroy(net);
        return st;
    }
    *out = net;
    return OC_OK;
}

oc_status oc_net_create(const char *card, const char *model_path, const oc_net_options *options,
                        oc_net **out, oc_error *err)
{
    oc_card  *loaded = NULL;
    oc_status st = oc_store_card(card, &loaded, err);
    return st == OC_OK ? oc_net_create_take(loaded, model_path, options, out, err) : st;
}

void oc_net_destroy(oc_net *net)
{
    if (!net)
        return;
    for (size_t i = 0; i < OC_CARD_BUCKETS_MAX; i++) {
        oc_session_destroy(net->buckets[i].session);
        oc_to_tensor_destroy(net->buckets[i].prepare);
        oc_frame_unref(net->buckets[i].upright);
        oc_arena_finish(&net->buckets[i].arena);
    }
    if (net->models)
        oc_models_give(net->models, net->model);
    else
        oc_model_unref(net->model);
    oc_card_destroy(net->card);
    free(net->model_path);
    free(net);
}

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
        oc_session_stats one = {.struct_size = sizeof(one)};
        oc_session_stats_get(net->buckets[i].session, &one);
        sum->arena_bytes += one.arena_bytes;
        sum->weight_bytes += one.weight_bytes;
        sum->flops = one.flops > sum->flops ? one.flops : sum->flops;
        sum->n_nodes = one.n_nodes > sum->n_nodes ? one.n_nodes : sum->n_nodes;
    }
}

static oc_status prepare_input(oc_net *net, bucket *b, const oc_frame *frame, const oc_box *crop,
                               oc_to_tensor_map *map, oc_error *err)
{
    void     *to = b->full ? (void *)b->full : b->in.data;
    oc_status st = oc_to_tensor_run(b->prepare, frame, crop, net->pool, to, map, err);
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
static void cut_to_frame(oc_detections *d, float width, float height)
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
    net->card->head->decode(b->head, b->seen, &map, out);
    cut_to_frame(&out->detections, (float)frame->width, (float)frame->height);
    net->times = (oc_net_times){.prepare_ns = prepared - start,
                                .infer_ns = inferred - prepared,
                                .decode_ns = oc_now_ns() - inferred};
    return OC_OK;
}

/* A run as a job: what run_bucket is called with. */
typedef struct picture {
    oc_net         *net;
    bucket         *b;
    const oc_frame *frame;
    const oc_box   *crop;
    oc_result      *out;
} picture;

static oc_status run_picture(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    picture *p = ctx[0];
    (void)n;
    (void)grant;
    return run_bucket(p->net, p->b, p->frame, p->crop, oc_now_ns(), p->out, err);
}

static oc_status run_scheduled(oc_net *net, bucket *b, const oc_frame *frame, const oc_box *crop,
                               oc_result *out, oc_error *err)
{
    picture          p = {net, b, frame, crop, out};
    oc_sched_verdict verdict;
    oc_sched_job     job = {.network = b->network,
                            .stream = net->job.stream,
                            .cls = net->job.cls,
                            .deadline_ns = net->job.deadline_ns,
                            .keep = net->job.keep,
                            .fn = run_picture,
                            .ctx = &p};
    if (!net->sched)
        return run_bucket(net, b, frame, crop, oc_now_ns(), out, err);
    oc_status st = oc_sched_run(net->sched, &job, &verdict, err);
    if (st != OC_OK)
        return st;
    net->times.queue_ns = verdict.queue_ns;
    if (verdict.outcome != OC_SCHED_DROPPED)
        return OC_OK;
    net->dropped = verdict.reason;
    return OC_FAIL(err, OC_BUSY, "%s: dropped by the scheduler: %s", net->card->name,
                   oc_sched_drop_name(verdict.reason));
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

oc_status oc_net_run(oc_net *net, const oc_frame *frame, const oc_box *crop, oc_result *out,
                     oc_error *err)
{
    oc_box grown;
    float  width = (float)frame->width, height = (float)frame->height;
    if (crop) {
        grown = oc_card_crop(net->card, *crop);
        crop = &grown;
        width = grown.x1 - grown.x0;
        height = grown.y1 - grown.y0;
    }
    bucket *b = &net->buckets[oc_card_pick_size(net->card, width, height)];
    return run_scheduled(net, b, frame, crop, out, err);
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
    net->card->head->decode(b->head, b->seen, &stage->map, out);
    cut_to_frame(&out->detections, stage->width, stage->height);
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

oc_status oc_net_run_crops(oc_net *net, const oc_frame *frame, const oc_box *crops, size_t n,
                           oc_net_each *each, void *ctx, oc_error *err)
{
    oc_net_times sum = {0};
    for (size_t i = 0; i < n; i++) {
        oc_result result;
        oc_status st = oc_net_run(net, frame, &crops[i], &result, err);
        if (st != OC_OK)
            return st;
        sum.prepare_ns += net->times.prepare_ns;
        sum.infer_ns += net->times.infer_ns;
        sum.decode_ns += net->times.decode_ns;
        each(ctx, i, &result);
    }
    net->times = sum;
    return OC_OK;
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

/* A network is made: its model, and for every size of the card a session, a pre-processing pass and a
 * head. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/half.h"
#include "vision/net_state.h"
#include "vision/store.h"

static oc_shape wanted_shape(const oc_card *card, oc_card_size size, unsigned pictures)
{
    int64_t channels = card->image.gray ? 1 : 3;
    if (card->image.nhwc)
        return (oc_shape){4, {pictures, size.height, size.width, channels}};
    return (oc_shape){4, {pictures, channels, size.height, size.width}};
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

static oc_status compile(oc_net *net, const oc_session_options *so, oc_session **out, oc_error *err)
{
    const oc_port *ports;
    oc_status      st = load_model(net, err);
    if (st != OC_OK)
        return st;
    size_t n = oc_model_inputs(net->model, &ports);
    if ((st = check_input(net->card, ports, n, &so->shapes[0].info.shape, err)) != OC_OK)
        return st;
    return oc_session_create(net->model, so, out, err);
}

static oc_status compile_or_find(oc_net *net, const oc_session_options *so,
                                 const oc_net_plans *plans, oc_session **out, oc_error *err)
{
    oc_plan_cache_seen seen;
    oc_status          st;
    if (!plans || so->tune)
        return compile(net, so, out, err);
    st = oc_plan_cache_find(&plans->cache, net->model_path, so, out, &seen, err);
    if (st == OC_OK && !*out && (st = compile(net, so, out, err)) == OC_OK)
        st = oc_plan_cache_keep(&plans->cache, net->model_path, so, *out, &seen, err);
    if (seen.note[0] && plans->note)
        plans->note(plans->ctx, seen.note);
    return st;
}

/* What the sessions of a size are made with. */
typedef struct making {
    oc_net               *net;
    const oc_net_options *options;
    oc_card_size          size;
} making;

static oc_status make_session(void *ctx, unsigned pictures, oc_session **out, oc_error *err)
{
    const making         *m = ctx;
    const oc_net_options *options = m->options;
    const oc_port        *bound;
    oc_shape              shape = wanted_shape(m->net->card, m->size, pictures);
    oc_port               port = {.name = m->net->card->input, .info = {.shape = shape}};
    oc_session_options    so = OC_SESSION_OPTIONS_INIT;
    oc_session           *session = NULL;
    so.pool = options->pool;
    so.arena_bytes_max = options->arena_bytes_max;
    so.backend = options->backend;
    so.isa = options->isa;
    so.tune = options->tune;
    so.allow_dynamic = options->allow_dynamic || m->net->card->allow_dynamic;
    so.shapes = &port;
    so.n_shapes = 1;
    oc_status st = compile_or_find(m->net, &so, options->plans, &session, err);
    if (st != OC_OK)
        return st;
    size_t n = oc_session_inputs(session, &bound);
    if ((st = check_input(m->net->card, bound, n, &shape, err)) != OC_OK) {
        oc_session_destroy(session);
        return st;
    }
    *out = session;
    return OC_OK;
}

static oc_status look_at_input(bucket *b, oc_error *err)
{
    const oc_port *bound;
    oc_session_inputs(b->session, &bound);
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
    oc_port        ports[OC_NET_OUTPUTS_MAX];
    b->n_out = oc_session_outputs(b->session, &outputs);
    if (b->n_out > OC_NET_OUTPUTS_MAX)
        return OC_FAIL(err, OC_INVALID, "the network has more than %d outputs", OC_NET_OUTPUTS_MAX);
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
    b->head = oc_arena_alloc(&b->arena, net->n_slots, sizeof(*b->head));
    if (!b->head)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    for (unsigned i = 0; i < net->n_slots && st == OC_OK; i++)
        st = card->head->bind(&bind, &b->head[i], err);
    return st;
}

/* Under a name that is the same for all who run the same thing: what one learns of its run times is
 * the others' gain. */
static void name_bucket(const oc_net *net, oc_card_size size, unsigned batch,
                        char name[OC_MODELS_NAME])
{
    const char *slash = strrchr(net->model_path, '/');
    const int   n = snprintf(name, OC_MODELS_NAME, "%.40s %dx%d %.60s", net->card->name, size.width,
                             size.height, slash ? slash + 1 : net->model_path);
    if (batch > 1)
        snprintf(name + n, OC_MODELS_NAME - (size_t)n, " b%u", batch);
}

static oc_status register_bucket(oc_net *net, bucket *b, oc_card_size size,
                                 const oc_net_options *options, oc_error *err)
{
    char                     name[OC_MODELS_NAME];
    oc_sched_network_options o = {.name = name};
    name_bucket(net, size, b->lanes ? options->batch : 1, name);
    if (b->lanes) {
        o.batch_max = oc_net_lanes_batch(b->lanes);
        o.batch_wait_ns = options->batch_wait_ns;
        o.instances = oc_net_lanes_count(b->lanes);
    }
    oc_status st = oc_models_network(net->models, net->sched, &o, &b->network, err);
    if (st == OC_OK && b->lanes) /* any of its pictures may be of this size */
        st = oc_sched_reserve(net->sched, b->network, net->n_slots, err);
    if (st == OC_OK && b->lanes)
        b->reserved = true;
    return st;
}

/* All that makes lanes what they are, so that those who ask for the same have the same. */
static oc_status make_lanes(oc_net *net, bucket *b, making *m, oc_error *err)
{
    const oc_net_options      *o = m->options;
    char                       name[OC_MODELS_NAME], key[2 * OC_MODELS_NAME + 200];
    const unsigned             cores = net->sched ? oc_sched_cores(net->sched) : 1;
    const oc_net_lanes_options wanted = {.n = cores < OC_LANES_MAX ? cores : OC_LANES_MAX,
                                         .batch = o->batch,
                                         .bytes_max = o->batch_bytes_max,
                                         .session = make_session,
                                         .ctx = m};
    name_bucket(net, m->size, o->batch, name);
    snprintf(key, sizeof(key), "lanes of %s|%.40s|%.20s|%.20s|%d%d%d|%p|%p|%llu|%llu", name,
             net->card->input ? net->card->input : "", o->backend ? o->backend : "",
             o->isa ? o->isa : "", net->card->image.nhwc, net->card->image.gray,
             o->allow_dynamic || net->card->allow_dynamic, (const void *)o->pool,
             (const void *)o->tune, (unsigned long long)o->arena_bytes_max,
             (unsigned long long)o->batch_bytes_max);
    oc_status st = oc_net_make_lanes(net, b, &wanted, key, err);
    if (st != OC_UNSUPPORTED)
        return st;
    snprintf(net->alone, sizeof(net->alone), "%.255s", err->message);
    return OC_OK;
}

static oc_status make_sessions(oc_net *net, bucket *b, oc_card_size size,
                               const oc_net_options *options, oc_error *err)
{
    making    m = {net, options, size};
    oc_status st = OC_OK;
    if (options->batch > 1 && !net->alone[0])
        st = make_lanes(net, b, &m, err);
    if (b->lanes)
        b->session = oc_net_lanes_single(b->lanes, 0);
    else if (st == OC_OK)
        st = make_session(&m, 1, &b->session, err);
    return st == OC_OK ? look_at_input(b, err) : st;
}

static oc_status make_prepare(oc_net *net, bucket *b, oc_card_size size,
                              const oc_net_options *options, oc_error *err)
{
    oc_isa    isa = oc_cpu_isa();
    oc_status st = OC_OK;
    if (options->isa && !oc_isa_parse(options->isa, &isa))
        return OC_FAIL(err, OC_INVALID, "no instruction set '%s' here", options->isa);
    oc_to_tensor_options image = net->card->image;
    image.width = size.width;
    image.height = size.height;
    for (unsigned i = 0; i < (b->lanes ? oc_net_lanes_count(b->lanes) : 1) && st == OC_OK; i++)
        st = oc_to_tensor_create(&image, isa, net->pool ? oc_pool_threads(net->pool) : 1,
                                 &b->prepare[i], err);
    return st;
}

static oc_status make_bucket(oc_net *net, bucket *b, oc_card_size size,
                             const oc_net_options *options, oc_error *err)
{
    oc_status st = make_sessions(net, b, size, options, err);
    if (st == OC_OK)
        st = make_head(net, b, size, err);
    if (st == OC_OK && net->card->head->kind != OC_HEAD_DETECT)
        st = oc_frame_create(OC_PIXEL_RGB24, size.width, size.height, &b->upright, err);
    if (st == OC_OK && net->sched)
        st = register_bucket(net, b, size, options, err);
    return st == OC_OK ? make_prepare(net, b, size, options, err) : st;
}

/* What the head gives does not depend on the picture: asked of it once, with zeros. */
static oc_status probe_result(oc_net *net, oc_error *err)
{
    bucket          *b = &net->buckets[0];
    oc_result        result = {0};
    oc_to_tensor_map map = {1, 1, 0, 0};
    oc_arena         zeros = {0};
    for (size_t i = 0; i < b->n_out; i++) {
        size_t bytes;
        if (!oc_tensor_bytes(&b->seen[i].info, &bytes) ||
            !(b->seen[i].data = oc_arena_alloc64(&zeros, bytes + 1, 1))) {
            oc_arena_finish(&zeros);
            return OC_FAIL(err, OC_NOMEM, "out of memory");
        }
        memset(b->seen[i].data, 0, bytes);
    }
    net->card->head->decode(b->head[0], b->seen, &map, &result);
    net->n_points = result.detections.n_points;
    net->n_embedding = result.n_embedding;
    for (size_t i = 0; i < b->n_out; i++)
        b->seen[i].data = b->wide[i];
    oc_arena_finish(&zeros);
    return OC_OK;
}

/* One run over a zero input: the first run of a session may be the slowest, and is nobody's frame.  Lanes
 * have had theirs, and may be in use. */
static oc_status warm_up(oc_net *net, oc_error *err)
{
    for (size_t i = 0; i < net->card->n_sizes; i++) {
        bucket *b = &net->buckets[i];
        if (b->lanes)
            continue;
        oc_status st = oc_session_run(b->session, &b->in, 1, b->out, b->n_out, err);
        if (st != OC_OK)
            return st;
    }
    return probe_result(net, err);
}

/* Results that stand side by side, and what it takes to ask for them. */
static oc_status make_slots(oc_net *net, const oc_net_options *options, oc_error *err)
{
    net->n_slots = options->batch > 1 ? options->pictures ? options->pictures : options->batch : 1;
    net->pictures = calloc(net->n_slots, sizeof(*net->pictures));
    net->jobs = calloc(net->n_slots, sizeof(*net->jobs));
    return net->pictures && net->jobs ? OC_OK : OC_FAIL(err, OC_NOMEM, "out of memory");
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
    st = make_slots(net, options, err);
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
    pthread_mutex_init(&net->lock, NULL);
    pthread_cond_init(&net->over, NULL);
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
        bucket *b = &net->buckets[i];
        if (b->reserved)
            oc_sched_unreserve(net->sched, b->network, net->n_slots);
        if (!b->lanes)
            oc_session_destroy(b->session);
        else if (net->sched)
            oc_models_part_give(net->models, b->lanes);
        else
            oc_net_lanes_destroy(b->lanes);
        for (unsigned k = 0; k < OC_LANES_MAX; k++)
            oc_to_tensor_destroy(b->prepare[k]);
        oc_frame_unref(b->upright);
        oc_arena_finish(&b->arena);
    }
    if (net->models)
        oc_models_give(net->models, net->model);
    else
        oc_model_unref(net->model);
    oc_card_destroy(net->card);
    pthread_mutex_destroy(&net->lock);
    pthread_cond_destroy(&net->over);
    free(net->pictures);
    free(net->jobs);
    free(net->model_path);
    free(net);
}

/* Several pictures in one run: the bits of each are those it has alone; frames, streams, classes,
 * deadlines and failures stay apart. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/pool.h"
#include "ocellus/media.h"
#include "support/onnx_text.h"
#include "tools/alloc_count.h"
#include "vision/net.h"

#define CARD                                                                \
    "name: tiny\ntitle: t\nlicence: l\n"                                    \
    "source: {url: \"https://h/x.onnx\", sha256: "                          \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}\n"   \
    "input: {size: [4, 4], color: rgb, fit: stretch, mean: 100, std: 50}\n" \
    "head: {type: embed}\n"

enum { N_IN = 3 * 4 * 4, N_OUT = 8, CROPS = 7 };

static char folder[] = "/tmp/oc_batchXXXXXX", model[100];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(model, sizeof(model), "%s/x.onnx", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(model);
    return rmdir(folder);
}

/* y = flatten(x [- mean over the batch]) W: with `mixes` a picture's result depends on the others. */
static void write_model(int64_t batch, bool mixes)
{
    float         w[N_IN * N_OUT];
    pb           *g = pb_new();
    const int64_t in[4] = {batch, 3, 4, 4}, out[2] = {batch, N_OUT}, shape[2] = {N_IN, N_OUT};
    for (int i = 0; i < N_IN * N_OUT; i++)
        w[i] = sinf((float)i * 0.37f);
    onnx_port(g, 11, "x", 1, 4, in);
    onnx_port(g, 12, "y", 1, 2, out);
    onnx_tensor_raw(g, "w", 1, 2, shape, w, sizeof(w));
    if (mixes) {
        onnx_node(g, "ReduceMean", "x", "m", onnx_attr_ints("axes", 1, (int64_t[]){0}));
        onnx_node(g, "Sub", "x m", "d", NULL);
    }
    onnx_node(g, "Flatten", mixes ? "d" : "x", "f", NULL);
    onnx_node(g, "MatMul", "f w", "y", NULL);
    pb   *m = onnx_model(g, 13);
    FILE *f = fopen(model, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(m->data, 1, m->n, f), m->n);
    fclose(f);
    free(m);
}

/* Two streams' worth of what a process has once. */
typedef struct shared {
    oc_pool   *pool;
    oc_sched  *sched;
    oc_models *models;
} shared;

static shared shared_of(unsigned cores)
{
    shared s = {0};
    assert_int_equal(oc_pool_create(cores, &s.pool, NULL), OC_OK);
    assert_int_equal(oc_sched_create(&(oc_sched_options){.pool = s.pool}, &s.sched, NULL), OC_OK);
    assert_int_equal(oc_models_create(&s.models, NULL), OC_OK);
    return s;
}

static void shared_finish(shared *s)
{
    oc_sched_destroy(s->sched);
    oc_models_destroy(s->models);
    oc_pool_destroy(s->pool);
}

static oc_net *net_of(const shared *s, unsigned batch, uint64_t wait_ns, uint64_t bytes_max)
{
    oc_net        *net = NULL;
    oc_card       *card = NULL;
    oc_error       err = {0};
    oc_net_options o = {
        .batch = batch, .pictures = CROPS, .batch_wait_ns = wait_ns, .batch_bytes_max = bytes_max};
    if (s) {
        o.pool = s->pool;
        o.sched = s->sched;
        o.models = s->models;
    }
    if (oc_card_load_memory("c.yaml", folder, CARD, strlen(CARD), &card, &err) != OC_OK ||
        oc_net_create_take(card, model, &o, &net, &err) != OC_OK)
        fail_msg("%s", err.message);
    return net;
}

static oc_frame *frame_of(unsigned seed)
{
    oc_frame *frame = NULL;
    assert_int_equal(oc_frame_create(OC_PIXEL_RGB24, 96, 64, &frame, NULL), OC_OK);
    for (int32_t y = 0; y < 64; y++)
        for (int32_t x = 0; x < 96 * 3; x++) {
            seed = seed * 1664525u + 1013904223u;
            frame->plane[0][(ptrdiff_t)y * frame->stride[0] + x] = (uint8_t)(seed >> 24);
        }
    return frame;
}

static void crops_of(oc_box crops[CROPS])
{
    for (int i = 0; i < CROPS; i++)
        crops[i] =
            (oc_box){(float)(3 * i), (float)(2 * i), (float)(40 + 5 * i), (float)(30 + 4 * i)};
}

typedef struct seen {
    size_t n;
    float  row[CROPS][N_OUT];
} seen;

static void each(void *ctx, size_t i, const oc_result *r)
{
    seen *s = ctx;
    assert_int_equal(i, s->n++);
    assert_int_equal(r->n_embedding, N_OUT);
    memcpy(s->row[i], r->embedding, sizeof(s->row[i]));
}

static void check_batch(const oc_net *net, unsigned want)
{
    const char *why;
    unsigned    have = oc_net_batch(net, &why);
    if (have != want)
        fail_msg("batches of %u, not %u: %s", have, want, why);
}

static void run(oc_net *net, const oc_frame *frame, seen *s)
{
    oc_box   crops[CROPS];
    oc_error err = {0};
    crops_of(crops);
    s->n = 0;
    if (oc_net_run_crops(net, frame, crops, CROPS, each, s, &err) != OC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(s->n, CROPS);
}

static seen alone(const oc_frame *frame)
{
    seen    s;
    oc_net *net = net_of(NULL, 1, 0, 0);
    assert_int_equal(oc_net_batch(net, NULL), 1);
    run(net, frame, &s);
    assert_int_equal(oc_net_batches_get(net)->of[1], CROPS);
    oc_net_destroy(net);
    return s;
}

/* Without a scheduler, with one, on one core and on two; 7 are 4 and 2 and 1. */
static void the_bits_of_each_alone(void **state)
{
    (void)state;
    write_model(-1, false);
    oc_frame *frame = frame_of(7);
    seen      want = alone(frame), got;
    oc_net   *net = net_of(NULL, 4, 0, 0);
    check_batch(net, 4);
    run(net, frame, &got);
    assert_memory_equal(want.row, got.row, sizeof(want.row));
    assert_int_equal(oc_net_batches_get(net)->of[4], 4);
    assert_int_equal(oc_net_batches_get(net)->of[2], 2);
    assert_int_equal(oc_net_batches_get(net)->of[1], 1);
    oc_net_destroy(net);
    for (unsigned cores = 1; cores <= 2; cores++) {
        shared s = shared_of(cores);
        net = net_of(&s, 6, 0, 0); /* rounded down to 4 */
        check_batch(net, 4);
        for (int i = 0; i < 20; i++) {
            run(net, frame, &got);
            assert_memory_equal(want.row, got.row, sizeof(want.row));
        }
        uint64_t sum = 0;
        for (int i = 1; i <= OC_LANE_BATCH_MAX; i++)
            sum += oc_net_batches_get(net)->of[i];
        assert_int_equal(sum, 20 * CROPS);
        if (cores == 1) /* all there before the first one starts */
            assert_int_equal(oc_net_batches_get(net)->of[4], 20 * 4);
        oc_net_destroy(net);
        shared_finish(&s);
    }
    oc_frame_unref(frame);
}

static void check_refused(const char *want)
{
    const char *why = NULL;
    oc_frame   *frame = frame_of(3);
    shared      s = shared_of(1);
    oc_net     *net = net_of(&s, 4, 0, 0);
    seen        got;
    assert_int_equal(oc_net_batch(net, &why), 1);
    if (!strstr(why, want))
        fail_msg("'%s' does not say '%s'", why, want);
    run(net, frame, &got); /* as today */
    assert_int_equal(oc_net_batches_get(net)->of[1], CROPS);
    oc_net_destroy(net);
    shared_finish(&s);
    oc_frame_unref(frame);
}

static void networks_without(void **state)
{
    (void)state;
    write_model(1, false);
    check_refused("takes one picture at a time: input 'x'");
    write_model(-1, true);
    check_refused("what a picture gives depends on those that run with it");
}

/* Where memory is short there are lanes, but for single pictures. */
static void memory(void **state)
{
    (void)state;
    write_model(-1, false);
    oc_frame *frame = frame_of(5);
    shared    s = shared_of(2);
    oc_net   *one = net_of(&s, 1, 0, 0), *tight = net_of(&s, 4, 0, 1), *wide = net_of(&s, 4, 0, 0);
    oc_session_stats a = {.struct_size = sizeof(a)}, b = a;
    seen             want = alone(frame), got;
    assert_int_equal(oc_net_batch(tight, NULL), 1);
    run(tight, frame, &got);
    assert_memory_equal(want.row, got.row, sizeof(want.row));
    oc_net_stats(one, &a);
    oc_net_stats(wide, &b);
    assert_true(b.arena_bytes > a.arena_bytes); /* lanes are counted */
    oc_net_destroy(one);
    oc_net_destroy(tight);
    oc_net_destroy(wide);
    shared_finish(&s);
    oc_frame_unref(frame);
}

/* ---- streams ---- */

typedef struct stream {
    oc_net    *net;
    oc_frame  *frame;
    seen       want;
    oc_net_job job;
    int        rounds, wrong;
} stream;

static void *stream_main(void *arg)
{
    stream *t = arg;
    for (int i = 0; i < t->rounds; i++) {
        seen     got = {0};
        oc_box   crops[CROPS];
        oc_error err = {0};
        crops_of(crops);
        oc_net_job_set(t->net, &t->job);
        if (oc_net_run_crops(t->net, t->frame, crops, CROPS, each, &got, &err) != OC_OK ||
            memcmp(got.row, t->want.row, sizeof(got.row)) != 0)
            t->wrong++;
        oc_result r;
        if (oc_net_run(t->net, t->frame, &crops[i % CROPS], &r, &err) != OC_OK ||
            memcmp(r.embedding, t->want.row[i % CROPS], sizeof(got.row[0])) != 0)
            t->wrong++;
    }
    return NULL;
}

static void run_streams(stream *t, size_t n)
{
    pthread_t thread[4];
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, stream_main, &t[i]), 0);
    for (size_t i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(t[i].wrong, 0);
}

static uint64_t network_stats(oc_sched *s, const char *has, oc_sched_class cls, uint64_t *done)
{
    oc_sched_stats stats;
    uint64_t       batches = 0;
    *done = 0;
    for (uint32_t i = 0; i < oc_sched_networks(s); i++)
        if (oc_sched_stats_get(s, i, cls, &stats) && strstr(stats.name, has)) {
            batches += stats.batches;
            *done += stats.counts.done;
        }
    return batches;
}

/* Four streams with pictures, frames and classes of their own: each gets its own results. */
static void streams_and_classes(void **state)
{
    (void)state;
    enum { STREAMS = 4, ROUNDS = 40 };
    write_model(-1, false);
    shared   s = shared_of(2);
    stream   t[STREAMS];
    uint64_t done;
    for (unsigned i = 0; i < STREAMS; i++) {
        t[i] = (stream){.net = net_of(&s, 4, 0, 0),
                        .frame = frame_of(i),
                        .job = {.cls = i == 3 ? OC_SCHED_CRITICAL : OC_SCHED_NORMAL, .stream = i},
                        .rounds = ROUNDS};
        t[i].want = alone(t[i].frame);
    }
    assert_int_equal(oc_sched_networks(s.sched), 1); /* they have it in common */
    run_streams(t, STREAMS);
    uint64_t batches = network_stats(s.sched, "tiny", OC_SCHED_NORMAL, &done);
    assert_int_equal(done, 3 * ROUNDS * (CROPS + 1));
    assert_true(batches < done);
    network_stats(s.sched, "tiny", OC_SCHED_CRITICAL, &done);
    assert_int_equal(done, ROUNDS * (CROPS + 1));
    for (unsigned i = 0; i < STREAMS; i++) {
        oc_net_destroy(t[i].net);
        oc_frame_unref(t[i].frame);
    }
    shared_finish(&s);
}

/* One picture each, and a batch that waits for the other stream's. */
static void across_streams(void **state)
{
    (void)state;
    write_model(-1, false);
    shared   s = shared_of(1);
    stream   t[2];
    uint64_t done;
    for (unsigned i = 0; i < 2; i++) {
        t[i] =
            (stream){.net = net_of(&s, 2, 60000000000u, 0), /* a minute: it never comes to that */
                     .frame = frame_of(i),
                     .job = {.cls = OC_SCHED_NORMAL, .stream = i}};
        t[i].want = alone(t[i].frame);
    }
    for (int round = 0; round < 3; round++) { /* none begins before both have ended the last */
        t[0].rounds = t[1].rounds = 1;
        run_streams(t, 2);
    }
    /* 7 + 1 pictures of each: all in twos, and the odd ones with the other stream's */
    uint64_t batches = network_stats(s.sched, "tiny", OC_SCHED_CLASSES, &done);
    assert_int_equal(done, 3 * 2 * (CROPS + 1));
    assert_int_equal(batches, done / 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(oc_net_batches_get(t[i].net)->of[2], 3 * (CROPS + 1));
        oc_net_destroy(t[i].net);
        oc_frame_unref(t[i].frame);
    }
    shared_finish(&s);
}

/* ---- what goes wrong ---- */

static void a_deadline_that_is_past(void **state)
{
    (void)state;
    write_model(-1, false);
    shared    s = shared_of(1);
    oc_net   *net = net_of(&s, 4, 0, 0);
    oc_frame *frame = frame_of(1);
    oc_box    crops[CROPS];
    seen      got = {0};
    oc_error  err = {0};
    crops_of(crops);
    run(net, frame, &got); /* so that run times are known */
    oc_net_job_set(net, &(oc_net_job){.cls = OC_SCHED_NORMAL, .deadline_ns = 1});
    got.n = 0;
    assert_int_equal(oc_net_run_crops(net, frame, crops, CROPS, each, &got, &err), OC_BUSY);
    assert_int_equal(got.n, 0);
    assert_true(oc_net_dropped(net) == OC_SCHED_DROP_LATE);
    oc_net_job_set(net, &(oc_net_job){.cls = OC_SCHED_NORMAL, .deadline_ns = 1, .keep = true});
    run(net, frame, &got); /* late rather than not at all */
    oc_net_destroy(net);
    shared_finish(&s);
    oc_frame_unref(frame);
}

/* The third crop has no extent.  Those before it count; those with it are not harmed. */
static void a_picture_that_fails(void **state)
{
    (void)state;
    write_model(-1, false);
    shared    s = shared_of(1);
    oc_net   *net = net_of(&s, 4, 0, 0);
    oc_frame *frame = frame_of(9);
    seen      want = alone(frame), got = {0};
    oc_box    crops[CROPS];
    oc_error  err = {0};
    crops_of(crops);
    crops[2].x1 = NAN;
    assert_int_equal(oc_net_run_crops(net, frame, crops, CROPS, each, &got, &err), OC_INVALID);
    assert_int_equal(got.n, 2);
    assert_memory_equal(want.row, got.row, 2 * sizeof(want.row[0]));
    assert_non_null(strstr(err.message, "crop"));
    run(net, frame, &got);
    assert_memory_equal(want.row, got.row, sizeof(want.row));
    oc_net_destroy(net);
    shared_finish(&s);
    oc_frame_unref(frame);
}

static void no_allocation(void **state)
{
    (void)state;
#if OC_ALLOC_COUNT
    write_model(-1, false);
    shared    s = shared_of(2);
    oc_net   *net = net_of(&s, 4, 0, 0);
    oc_frame *frame = frame_of(2);
    seen      got;
    for (int i = 0; i < 50; i++) /* each lane has seen the frame's size */
        run(net, frame, &got);
    atomic_store(&alloc_count, 0);
    atomic_store(&alloc_counting, true);
    for (int i = 0; i < 100; i++)
        run(net, frame, &got);
    atomic_store(&alloc_counting, false);
    assert_int_equal(atomic_load(&alloc_count), 0);
    oc_net_destroy(net);
    shared_finish(&s);
    oc_frame_unref(frame);
#else
    print_message("skipped: a sanitizer has the allocator\n");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bits_of_each_alone),
        cmocka_unit_test(networks_without),
        cmocka_unit_test(memory),
        cmocka_unit_test(streams_and_classes),
        cmocka_unit_test(across_streams),
        cmocka_unit_test(a_deadline_that_is_past),
        cmocka_unit_test(a_picture_that_fails),
        cmocka_unit_test(no_allocation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

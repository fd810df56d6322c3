/* Drawing as jobs of the scheduler: it takes what is left, gives up in time on a live stream, and is not
 * starved where a stream waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/pool.h"
#include "pipeline/annotate.h"

typedef struct bench {
    oc_sched      *sched;
    oc_models     *models;
    oc_stages      stages;
    oc_objects     objects;
    oc_rules       rules;
    oc_frame      *frame;
    pthread_t      hog;
    atomic_int     state; /* 1: it has the core, 2: it is to end */
    uint32_t       network;
    oc_sched_class cls;
} bench;

static oc_status take_the_core(void *const *ctx, size_t n, const oc_sched_grant *grant,
                               oc_error *err)
{
    bench *b = ctx[0];
    (void)n;
    (void)grant;
    (void)err;
    atomic_store(&b->state, 1);
    while (atomic_load(&b->state) != 2) {
        oc_pool_yield();
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return OC_OK;
}

static void *hog_main(void *arg)
{
    bench             *b = arg;
    const oc_sched_job job = {
        .network = b->network, .cls = b->cls, .keep = true, .fn = take_the_core, .ctx = b};
    return oc_sched_run(b->sched, &job, NULL, NULL) == OC_OK ? NULL : b;
}

/* One core; a job of class `cls` has it, unless cls is OC_SCHED_CLASSES. */
static void begin(bench *b, oc_sched_class cls)
{
    memset(b, 0, sizeof(*b));
    b->cls = cls;
    assert_int_equal(oc_sched_create(&(oc_sched_options){.cores = 1}, &b->sched, NULL), OC_OK);
    assert_int_equal(oc_models_create(&b->models, NULL), OC_OK);
    assert_int_equal(oc_frame_create(OC_PIXEL_I420, 64, 48, &b->frame, NULL), OC_OK);
    for (int i = 0; i < 3; i++)
        memset(b->frame->plane[i], 128, (size_t)b->frame->stride[i] * (i ? 24 : 48));
    assert_int_equal(oc_sched_network_add(b->sched, &(oc_sched_network_options){.name = "hog"},
                                          &b->network, NULL),
                     OC_OK);
    if (cls == OC_SCHED_CLASSES)
        return;
    assert_int_equal(pthread_create(&b->hog, NULL, hog_main, b), 0);
    while (atomic_load(&b->state) != 1)
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static void end(bench *b)
{
    if (b->cls != OC_SCHED_CLASSES) {
        void *failed;
        atomic_store(&b->state, 2);
        pthread_join(b->hog, &failed);
        assert_null(failed);
    }
    oc_frame_unref(b->frame);
    oc_sched_destroy(b->sched);
    oc_models_destroy(b->models);
}

static oc_annotator *annotator(bench *b, bool live)
{
    oc_annotator             *a = NULL;
    const oc_annotate_options o = {.samples = true,
                                   .live = live,
                                   .width = 64,
                                   .height = 48,
                                   .fps = 1,
                                   .stages = &b->stages,
                                   .sched = b->sched,
                                   .models = b->models,
                                   .cls = OC_SCHED_NORMAL};
    assert_int_equal(oc_annotator_create(&o, &a, NULL), OC_OK);
    return a;
}

static void put(bench *b, oc_annotator *a, double time_s)
{
    const oc_scene_from from = {
        .title = "t", .objects = &b->objects, .rules = &b->rules, .time_s = time_s};
    assert_int_equal(oc_annotator_put(a, b->frame, &from, NULL), OC_OK);
}

static uint64_t done_in(bench *b, oc_sched_class cls)
{
    oc_sched_stats stats;
    uint64_t       done = 0;
    for (uint32_t i = 0; i < oc_sched_networks(b->sched); i++)
        if (oc_sched_stats_get(b->sched, i, cls, &stats) && strstr(stats.name, "samples"))
            done += stats.counts.done;
    return done;
}

static void drawn_in_its_class(void **state)
{
    (void)state;
    for (int live = 0; live < 2; live++) {
        bench            b;
        const oc_sample *samples;
        begin(&b, OC_SCHED_CLASSES);
        oc_annotator *a = annotator(&b, live);
        for (int i = 0; i < 3; i++)
            put(&b, a, i);
        assert_int_equal(oc_annotator_finish(a, NULL), OC_OK);
        assert_int_equal(oc_annotator_samples(a, &samples), 3);
        assert_int_equal(oc_annotator_skipped(a), 0);
        assert_int_equal(done_in(&b, live ? OC_SCHED_SLACK : OC_SCHED_NORMAL), 3);
        oc_annotator_destroy(a);
        end(&b);
    }
}

/* No core for it: after a second a live stream does without the picture, and can end. */
static void a_live_stream_does_without(void **state)
{
    (void)state;
    bench            b;
    const oc_sample *samples;
    begin(&b, OC_SCHED_NORMAL);
    oc_annotator *a = annotator(&b, true);
    for (int i = 0; i < 2; i++)
        put(&b, a, i);
    assert_int_equal(oc_annotator_finish(a, NULL), OC_OK);
    assert_int_equal(oc_annotator_samples(a, &samples), 0);
    assert_int_equal(oc_annotator_skipped(a), 2);
    oc_annotator_destroy(a);
    end(&b);
}

/* A file's pictures go before what is slack, however long that runs. */
static void a_file_does_not_wait_for_slack(void **state)
{
    (void)state;
    bench            b;
    const oc_sample *samples;
    begin(&b, OC_SCHED_SLACK);
    oc_annotator *a = annotator(&b, false);
    for (int i = 0; i < 5; i++)
        put(&b, a, i);
    assert_int_equal(oc_annotator_finish(a, NULL), OC_OK);
    assert_int_equal(oc_annotator_samples(a, &samples), 5);
    assert_int_equal(atomic_load(&b.state), 1); /* it still runs */
    oc_annotator_destroy(a);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawn_in_its_class),
        cmocka_unit_test(a_live_stream_does_without),
        cmocka_unit_test(a_file_does_not_wait_for_slack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

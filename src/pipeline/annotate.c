/* Drawing and encoding beside the frame's way. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pool.h"
#include "media/image.h"
#include "pipeline/annotate.h"
#include "pipeline/canvas.h"

#define JOBS 3
#define REPEAT_MAX_S 10 /* a longer gap is not filled with standing pictures */
#define JPEG_QUALITY 82
#define PATIENCE_NS 1000000000u

typedef struct job {
    oc_frame *frame;
    oc_scene  scene;
    double    time_s;
} job;

struct oc_annotator {
    oc_annotate_options options;
    oc_writer          *writer;
    oc_frame_pool      *pool;
    pthread_t           thread;
    pthread_mutex_t     lock;
    pthread_cond_t      changed;
    bool                running, stop, abandon;
    job                 jobs[JOBS];
    unsigned            first, n;
    uint64_t            skipped;
    uint32_t            network; /* the scheduler's number for this kind of work */
    oc_status           status;  /* of the thread: the first failure */
    oc_error            err;
    /* the thread's own */
    uint64_t  written;
    oc_sample sample[OC_SAMPLES_MAX];
    size_t    n_samples;
    double    sample_step_s, sample_next_s;
};

/* Every second sample goes when there is no room: what stays is spread evenly. */
static void thin_samples(oc_annotator *a)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->n_samples; i++) {
        if (i % 2)
            free(a->sample[i].jpeg);
        else
            a->sample[kept++] = a->sample[i];
    }
    a->n_samples = kept;
    a->sample_step_s *= 2;
}

static oc_status take_sample(oc_annotator *a, const job *j, const oc_frame *drawn, oc_error *err)
{
    if (j->time_s < a->sample_next_s)
        return OC_OK;
    if (a->n_samples == OC_SAMPLES_MAX) {
        thin_samples(a);
        a->sample_next_s = a->sample[a->n_samples - 1].time_s + a->sample_step_s;
        if (j->time_s < a->sample_next_s)
            return OC_OK;
    }
    oc_sample *s = &a->sample[a->n_samples];
    oc_status  st = oc_image_encode_jpeg(drawn, JPEG_QUALITY, &s->jpeg, &s->n, err);
    if (st != OC_OK)
        return st;
    s->time_s = j->time_s;
    s->frame = j->frame->index;
    s->n_objects = j->scene.n;
    a->n_samples++;
    a->sample_next_s = j->time_s + a->sample_step_s;
    return OC_OK;
}

/* A video has a fixed rate: where frames are missing, the picture stands still. */
static oc_status write_video(oc_annotator *a, const job *j, const oc_frame *drawn, oc_error *err)
{
    double   at = floor(j->time_s * a->options.fps + 0.5) + 1;
    uint64_t due = at < 1 ? 1 : (uint64_t)at;
    uint64_t gap_max = (uint64_t)(REPEAT_MAX_S * a->options.fps) + 1;
    if (due <= a->written)
        due = a->written + 1;
    if (due - a->written > gap_max)
        a->written = due - gap_max;
    for (; a->written < due; a->written++) {
        oc_pool_yield();
        oc_status st = oc_writer_put(a->writer, drawn, err);
        if (st != OC_OK)
            return st;
    }
    return OC_OK;
}

/* Pictures of a folder differ in size; a video's frames do not. */
static oc_status on_canvas(oc_annotator *a, oc_frame **drawn, oc_error *err)
{
    oc_frame *canvas = NULL;
    if ((*drawn)->width == a->options.width && (*drawn)->height == a->options.height)
        return OC_OK;
    oc_status st = oc_frame_pool_take(a->pool, OC_PIXEL_I420, a->options.width, a->options.height,
                                      &canvas, err);
    if (st != OC_OK)
        return st;
    oc_canvas_fit(*drawn, canvas);
    oc_frame_unref(*drawn);
    *drawn = canvas;
    return OC_OK;
}

static oc_status draw(oc_annotator *a, job *j, oc_error *err)
{
    oc_frame *to = NULL;
    uint64_t  start = oc_now_ns();
    bool      sample = a->options.samples && j->time_s >= a->sample_next_s;
    if (!a->writer && !sample)
        return OC_OK;
    oc_status st =
        oc_frame_pool_take(a->pool, OC_PIXEL_I420, j->frame->width, j->frame->height, &to, err);
    if (st == OC_OK)
        st = oc_frame_convert(j->frame, to, err);
    if (st != OC_OK)
        goto out;
    oc_frame_limit_range(to);
    oc_scene_draw(&j->scene, to);
    oc_pool_yield();
    uint64_t drawn = oc_now_ns();
    oc_histogram_add(&a->options.stages->histogram[OC_STAGE_DRAW], drawn - start);
    if (sample && (st = take_sample(a, j, to, err)) != OC_OK)
        goto out;
    if (a->writer) {
        drawn = oc_now_ns();
        st = on_canvas(a, &to, err);
        if (st == OC_OK)
            st = write_video(a, j, to, err);
        oc_histogram_add(&a->options.stages->histogram[OC_STAGE_ENCODE], oc_now_ns() - drawn);
    }
out:
    oc_frame_unref(to);
    return st;
}

typedef struct drawing {
    oc_annotator *a;
    job          *job;
} drawing;

static oc_status run_drawing(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    const drawing *d = ctx[0];
    (void)n;
    (void)grant;
    return draw(d->a, d->job, err);
}

/* When it is this work's turn. */
static oc_status draw_in_turn(oc_annotator *a, job *j, oc_error *err)
{
    const oc_annotate_options *o = &a->options;
    drawing                    d = {a, j};
    oc_sched_verdict           verdict = {0};
    const oc_sched_job         asked = {.network = a->network,
                                        .stream = o->stream,
                                        .cls = o->live ? OC_SCHED_SLACK : o->cls,
                                        .deadline_ns = o->live ? oc_now_ns() + PATIENCE_NS : 0,
                                        .fn = run_drawing,
                                        .ctx = &d};
    if (!o->sched)
        return draw(a, j, err);
    oc_status st = oc_sched_run(o->sched, &asked, &verdict, err);
    if (st == OC_OK && verdict.outcome == OC_SCHED_DROPPED) {
        pthread_mutex_lock(&a->lock);
        a->skipped++;
        pthread_mutex_unlock(&a->lock);
    }
    return st;
}

static void *annotate_thread(void *arg)
{
    oc_annotator *a = arg;
    sigset_t      all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_mutex_lock(&a->lock);
    for (;;) {
        while (a->n == 0 && !a->stop)
            pthread_cond_wait(&a->changed, &a->lock);
        if (a->n == 0)
            break;
        job *j = &a->jobs[a->first];
        bool idle = a->status != OC_OK || a->abandon;
        pthread_mutex_unlock(&a->lock);
        oc_error  err = {0};
        oc_status st = idle ? OC_OK : draw_in_turn(a, j, &err);
        oc_frame_unref(j->frame);
        pthread_mutex_lock(&a->lock);
        if (st != OC_OK && a->status == OC_OK) {
            a->status = st;
            a->err = err;
        }
        a->first = (a->first + 1) % JOBS;
        a->n--;
        pthread_cond_broadcast(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static oc_status register_work(oc_annotator *a, oc_error *err)
{
    char                           name[OC_MODELS_NAME];
    const oc_sched_network_options o = {.name = name, .cores_max = 1};
    snprintf(name, sizeof(name), "%s %dx%d", a->options.video ? "video" : "samples",
             a->options.width, a->options.height);
    return oc_models_network(a->options.models, a->options.sched, &o, &a->network, err);
}

oc_status oc_annotator_create(const oc_annotate_options *options, oc_annotator **out, oc_error *err)
{
    oc_annotator *a = calloc(1, sizeof(*a));
    if (!a)
        return OC_FAIL(err, OC_NOMEM, "annotated video: out of memory");
    a->options = *options;
    a->sample_step_s = 1.0;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    oc_status st = oc_frame_pool_create(&a->pool, err);
    if (st == OC_OK && options->sched)
        st = register_work(a, err);
    if (st == OC_OK && options->video)
        st = oc_writer_open(options->video, options->width, options->height, options->fps,
                            &a->writer, err);
    if (st == OC_OK && pthread_create(&a->thread, NULL, annotate_thread, a) != 0)
        st = OC_FAIL(err, OC_NOMEM, "cannot start the drawing thread");
    if (st != OC_OK) {
        oc_annotator_destroy(a);
        return st;
    }
    a->running = true;
    *out = a;
    return OC_OK;
}

oc_status oc_annotator_put(oc_annotator *a, oc_frame *frame, const oc_scene_from *from,
                           oc_error *err)
{
    pthread_mutex_lock(&a->lock);
    while (a->n == JOBS && !a->options.live && a->status == OC_OK)
        pthread_cond_wait(&a->changed, &a->lock);
    oc_status st = a->status;
    if (st != OC_OK && err)
        *err = a->err;
    bool room = a->n < JOBS;
    a->skipped += st == OC_OK && !room;
    job *j = &a->jobs[(a->first + a->n) % JOBS];
    pthread_mutex_unlock(&a->lock);
    if (st != OC_OK || !room)
        return st;
    /* The slot is beyond the last one waiting: the thread does not look at it yet. */
    j->frame = oc_frame_ref(frame);
    j->time_s = from->time_s;
    oc_scene_fill(&j->scene, from);
    pthread_mutex_lock(&a->lock);
    a->n++;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    return OC_OK;
}

static void join(oc_annotator *a)
{
    if (!a->running)
        return;
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    a->running = false;
}

oc_status oc_annotator_finish(oc_annotator *a, oc_error *err)
{
    join(a);
    oc_status st = a->status;
    if (st != OC_OK && err)
        *err = a->err;
    if (a->writer && st == OC_OK)
        st = oc_writer_close(a->writer, err);
    else
        oc_writer_drop(a->writer);
    a->writer = NULL;
    return st;
}

size_t oc_annotator_samples(const oc_annotator *a, const oc_sample **out)
{
    *out = a->sample;
    return a->n_samples;
}

uint64_t oc_annotator_skipped(const oc_annotator *a)
{
    return a->skipped;
}

void oc_annotator_destroy(oc_annotator *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->abandon = true;
    pthread_mutex_unlock(&a->lock);
    join(a);
    oc_writer_drop(a->writer);
    oc_frame_pool_destroy(a->pool);
    for (size_t i = 0; i < a->n_samples; i++)
        free(a->sample[i].jpeg);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

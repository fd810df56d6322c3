/* What each network costs here, and the scheduler's word about all of them together. */
#include "pipeline/admission.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "media/frame.h"
#include "pipeline/site_state.h"
#include "vision/store.h"

#define RUNS 3
#define WIDTH 1280 /* of the grey picture */
#define HEIGHT 720
#define FPS_GUESS 25.0
#define ROWS_MAX (OC_STREAMS_MAX * (1 + OC_RECOGNISERS_MAX))

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void nothing(void *ctx, size_t i, const oc_result *result)
{
    (void)ctx;
    (void)i;
    (void)result;
}

/* n pictures as a frame has them: all at once, where the network takes several. */
static oc_status look(oc_net *net, const oc_frame *frame, unsigned n, oc_error *err)
{
    const oc_box whole = {0, 0, (float)frame->width, (float)frame->height};
    oc_box       crops[OC_LANE_BATCH_MAX];
    oc_result    result;
    for (unsigned i = 0; i < n; i++)
        crops[i] = whole;
    return n > 1 ? oc_net_run_crops(net, frame, crops, n, nothing, NULL, err)
                 : oc_net_run(net, frame, NULL, &result, err);
}

/* The quickest of a few runs of n pictures as one core's work, and, with a deadline that asks for all
 * cores, on these. */
static oc_status measure(oc_net *net, const oc_frame *frame, unsigned n, unsigned cores,
                         oc_admit_task *task, oc_error *err)
{
    bool urgent = task->run_ns > 0;
    task->wide_ns = UINT64_MAX;
    oc_net_job_set(
        net, &(oc_net_job){.cls = OC_SCHED_NORMAL, .keep = true, .deadline_ns = urgent ? 1 : 0});
    for (int i = 0; i < RUNS + 1; i++) { /* the first one makes tables for this size of picture */
        uint64_t  wall = oc_now_ns(), cpu = cpu_ns();
        oc_status st = look(net, frame, n, err);
        if (st != OC_OK)
            return st;
        wall = oc_now_ns() - wall;
        cpu = cpu_ns() - cpu;
        if (i > 0 && wall < task->wide_ns) {
            task->wide_ns = wall;
            if (!urgent)
                task->run_ns = cpu > wall * cores ? wall * cores : cpu > wall ? cpu : wall;
        }
    }
    return OC_OK;
}

/* A camera may be away while a pipeline is looked at: only files are asked. */
static double rate_of_file(const oc_pipeline *p, oc_error *err)
{
    char              path[OC_PATH_MAX];
    const char       *url = p->options.source ? p->options.source : p->config->url;
    oc_source_options o = {.struct_size = sizeof(o), .format = p->config->format};
    oc_input         *input = NULL;
    double            fps = 0;
    if (!url || strstr(url, "://") || strncmp(url, "v4l2:", 5) == 0 ||
        strncmp(url, "pipe:", 5) == 0 || strcmp(url, "-") == 0)
        return 0;
    if (strncmp(url, "cache:", 6) == 0) {
        if (oc_store_media(url + 6, NULL, path, sizeof(path), err) != OC_OK)
            return 0;
        url = path;
    }
    o.url = url;
    if (oc_input_open(&o, &input, err) == OC_OK)
        fps = oc_input_info(input)->fps;
    oc_input_close(input);
    return fps;
}

static double rate_of(const oc_pipeline *p, bool *guessed)
{
    oc_error err = {0};
    double   fps = p->config->fps > 0 ? p->config->fps : rate_of_file(p, &err);
    *guessed = !(fps > 0);
    if (*guessed)
        fps = FPS_GUESS;
    return p->config->rate > 0 && p->config->rate < fps ? p->config->rate : fps;
}

static oc_status add(oc_admission *a, const oc_pipeline *p, oc_net *net, const char *what,
                     oc_sched_class cls, unsigned looks, double fps, const oc_frame *frame,
                     oc_error *err)
{
    oc_admission_row *row = &a->row[a->n];
    *row = (oc_admission_row){.stream = p->config->name,
                              .what = what,
                              .network = oc_net_card(net)->name,
                              .fps = fps,
                              .task = {.name = what, .cls = cls}};
    row->task.period_ns = (uint64_t)(p->config->detect.every / fps * 1e9);
    row->task.deadline_ns = (uint64_t)(p->config->deadline_s * 1e9);
    const unsigned batch = oc_net_batch(net, NULL), n = batch < looks ? batch : looks;
    oc_status      st = measure(net, frame, n, a->cores, &row->task, err);
    if (st == OC_OK)
        st = measure(net, frame, n, a->cores, &row->task, err);
    if (row->task.wide_ns > row->task.run_ns)
        row->task.wide_ns = row->task.run_ns;
    row->task.run_ns = row->task.run_ns * looks / n;
    row->task.wide_ns = row->task.wide_ns * looks / n;
    a->n += st == OC_OK;
    return st;
}

static oc_status add_stream(oc_admission *a, const oc_pipeline *p, const oc_frame *frame,
                            oc_error *err)
{
    const oc_pipeline_config *c = p->config;
    bool                      guessed;
    size_t                    from = a->n;
    double                    fps = rate_of(p, &guessed);
    oc_status st = add(a, p, p->detector[0], "detect", c->detect.cls, 1, fps, frame, err);
    for (size_t i = 0; i < c->n_recognise && st == OC_OK; i++)
        st = add(a, p, p->recogniser[i].net, c->recognise[i].name, c->recognise[i].cls,
                 c->recognise[i].per_frame, fps, frame, err);
    for (size_t i = from; i < a->n; i++)
        a->row[i].guessed = guessed;
    return st;
}

static oc_status judge(oc_admission *a, oc_site *site, oc_error *err)
{
    oc_admit_task   *tasks = calloc(a->n + 1, sizeof(*tasks));
    oc_admit_result *results = calloc(a->n + 1, sizeof(*results));
    oc_sched_load    load;
    if (tasks && results) {
        for (size_t i = 0; i < a->n; i++)
            tasks[i] = a->row[i].task;
        oc_sched_load_get(site->sched, &load);
        oc_admit(tasks, a->n, a->cores, load.blocking_max_ns, results, &a->report);
        for (size_t i = 0; i < a->n; i++)
            a->row[i].result = results[i];
    }
    bool ok = tasks && results;
    free(tasks);
    free(results);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "admission: out of memory");
}

oc_status oc_admission_make(oc_site *site, oc_admission *out, oc_error *err)
{
    oc_admission a = {.row = calloc(ROWS_MAX, sizeof(*a.row)),
                      .cores = oc_sched_cores(site->sched)};
    oc_frame    *frame = NULL;
    oc_status    st = a.row ? oc_frame_create(OC_PIXEL_I420, WIDTH, HEIGHT, &frame, err)
                            : OC_FAIL(err, OC_NOMEM, "admission: out of memory");
    for (int i = 0; st == OC_OK && i < 3; i++)
        memset(frame->plane[i], 128, (size_t)frame->stride[i] * (i ? HEIGHT / 2 : HEIGHT));
    for (size_t i = 0; i < site->n && st == OC_OK; i++)
        st = add_stream(&a, site->stream[i]->pipeline, frame, err);
    oc_frame_unref(frame);
    if (st == OC_OK)
        st = judge(&a, site, err);
    if (st != OC_OK) {
        oc_admission_finish(&a);
        return st;
    }
    *out = a;
    return OC_OK;
}

void oc_admission_finish(oc_admission *a)
{
    free(a->row);
    *a = (oc_admission){0};
}

/* ocellus data augment: pictures and labels, changed at random as a YAML file says. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "augment/augment.h"
#include "cli/data.h"
#include "core/pool.h"
#include "media/image.h"

#define QUALITY 95
#define COPIES_MAX 1000
#define THREADS_MAX 64

typedef struct job {
    cli_data_source       source;
    const char           *pipeline, *to, *dst;
    uint64_t              copies, seed, threads;
    bool                  originals, json;
    const oc_data_format *format;
    oc_data_set           set, made;
    oc_data_index         index;
    oc_augment           *augment;
    oc_augment_worker   **worker; /* [threads] */
    struct output        *output; /* [images * (copies + originals)] */
    size_t                n_outputs;
    double                busy_s[THREADS_MAX]; /* in steps alone, by worker */
} job;

/* One picture to be made; its place in `made` is its place in the list. */
typedef struct output {
    uint32_t          image;
    uint64_t          copy; /* from 1; 0: as it was */
    int32_t           width, height;
    oc_augment_sample sample;
    oc_status         status;
    oc_error          err;
} output;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- pictures in ---- */

static oc_status load_picture(const job *j, uint32_t image, oc_frame **out, oc_error *err)
{
    char      path[OC_DATA_PATH_MAX];
    oc_frame *frame = NULL, *rgb = NULL;
    oc_status st = cli_data_picture(&j->source, &j->set, image, path, err);
    if (st == OC_OK && (st = oc_image_load(path, &frame, err)) == OC_OK &&
        (st = oc_frame_create(OC_PIXEL_RGB24, frame->width, frame->height, &rgb, err)) == OC_OK)
        st = oc_frame_convert(frame, rgb, err);
    oc_frame_unref(frame);
    if (st == OC_OK)
        *out = rgb;
    else
        oc_frame_unref(rgb);
    return st;
}

static oc_status load_sample(void *ctx, size_t image, oc_augment_sample *out, oc_error *err)
{
    const job      *j = ctx;
    const uint32_t *order = j->index.order + j->index.first[image];
    size_t          n = j->index.first[image + 1] - j->index.first[image];
    out->set = &j->set;
    out->objects = oc_arena_alloc(&out->mem, n + 1, sizeof(*out->objects));
    if (!out->objects)
        return OC_FAIL(err, OC_NOMEM, "no memory for %zu objects", n);
    for (size_t i = 0; i < n; i++)
        out->objects[i] = j->set.objects[order[i]];
    out->n = n;
    return load_picture(j, (uint32_t)image, &out->rgb, err);
}

/* ---- pictures out ---- */

/* "a/b.jpg" becomes "a/b_2.jpg". */
static oc_status copy_name(const char *file, uint64_t copy, char out[OC_DATA_PATH_MAX],
                           oc_error *err)
{
    const char *dot = strrchr(oc_data_base(file), '.');
    size_t      stem = dot ? (size_t)(dot - file) : strlen(file);
    int         n = copy ? snprintf(out, OC_DATA_PATH_MAX, "%.*s_%llu%s", (int)stem, file,
                                    (unsigned long long)copy, file + stem)
                         : snprintf(out, OC_DATA_PATH_MAX, "%s", file);
    return n > 0 && n < OC_DATA_PATH_MAX
               ? OC_OK
               : OC_FAIL(err, OC_INVALID, "%s: the name is too long", file);
}

static oc_status picture_path(const job *j, uint32_t made, char path[OC_DATA_PATH_MAX],
                              oc_error *err)
{
    char place[OC_DATA_PATH_MAX], root[OC_DATA_PATH_MAX];
    bool folder = strcmp(j->format->name, "coco") != 0; /* DST is a file: pictures go beside it */
    snprintf(root, sizeof(root), "%.*s", folder ? 4000 : (int)(oc_data_base(j->dst) - j->dst),
             j->dst);
    if (!j->format->place || !j->format->place(&j->made, made, place, sizeof(place)))
        snprintf(place, sizeof(place), "images/%.4000s", j->made.images[made].file);
    return oc_data_path(path, *root ? root : ".", place, err);
}

static oc_status make_one(job *j, size_t k, unsigned worker, oc_error *err)
{
    output                 *o = &j->output[k];
    const oc_augment_key    key = {j->seed, o->image, o->copy};
    const oc_augment_source others = {j, j->set.n_images, load_sample};
    char                    path[OC_DATA_PATH_MAX];
    oc_status               st = load_sample(j, o->image, &o->sample, err);
    double                  begin = seconds();
    if (st == OC_OK && o->copy)
        st = oc_augment_run(j->augment, &key, &others, j->worker[worker], &o->sample, err);
    j->busy_s[worker] += seconds() - begin;
    if (st == OC_OK && (st = picture_path(j, (uint32_t)k, path, err)) == OC_OK)
        st = cli_data_save(path, o->sample.rgb, QUALITY, err);
    if (st == OC_OK) {
        o->width = o->sample.rgb->width;
        o->height = o->sample.rgb->height;
    }
    oc_frame_unref(o->sample.rgb);
    o->sample.rgb = NULL;
    return st;
}

static void make_some(void *ctx, oc_range part, unsigned worker)
{
    job *j = ctx;
    for (size_t k = part.begin; k < part.end; k++) {
        output *o = &j->output[k];
        if ((o->status = make_one(j, k, worker, &o->err)) != OC_OK)
            oc_error_prefix(&o->err, "%s", j->set.images[o->image].file);
    }
}

/* ---- the whole ---- */

/* Names of all outputs first: where a picture goes depends on them. */
static oc_status plan(job *j, oc_error *err)
{
    size_t    each = (size_t)j->copies + (j->originals ? 1 : 0), k = 0;
    oc_status st = OC_OK;
    j->output = calloc(j->set.n_images * each + 1, sizeof(*j->output));
    if (!j->output)
        return OC_FAIL(err, OC_NOMEM, "no memory for %zu pictures", j->set.n_images * each);
    for (uint32_t c = 0; c < j->set.n_categories && st == OC_OK; c++) {
        uint32_t at;
        st = oc_data_category_of(&j->made, j->set.categories[c].name, &at, err);
        if (st == OC_OK)
            j->made.categories[at] = j->set.categories[c];
    }
    for (uint32_t i = 0; i < j->set.n_images && st == OC_OK; i++) {
        for (uint64_t c = j->originals ? 0 : 1; c <= j->copies && st == OC_OK; c++, k++) {
            char     name[OC_DATA_PATH_MAX];
            uint32_t at;
            j->output[k] = (output){.image = i, .copy = c};
            if ((st = copy_name(j->set.images[i].file, c, name, err)) == OC_OK &&
                (st = oc_data_add_image(&j->made, name, &at, err)) == OC_OK) {
                j->made.images[at].id = (int64_t)k + 1;
                j->made.images[at].frame = -1;
                j->made.images[at].split = j->set.images[i].split;
            }
        }
    }
    j->n_outputs = k;
    return st;
}

static oc_status collect(job *j, oc_error *err)
{
    oc_status st = OC_OK;
    int64_t   id = 0;
    for (size_t k = 0; k < j->n_outputs && st == OC_OK; k++) {
        output *o = &j->output[k];
        if (o->status != OC_OK) {
            *err = o->err;
            return o->status;
        }
        j->made.images[k].width = o->width;
        j->made.images[k].height = o->height;
        for (size_t i = 0; i < o->sample.n && st == OC_OK; i++) {
            oc_data_object object = o->sample.objects[i];
            object.image = (uint32_t)k;
            object.id = ++id;
            memset(&object.extra, 0, sizeof(object.extra));
            st = oc_data_add_object(&j->made, &object, err);
        }
    }
    return st;
}

static oc_status make_all(job *j, oc_error *err)
{
    oc_pool  *pool = NULL;
    oc_status st = oc_pool_create((uint32_t)j->threads, &pool, err);
    unsigned  n = st == OC_OK ? oc_pool_threads(pool) : 0;
    j->worker = calloc(n + 1, sizeof(oc_augment_worker *));
    if (st == OC_OK && !j->worker)
        st = OC_FAIL(err, OC_NOMEM, "no memory for %u workers", n);
    j->threads = n < THREADS_MAX ? n : THREADS_MAX;
    for (unsigned i = 0; i < j->threads && st == OC_OK; i++)
        st = oc_augment_worker_create(oc_cpu_isa(), &j->worker[i], err);
    if (st == OC_OK) {
        oc_pool_run(pool, (unsigned)j->threads, j->n_outputs, 1, make_some, j);
        st = collect(j, err);
    }
    oc_pool_destroy(pool);
    return st;
}

static void report(const job *j, double took)
{
    size_t objects = 0;
    double busy = 0;
    for (size_t i = 0; i < j->n_outputs; i++)
        objects += j->output[i].sample.n;
    for (unsigned i = 0; i < j->threads; i++)
        busy += j->busy_s[i];
    double n = (double)j->n_outputs;
    if (j->json)
        printf("{\"images\":%zu,\"objects\":%zu,\"seconds\":%.3f,\"images_per_s\":%.1f,"
               "\"steps_images_per_s\":%.1f,\"threads\":%llu}\n",
               j->n_outputs, objects, took, n / took, busy > 0 ? n / busy : 0,
               (unsigned long long)j->threads);
    else
        printf("%zu images, %zu objects, %.1f images/s (steps alone %.1f images/s a thread, %llu "
               "threads)\n",
               j->n_outputs, objects, n / took, busy > 0 ? n / busy : 0,
               (unsigned long long)j->threads);
}

static oc_status augment(job *j, oc_error *err)
{
    double    begin = seconds();
    oc_status st = cli_data_format(j->to, &j->format, err);
    if (st != OC_OK || (st = oc_augment_load(j->pipeline, &j->augment, err)) != OC_OK ||
        (st = cli_data_open(&j->source, &j->set, NULL, err)) != OC_OK ||
        (st = oc_data_index_make(&j->set, &j->index, err)) != OC_OK)
        return st;
    if (j->set.n_images == 0)
        return OC_FAIL(err, OC_NOT_FOUND, "%s: no images", j->source.path);
    if ((st = plan(j, err)) != OC_OK || (st = make_all(j, err)) != OC_OK ||
        (st = oc_data_write(j->format, &j->made, j->dst, err)) != OC_OK)
        return st;
    report(j, seconds() - begin);
    return OC_OK;
}

static void finish(job *j)
{
    oc_data_set_finish(&j->made);
    for (size_t i = 0; i < j->n_outputs; i++)
        oc_augment_sample_finish(&j->output[i].sample);
    for (uint64_t i = 0; j->worker && i < j->threads; i++)
        oc_augment_worker_destroy(j->worker[i]);
    free(j->worker);
    free(j->output);
    oc_augment_destroy(j->augment);
    oc_data_index_finish(&j->index);
    oc_data_set_finish(&j->set);
}

int cli_data_augment(int argc, char **argv)
{
    job              j = {.copies = 1};
    const char      *pos[3];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        CLI_DATA_SOURCE_OPTIONS(j.source),
        {"--to", 's', &j.to, "FORMAT", "the format to write"},
        {"--copies", 'u', &j.copies, "N", "of each picture (1)"},
        {"--originals", 'f', &j.originals, NULL, "write the pictures as they were, too"},
        {"--seed", 'u', &j.seed, "S", "another one gives other pictures (0)"},
        {"--threads", 'u', &j.threads, "N", "how many work; the result is the same (all cores)"},
        {"--json", 'f', &j.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {
        "data augment",
        "PIPELINE.yaml SRC --to FORMAT DST",
        "Writes changed copies of pictures, and labels that fit them.  PIPELINE: steps with their\n"
        "probabilities and ranges; docs/augment.md has them.  Pictures keep their kind: PNG or JPEG.",
        options,
        3,
        3};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!j.to)
        return cli_usage("data augment", "--to is missing");
    if (j.copies < 1 || j.copies > COPIES_MAX)
        return cli_usage("data augment", "--copies is 1 to %d", COPIES_MAX);
    if (j.threads > THREADS_MAX)
        return cli_usage("data augment", "--threads is at most %d", THREADS_MAX);
    j.pipeline = pos[0];
    j.source.path = pos[1];
    j.dst = pos[2];
    oc_status st = augment(&j, &err);
    finish(&j);
    return st == OC_OK ? CLI_DONE : cli_data_fail("data augment", &err);
}

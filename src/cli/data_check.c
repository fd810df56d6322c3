/* ocellus data check: what is wrong with labels and pictures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "core/pool.h"
#include "data/check.h"
#include "data/digest.h"
#include "data/near.h"
#include "media/image.h"

#define LISTED 5 /* of each fault, without -v */
#define BITS_DEFAULT 4

typedef struct fault {
    oc_data_fault kind;
    uint32_t      image;
    char         *what;
} fault;

typedef struct picture { /* what looking at one gave */
    char    *path;       /* NULL: not found */
    char     sha256[65];
    uint64_t hash;
    bool     whole;
    int32_t  width, height;
    char     why[160];
} picture;

typedef struct job {
    cli_data_source source;
    const char     *level;
    uint64_t        bits, threads;
    bool            json, labels_only;
    oc_data_set     set;
    picture        *pictures;
    fault          *faults;
    size_t          n, cap, count[OC_DATA_FAULTS];
    bool            failed; /* no memory for a fault */
} job;

static void note(void *ctx, oc_data_fault kind, uint32_t image, const char *what)
{
    job *j = ctx;
    j->count[kind]++;
    if (j->n == j->cap) {
        size_t cap = j->cap * 2 + 256;
        fault *p = reallocarray(j->faults, cap, sizeof(*p));
        j->failed |= !p;
        if (!p)
            return;
        j->faults = p;
        j->cap = cap;
    }
    j->faults[j->n] = (fault){kind, image, strdup(what)};
    j->failed |= !j->faults[j->n].what;
    j->n += j->faults[j->n].what != NULL;
}

/* ---- pictures ---- */

static void look(picture *p)
{
    oc_error  err = {0};
    oc_frame *frame = NULL, *gray = NULL;
    oc_digest d;
    if (oc_digest_sha256(p->path, &d, &err) != OC_OK ||
        oc_image_load(p->path, &frame, &err) != OC_OK ||
        oc_frame_create(OC_PIXEL_GRAY8, frame->width, frame->height, &gray, &err) != OC_OK ||
        oc_frame_convert(frame, gray, &err) != OC_OK) {
        const char *why = strncmp(err.message, p->path, strlen(p->path)) == 0
                              ? err.message + strlen(p->path) + 2
                              : err.message;
        snprintf(p->why, sizeof(p->why), "%.150s", why);
    } else {
        p->whole = true;
        memcpy(p->sha256, d.sha256, sizeof(p->sha256));
        p->width = frame->width;
        p->height = frame->height;
        p->hash = oc_near_hash(gray->plane[0], gray->width, gray->height, gray->stride[0]);
    }
    oc_frame_unref(frame);
    oc_frame_unref(gray);
}

static void look_range(void *ctx, oc_range part, unsigned worker)
{
    job *j = ctx;
    (void)worker;
    for (size_t i = part.begin; i < part.end; i++)
        if (j->pictures[i].path)
            look(&j->pictures[i]);
}

static bool other_split(const job *j, uint32_t a, uint32_t b)
{
    const char *x = j->set.images[a].split, *y = j->set.images[b].split;
    return x && y && strcmp(x, y) != 0;
}

typedef struct pairing {
    job      *j;
    uint32_t *image; /* of each hash */
} pairing;

static void pair(void *ctx, uint32_t a, uint32_t b, unsigned bits)
{
    pairing *p = ctx;
    uint32_t x = p->image[a], y = p->image[b];
    job     *j = p->j;
    char     text[OC_DATA_PATH_MAX];
    bool     same = strcmp(j->pictures[x].sha256, j->pictures[y].sha256) == 0;
    bool     leak = other_split(j, x, y);
    if (same)
        snprintf(text, sizeof(text), "%.2000s", j->set.images[x].file);
    else
        snprintf(text, sizeof(text), "%.2000s (%u of 63 bits differ)", j->set.images[x].file, bits);
    note(j,
         same   ? leak ? OC_DATA_FAULT_LEAK : OC_DATA_FAULT_SAME
         : leak ? OC_DATA_FAULT_LEAK_NEAR
                : OC_DATA_FAULT_NEAR,
         y, text);
}

static oc_status compare_pictures(job *j, oc_error *err)
{
    size_t    n = 0, all = j->set.n_images;
    uint64_t *hash = calloc(all + 1, sizeof(*hash));
    pairing   p = {j, calloc(all + 1, sizeof(*p.image))};
    oc_status st = hash && p.image ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu pictures", all);
    for (size_t i = 0; i < all && st == OC_OK; i++) {
        if (!j->pictures[i].whole)
            continue;
        hash[n] = j->pictures[i].hash;
        p.image[n++] = (uint32_t)i;
    }
    if (st == OC_OK)
        st = oc_near_pairs(hash, n, (unsigned)j->bits, pair, &p, err);
    free(hash);
    free(p.image);
    return st;
}

static oc_status check_pictures(job *j, oc_error *err)
{
    oc_pool  *pool = NULL;
    oc_status st = oc_pool_create((unsigned)j->threads, &pool, err);
    if (st == OC_OK && !(j->pictures = calloc(j->set.n_images + 1, sizeof(*j->pictures))))
        st = OC_FAIL(err, OC_NOMEM, "%zu pictures", j->set.n_images);
    for (uint32_t i = 0; i < j->set.n_images && st == OC_OK; i++) {
        char path[OC_DATA_PATH_MAX];
        if (cli_data_picture(&j->source, &j->set, i, path, NULL) == OC_OK &&
            !(j->pictures[i].path = strdup(path)))
            st = OC_FAIL(err, OC_NOMEM, "%s", path);
    }
    if (st == OC_OK)
        oc_pool_run(pool, 0, j->set.n_images, 4, look_range, j);
    for (uint32_t i = 0; i < j->set.n_images && st == OC_OK; i++) {
        const picture       *p = &j->pictures[i];
        const oc_data_image *im = &j->set.images[i];
        char                 text[64];
        if (!p->path) {
            note(j, OC_DATA_FAULT_MISSING, i, "");
        } else if (!p->whole) {
            note(j, OC_DATA_FAULT_CORRUPT, i, p->why);
        } else if (im->width && im->height && (im->width != p->width || im->height != p->height)) {
            snprintf(text, sizeof(text), "told %d x %d, is %d x %d", im->width, im->height,
                     p->width, p->height);
            note(j, OC_DATA_FAULT_WRONG_SIZE, i, text);
        }
    }
    if (st == OC_OK)
        st = compare_pictures(j, err);
    oc_pool_destroy(pool);
    return st;
}

/* ---- report ---- */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The middle and the ends of a list of sizes: 0, 5, 25, 50, 75, 95, 100 %. */
static void quantiles(const double *v, size_t n, double out[7])
{
    static const double at[7] = {0, .05, .25, .5, .75, .95, 1};
    for (int k = 0; k < 7; k++)
        out[k] = n ? v[(size_t)(at[k] * (double)(n - 1) + .5)] : 0;
}

static void measure(const oc_data_set *s, double *v, bool aspect, double out[7])
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_objects; i++) {
        const double *b = s->objects[i].box;
        if (s->objects[i].has_box && b[2] > 0 && b[3] > 0)
            v[n++] = aspect ? b[2] / b[3] : sqrt(b[2] * b[3]);
    }
    if (n)
        qsort(v, n, sizeof(*v), by_number);
    quantiles(v, n, out);
}

static void print_json(const job *j, double spread[2][7])
{
    static const char *const levels[] = {"note", "warning", "error"};
    const oc_data_set       *s = &j->set;
    printf("{\"images\":%zu,\"objects\":%zu,\"categories\":[", s->n_images, s->n_objects);
    for (size_t k = 0; k < s->n_categories; k++) {
        size_t n = 0;
        for (size_t i = 0; i < s->n_objects; i++)
            n += s->objects[i].category == k;
        printf("%s{\"name\":", k ? "," : "");
        cli_json_text(stdout, s->categories[k].name);
        printf(",\"objects\":%zu}", n);
    }
    for (int m = 0; m < 2; m++) {
        printf("%s", m ? "],\"aspect\":[" : "],\"size_px\":[");
        for (int k = 0; k < 7; k++)
            printf("%s%.6g", k ? "," : "", spread[m][k]);
    }
    printf("],\"faults\":[");
    for (size_t i = 0; i < j->n; i++) {
        const fault *f = &j->faults[i];
        printf("%s\n{\"fault\":\"%s\",\"level\":\"%s\",\"image\":", i ? "," : "",
               oc_data_fault_text(f->kind), levels[oc_data_fault_level(f->kind)]);
        if (f->image == UINT32_MAX)
            printf("null");
        else
            cli_json_text(stdout, s->images[f->image].file);
        printf(",\"what\":");
        cli_json_text(stdout, f->what);
        putchar('}');
    }
    printf("]}\n");
}

static void print_text(const job *j, double spread[2][7])
{
    static const char *const levels[] = {"note", "warning", "error"};
    const oc_data_set       *s = &j->set;
    printf("%zu images, %zu objects, %zu categories\n", s->n_images, s->n_objects, s->n_categories);
    printf("%-28s %8s %8s %8s %8s %8s\n", "", "5%", "25%", "50%", "75%", "95%");
    for (int m = 0; m < 2; m++) {
        printf("%-28s", m ? "width / height" : "size (root of area, pixels)");
        for (int k = 1; k < 6; k++)
            printf(" %8.2f", spread[m][k]);
        putchar('\n');
    }
    for (int level = OC_DATA_ERROR; level >= OC_DATA_NOTE; level--) {
        for (int kind = 0; kind < OC_DATA_FAULTS; kind++) {
            size_t told = 0;
            if (!j->count[kind] || (int)oc_data_fault_level((oc_data_fault)kind) != level)
                continue;
            printf("%s: %zu %s\n", levels[level], j->count[kind],
                   oc_data_fault_text((oc_data_fault)kind));
            for (size_t i = 0; i < j->n && (cli_verbose || told < LISTED); i++) {
                const fault *f = &j->faults[i];
                if ((int)f->kind != kind)
                    continue;
                told++;
                const char *file = f->image == UINT32_MAX ? "" : s->images[f->image].file;
                printf("  %s%s%s\n", file, *file && *f->what ? ": " : "", f->what);
            }
            if (told < j->count[kind])
                printf("  ... (-v lists all)\n");
        }
    }
}

static oc_status check(job *j, oc_error *err)
{
    double    spread[2][7], *v;
    oc_status st = cli_data_open(&j->source, &j->set, NULL, err);
    if (st != OC_OK || (st = oc_data_check(&j->set, note, j, err)) != OC_OK ||
        (!j->labels_only && (st = check_pictures(j, err)) != OC_OK))
        return st;
    v = calloc(j->set.n_objects + 1, sizeof(*v));
    if (!v || j->failed) {
        free(v);
        return OC_FAIL(err, OC_NOMEM, "%zu faults", j->n);
    }
    measure(&j->set, v, false, spread[0]);
    measure(&j->set, v, true, spread[1]);
    free(v);
    if (j->json)
        print_json(j, spread);
    else
        print_text(j, spread);
    return OC_OK;
}

int cli_data_check(int argc, char **argv)
{
    static const char *const levels[] = {"note", "warning", "error"};
    job                      j = {.bits = BITS_DEFAULT};
    const char              *pos[1];
    size_t                   n_pos;
    oc_error                 err = {0};
    int                      level = -1, e;
    const cli_option         options[] = {
                CLI_DATA_SOURCE_OPTIONS(j.source),
                {"--level", 's', &j.level, "LEVEL", "exit 1 from this on: error, warning, note (error)"},
                {"--near", 'u', &j.bits, "BITS",
                 "of 63 that may differ in pictures that look the same (4)"},
                {"--labels-only", 'f', &j.labels_only, NULL, "do not look at the pictures"},
                {"--threads", 'u', &j.threads, "N", "workers (one per processor)"},
                {"--json", 'f', &j.json, NULL, "every fault, as JSON on stdout"},
                {0}};
    const cli_command command = {
        "data check",
        "SRC",
        "Looks for missing and corrupt pictures, boxes outside or of no area, pictures that are there\n"
        "twice or in two splits, categories spelt in two ways, classes with few objects.",
        options,
        1,
        1};
    if ((e = cli_parse(&command, argc, argv, pos, &n_pos)) >= 0)
        return e;
    for (int k = 0; k < 3; k++)
        if (strcmp(j.level ? j.level : "error", levels[k]) == 0)
            level = k;
    if (level < 0)
        return cli_usage("data check", "--level is error, warning or note, not '%s'", j.level);
    if (j.bits > OC_NEAR_BITS_MAX)
        return cli_usage("data check", "--near is at most %d", OC_NEAR_BITS_MAX);
    j.source.path = pos[0];
    oc_status st = check(&j, &err);
    bool      bad = false;
    for (int k = 0; k < OC_DATA_FAULTS; k++)
        bad |= j.count[k] && (int)oc_data_fault_level((oc_data_fault)k) >= level;
    for (size_t i = 0; i < j.n; i++)
        free(j.faults[i].what);
    for (size_t i = 0; j.pictures && i < j.set.n_images; i++)
        free(j.pictures[i].path);
    free(j.faults);
    free(j.pictures);
    oc_data_set_finish(&j.set);
    return st != OC_OK ? cli_data_fail("data check", &err) : bad ? CLI_FAILED : CLI_DONE;
}

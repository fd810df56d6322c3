/* Words found and read: ICDAR's end-to-end protocol. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "eval/folder.h"
#include "eval/text.h"

#define UNREADABLE "###"

/* ---- areas ---- */

static double turn(const double a[2], const double b[2], const double p[2])
{
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
}

static double outline_area(double p[][2], size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i][0] * p[(i + 1) % n][1] - p[(i + 1) % n][0] * p[i][1];
    return sum / 2;
}

double oc_quad_area(const double a[4][2])
{
    double p[4][2];
    memcpy(p, a, sizeof(p));
    return fabs(outline_area(p, 4));
}

/* What lies to the left of the line from a to b (Sutherland and Hodgman 1974). */
static size_t cut(double from[][2], size_t n, const double a[2], const double b[2], double to[][2])
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        const double *p = from[i], *q = from[(i + 1) % n];
        double        at_p = turn(a, b, p), at_q = turn(a, b, q);
        if (at_p >= 0) {
            to[out][0] = p[0];
            to[out++][1] = p[1];
        }
        if ((at_p > 0 && at_q < 0) || (at_p < 0 && at_q > 0)) {
            double t = at_p / (at_p - at_q);
            to[out][0] = p[0] + t * (q[0] - p[0]);
            to[out++][1] = p[1] + t * (q[1] - p[1]);
        }
    }
    return out;
}

double oc_quad_shared(const double a[4][2], const double b[4][2])
{
    double p[2][16][2], edge[4][2];
    size_t n = 4;
    memcpy(p[0], a, 4 * sizeof(p[0][0]));
    memcpy(edge, b, sizeof(edge));
    if (outline_area(edge, 4) < 0) /* the other way round */
        for (size_t i = 0; i < 4; i++)
            memcpy(edge[i], b[3 - i], sizeof(edge[i]));
    for (size_t i = 0; i < 4 && n; i++)
        n = cut(p[i % 2], n, edge[i], edge[(i + 1) % 4], p[(i + 1) % 2]);
    return n > 2 ? fabs(outline_area(p[0], n)) : 0;
}

static double overlap(const oc_text_word *a, const oc_text_word *b)
{
    double both = oc_quad_shared(a->corner, b->corner);
    double all = oc_quad_area(a->corner) + oc_quad_area(b->corner) - both;
    return all > 0 ? both / all : 0;
}

/* ---- files ---- */

#define NUMBERS_MAX 8

static oc_status read_word(oc_arena *mem, char *line, oc_text_word *w, oc_error *err)
{
    double v[NUMBERS_MAX];
    size_t n = 0;
    char  *at = line, *place = line;
    while (n < NUMBERS_MAX) {
        char *end;
        v[n] = strtod(at, &end);
        end += strspn(end, " \t");
        if (end == at || *end != ',' || !isfinite(v[n]) || fabs(v[n]) > 1e9)
            break;
        at = end + 1;
        n++;
        if (n == 4 || n == NUMBERS_MAX)
            place = at;
    }
    *w = (oc_text_word){.placed = place != line};
    if (n == NUMBERS_MAX) {
        memcpy(w->corner, v, sizeof(v));
    } else if (n >= 4) {
        const double box[4][2] = {{v[0], v[1]}, {v[2], v[1]}, {v[2], v[3]}, {v[0], v[3]}};
        if (!(v[2] >= v[0] && v[3] >= v[1]))
            return OC_FAIL(err, OC_FORMAT, "right of its right side, or below its bottom");
        memcpy(w->corner, box, sizeof(box));
    }
    w->text = oc_arena_strndup(mem, place, strlen(place));
    w->unreadable = strcmp(place, UNREADABLE) == 0;
    return w->text ? OC_OK : OC_FAIL(err, OC_NOMEM, "words");
}

static oc_status read_words(oc_arena *mem, const char *folder, const char *name, oc_text_word **out,
                            size_t *n, oc_error *err)
{
    char     *text = NULL, *line;
    size_t    lines = 2, number = 0;
    oc_status st = eval_text_read(folder, name, ".txt", &text, err);
    if (st != OC_OK)
        return st;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    if (!(*out = oc_arena_alloc(mem, lines, sizeof(**out))))
        st = OC_FAIL(err, OC_NOMEM, "%zu words", lines);
    char *at = text;
    if (strncmp(at, "\xef\xbb\xbf", 3) == 0) /* ICDAR's own files begin with a byte order mark */
        at += 3;
    while (st == OC_OK && (line = eval_text_line(&at))) {
        number++;
        if (!*line)
            continue;
        if ((st = read_word(mem, line, &(*out)[*n], err)) != OC_OK)
            oc_error_prefix(err, "%s/%s.txt: line %zu", folder, name, number);
        else
            ++*n;
    }
    free(text);
    return st;
}

static const char *image_of(const char *file)
{
    if (strncmp(file, "gt_", 3) == 0)
        return file + 3;
    return strncmp(file, "res_", 4) == 0 ? file + 4 : file;
}

static oc_text_image *image_named(oc_text_set *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->image[i].name, name) == 0)
            return &set->image[i];
    return NULL;
}

static oc_status read_truth(oc_text_set *set, const char *folder, oc_error *err)
{
    eval_folder f = {0};
    oc_status   st = eval_folder_list(folder, ".txt", &f, err);
    if (st == OC_OK && !(set->image = oc_arena_alloc(&set->mem, f.n, sizeof(*set->image))))
        st = OC_FAIL(err, OC_NOMEM, "%zu images", f.n);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        oc_text_image *image = &set->image[set->n++];
        const char    *name = image_of(f.name[i]);
        if (!(image->name = oc_arena_strndup(&set->mem, name, strlen(name))))
            st = OC_FAIL(err, OC_NOMEM, "names");
        else
            st = read_words(&set->mem, folder, f.name[i], &image->truth, &image->n_truth, err);
    }
    eval_folder_finish(&f);
    return st;
}

oc_status oc_text_set_read(const char *truth, const char *found, oc_text_set *out, oc_error *err)
{
    oc_text_set set = {.n = 0};
    eval_folder f = {0};
    oc_status   st = read_truth(&set, truth, err);
    if (st == OC_OK)
        st = eval_folder_list(found, ".txt", &f, err);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        oc_text_image *image = image_named(&set, image_of(f.name[i]));
        if (!image)
            st =
                OC_FAIL(err, OC_FORMAT, "%s/%s.txt: the truth has no such image", found, f.name[i]);
        else if (image->found)
            st = OC_FAIL(err, OC_FORMAT, "%s/%s.txt: a second file of its image", found, f.name[i]);
        else
            st = read_words(&set.mem, found, f.name[i], &image->found, &image->n_found, err);
    }
    eval_folder_finish(&f);
    if (st == OC_OK)
        *out = set;
    else
        oc_text_set_finish(&set);
    return st;
}

void oc_text_set_finish(oc_text_set *set)
{
    oc_arena_finish(&set->mem);
    *set = (oc_text_set){.n = 0};
}

/* ---- matching ---- */

static bool reads_same(const oc_text_word *a, const oc_text_word *b, bool fold)
{
    return (fold ? strcasecmp(a->text, b->text) : strcmp(a->text, b->text)) == 0;
}

/* A result more than half on what nobody can read. */
static bool is_excused(const oc_text_image *image, const oc_text_word *d, double iou)
{
    double area = oc_quad_area(d->corner);
    for (size_t i = 0; i < image->n_truth; i++) {
        const oc_text_word *g = &image->truth[i];
        if (g->unreadable && g->placed && d->placed && area > 0 &&
            oc_quad_shared(g->corner, d->corner) / area > iou)
            return true;
    }
    return false;
}

static void spot_image(oc_text_image *image, double iou, bool fold)
{
    image->wanted = image->given = image->placed = image->right = 0;
    for (size_t i = 0; i < image->n_truth; i++)
        image->wanted += !image->truth[i].unreadable;
    for (size_t j = 0; j < image->n_found; j++) { /* marks what is taken or excused */
        image->found[j].unreadable = is_excused(image, &image->found[j], iou);
        image->given += !image->found[j].unreadable;
    }
    for (size_t i = 0; i < image->n_truth; i++) {
        const oc_text_word *g = &image->truth[i];
        for (size_t j = 0; j < image->n_found && !g->unreadable; j++) {
            oc_text_word *d = &image->found[j];
            bool          placed = g->placed && d->placed, same = reads_same(g, d, fold);
            if (d->unreadable || !(placed ? overlap(g, d) > iou : same))
                continue;
            d->unreadable = true;
            image->placed++;
            image->right += same;
            break;
        }
    }
}

oc_text_rate oc_text_rate_of(uint64_t right, uint64_t wanted, uint64_t given)
{
    oc_text_rate r = {right, wanted, given, 0, 0, 0};
    r.recall = wanted ? (double)right / (double)wanted : 0;
    r.precision = given ? (double)right / (double)given : 0;
    r.f1 = wanted + given ? 2 * (double)right / (double)(wanted + given) : 0;
    return r;
}

void oc_text_spot(oc_text_set *set, double iou, bool fold, oc_text_rate *found, oc_text_rate *read)
{
    uint64_t sum[4] = {0};
    for (size_t i = 0; i < set->n; i++) {
        oc_text_image *image = &set->image[i];
        spot_image(image, iou, fold);
        sum[0] += image->placed;
        sum[1] += image->right;
        sum[2] += image->wanted;
        sum[3] += image->given;
    }
    *found = oc_text_rate_of(sum[0], sum[2], sum[3]);
    *read = oc_text_rate_of(sum[1], sum[2], sum[3]);
}

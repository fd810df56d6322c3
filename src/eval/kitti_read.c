#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "eval/folder.h"
#include "eval/kitti.h"

#define NUMBERS 15 /* after the type; truths have no score and so one less */

static oc_kitti_type type_of(const char *name)
{
    static const char *const names[] = {"Car", "Pedestrian",     "Cyclist",
                                        "Van", "Person_sitting", "DontCare"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return (oc_kitti_type)i;
    return OC_KITTI_OTHER;
}

/* type truncation occlusion alpha left top right bottom h w l x y z ry [score] */
static oc_status read_line(char *line, bool result, oc_kitti_object *o, oc_error *err)
{
    double v[NUMBERS];
    char  *type = eval_text_word(&line), *word, *end;
    size_t n = 0, want = result ? NUMBERS : NUMBERS - 1;
    while ((word = eval_text_word(&line))) {
        if (n == NUMBERS)
            return OC_FAIL(err, OC_FORMAT, "more than %d columns", NUMBERS + 1);
        v[n] = strtod(word, &end);
        if (end == word || *end || !isfinite(v[n]))
            return OC_FAIL(err, OC_FORMAT, "column %zu: '%.40s' is not a number", n + 2, word);
        n++;
    }
    if (n < want)
        return OC_FAIL(err, OC_FORMAT, "%zu columns, KITTI's %s have %zu", n + 1,
                       result ? "results" : "labels", want + 1);
    if (fabs(v[1]) > 1e6)
        return OC_FAIL(err, OC_FORMAT, "occlusion %g", v[1]);
    *o = (oc_kitti_object){.type = type_of(type),
                           .truncation = v[0],
                           .occlusion = (int32_t)v[1],
                           .alpha = v[2],
                           .box = {v[3], v[4], v[5], v[6]},
                           .score = result ? v[14] : 0};
    return OC_OK;
}

static oc_status read_objects(const char *folder, const char *name, bool result,
                              oc_kitti_object **out, size_t *n, oc_error *err)
{
    char     *text = NULL, *line;
    size_t    number = 0, lines = 2;
    oc_status st = eval_text_read(folder, name, ".txt", &text, err);
    if (st != OC_OK)
        return st;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    if (!(*out = calloc(lines, sizeof(**out))))
        st = OC_FAIL(err, OC_NOMEM, "%zu lines", lines);
    for (char *at = text; st == OC_OK && (line = eval_text_line(&at));) {
        number++;
        if (!*line)
            continue;
        if ((st = read_line(line, result, &(*out)[*n], err)) != OC_OK)
            oc_error_prefix(err, "%s/%s.txt: line %zu", folder, name, number);
        else
            ++*n;
    }
    free(text);
    return st;
}

oc_status oc_kitti_read(const char *truth, const char *results, oc_kitti_set *out, oc_error *err)
{
    oc_kitti_set set = {0};
    eval_folder  f = {0};
    oc_status    st = eval_folder_list(results, ".txt", &f, err);
    if (st == OC_OK && !(set.image = calloc(f.n, sizeof(*set.image))))
        st = OC_FAIL(err, OC_NOMEM, "%zu images", f.n);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        oc_kitti_image *image = &set.image[set.n++];
        if (!(image->name = strdup(f.name[i])))
            st = OC_FAIL(err, OC_NOMEM, "%s", f.name[i]);
        if (st == OC_OK)
            st = read_objects(truth, f.name[i], false, &image->truth, &image->n_truth, err);
        if (st == OC_OK)
            st = read_objects(results, f.name[i], true, &image->result, &image->n_results, err);
    }
    eval_folder_finish(&f);
    if (st == OC_OK)
        *out = set;
    else
        oc_kitti_set_finish(&set);
    return st;
}

void oc_kitti_set_finish(oc_kitti_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        free(set->image[i].name);
        free(set->image[i].truth);
        free(set->image[i].result);
    }
    free(set->image);
    *set = (oc_kitti_set){0};
}

/* KITTI's tracking labels: a line an object and frame. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "eval/folder.h"
#include "eval/mot.h"

static const struct {
    const char        *name;
    oc_mot_kitti_class cls;
} types[] = {
    {"car", OC_MOT_CAR},
    {"car_2", OC_MOT_CAR},
    {"van", OC_MOT_VAN},
    {"pedestrian", OC_MOT_PEDESTRIAN},
    {"person", OC_MOT_PERSON_SITTING},
    {"person_sitting", OC_MOT_PERSON_SITTING},
    {"dontcare", OC_MOT_DONT_CARE},
};

/* 0: none that tracking is scored for. */
static int32_t class_of(const char *type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcasecmp(type, types[i].name) == 0)
            return (int32_t)types[i].cls;
    return 0;
}

static bool is_wanted(int32_t cls, oc_mot_benchmark b, bool truth)
{
    bool car = b == OC_MOT_KITTI_CAR;
    if (cls == (car ? OC_MOT_CAR : OC_MOT_PEDESTRIAN))
        return true;
    return truth && (cls == (car ? OC_MOT_VAN : OC_MOT_PERSON_SITTING) || cls == OC_MOT_DONT_CARE);
}

#define BEFORE_3D 9 /* numbers: frame, id, truncated, occluded, alpha, left, top, right, bottom */
#define SCORE_AT 16 /* of results; behind size, place and angle */

/* *wanted: false for a row of a class that does not matter here. */
static oc_status read_line(char *line, oc_mot_benchmark b, bool truth, oc_mot_row *row,
                           bool *wanted, oc_error *err)
{
    double v[SCORE_AT + 1] = {0};
    char  *word, *end, *type = NULL;
    size_t n = 0;
    for (size_t column = 0; (word = eval_text_word(&line)); column++) {
        if (column == 2) {
            type = word;
            continue;
        }
        if (n > SCORE_AT)
            return OC_FAIL(err, OC_FORMAT, "more than %d columns", SCORE_AT + 2);
        v[n] = strtod(word, &end);
        if (end == word || *end || !isfinite(v[n]))
            return OC_FAIL(err, OC_FORMAT, "column %zu: '%.40s' is not a number", column + 1, word);
        n++;
    }
    if (n < BEFORE_3D)
        return OC_FAIL(err, OC_FORMAT, "%zu columns, KITTI's tracks have at least %d", n + !!type,
                       BEFORE_3D + 1);
    if (v[0] < 0 || v[0] > 1e9 || v[0] != floor(v[0]))
        return OC_FAIL(err, OC_FORMAT, "frame %g", v[0]);
    if (fabs(v[1]) > 9e15 || v[1] != floor(v[1]))
        return OC_FAIL(err, OC_FORMAT, "id %g", v[1]);
    if (fabs(v[2]) > 1e6 || fabs(v[3]) > 1e6)
        return OC_FAIL(err, OC_FORMAT, "truncated %g, occluded %g", v[2], v[3]);
    *row = (oc_mot_row){.frame = (int64_t)v[0] + 1,
                        .id = (int64_t)v[1],
                        .x = v[5],
                        .y = v[6],
                        .w = v[7] - v[5],
                        .h = v[8] - v[6],
                        .conf = n > SCORE_AT ? v[SCORE_AT] : 1.0,
                        .cls = class_of(type),
                        .truncation = (int32_t)v[2],
                        .occlusion = (int32_t)v[3]};
    *wanted = is_wanted(row->cls, b, truth) && (row->id >= 0 || row->cls == OC_MOT_DONT_CARE);
    return OC_OK;
}

oc_status oc_mot_read_kitti(const char *path, oc_mot_benchmark benchmark, bool truth,
                            oc_mot_rows *out, oc_error *err)
{
    oc_mot_rows rows = {0};
    char       *text = NULL, *line;
    size_t      number = 0, lines = 2, regions = 0;
    bool        wanted = false;
    oc_status   st = eval_text_read("", path, "", &text, err);
    if (st != OC_OK)
        return st;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    if (!(rows.row = calloc(lines, sizeof(*rows.row))))
        st = OC_FAIL(err, OC_NOMEM, "%zu rows", lines);
    for (char *at = text; st == OC_OK && (line = eval_text_line(&at));) {
        oc_mot_row *row = &rows.row[rows.n];
        number++;
        if (!*line)
            continue;
        if ((st = read_line(line, benchmark, truth, row, &wanted, err)) != OC_OK)
            oc_error_prefix(err, "line %zu", number);
        else if (wanted && row->cls == OC_MOT_DONT_CARE)
            row->id = -(int64_t)++regions; /* the file gives all of them -1 */
        rows.n += st == OC_OK && wanted;
    }
    free(text);
    if (st == OC_OK)
        st = oc_mot_rows_sort(&rows, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s", path);
        oc_mot_rows_finish(&rows);
        return st;
    }
    *out = rows;
    return OC_OK;
}

oc_status oc_mot_read_as(const char *path, oc_mot_benchmark benchmark, bool truth, oc_mot_rows *out,
                         oc_error *err)
{
    return benchmark == OC_MOT_KITTI_CAR || benchmark == OC_MOT_KITTI_PEDESTRIAN
               ? oc_mot_read_kitti(path, benchmark, truth, out, err)
               : oc_mot_read(path, out, err);
}

bool oc_mot_benchmark_find(const char *name, oc_mot_benchmark *out)
{
    static const char *const names[] = {"mot15", "mot16",     "mot17",
                                        "mot20", "kitti-car", "kitti-pedestrian"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (oc_mot_benchmark)i;
            return true;
        }
    }
    return false;
}

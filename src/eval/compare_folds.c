/* Folds of the data, and how far figures scatter over them or over re-runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/strmap.h"
#include "data/json_pull.h"
#include "eval/compare.h"

#define FOLDS_MAX 1000

/* .975 quantile of Student's t; beyond the table close to the normal one. */
static double student(size_t freedom)
{
    static const double t[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                               2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                               2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                               2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
    if (freedom <= sizeof(t) / sizeof(t[0]))
        return t[freedom - 1];
    double z = 1.959964; /* first term of Cornish and Fisher */
    return z + (z * z * z + z) / (4 * (double)freedom);
}

oc_compare_spread oc_compare_spread_of(const double *value, size_t n)
{
    oc_compare_spread s = {NAN, NAN, NAN, 0};
    double            sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        s.n += !isnan(value[i]);
        sum += isnan(value[i]) ? 0 : value[i];
    }
    if (s.n == 0)
        return s;
    s.mean = sum / (double)s.n;
    for (size_t i = 0; i < n; i++)
        square += isnan(value[i]) ? 0 : (value[i] - s.mean) * (value[i] - s.mean);
    if (s.n > 1) {
        s.sd = sqrt(square / (double)(s.n - 1));
        s.half = student(s.n - 1) * s.sd / sqrt((double)s.n);
    }
    return s;
}

typedef struct reader {
    oc_json              *json;
    const oc_compare_run *run;
    oc_strmap             units; /* name to index */
    oc_compare_folds     *out;
    size_t                found; /* units of the fold that is read */
    oc_error             *err;
} reader;

static const char *behind_slash(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* Images that the run does not have are passed over: a part of the data may be scored. */
static oc_status read_image(reader *r, uint32_t fold)
{
    const char *name = oc_json_peek_text(r->json, NULL);
    uint32_t    unit;
    if (!oc_strmap_get(&r->units, name, &unit) &&
        !oc_strmap_get(&r->units, behind_slash(name), &unit))
        return OC_OK;
    if (r->out->fold_of[unit] != UINT32_MAX)
        return OC_FAIL(r->err, OC_FORMAT, "line %llu: '%.80s' is in a fold already",
                       (unsigned long long)oc_json_line(r->json), name);
    r->out->fold_of[unit] = fold;
    r->found++;
    return OC_OK;
}

static oc_status read_images(reader *r, uint32_t fold)
{
    oc_json_token token;
    oc_status     st = oc_json_expect(r->json, OC_JSON_ARRAY, "a list of images", r->err);
    while (st == OC_OK && (st = oc_json_next(r->json, &token, r->err)) == OC_OK) {
        if (token == OC_JSON_ARRAY_END)
            return OC_OK;
        st = token == OC_JSON_TEXT ? read_image(r, fold)
                                   : OC_FAIL(r->err, OC_FORMAT, "line %llu: images are file names",
                                             (unsigned long long)oc_json_line(r->json));
    }
    return st;
}

static oc_status read_fold(reader *r)
{
    oc_compare_folds *f = r->out;
    oc_json_token     token;
    oc_status         st = OC_OK;
    const uint32_t    fold = (uint32_t)f->n;
    if (f->n == FOLDS_MAX)
        return OC_FAIL(r->err, OC_UNSUPPORTED, "more than %d folds", FOLDS_MAX);
    f->name[f->n++] = "";
    r->found = 0;
    while (st == OC_OK && (st = oc_json_next(r->json, &token, r->err)) == OC_OK &&
           token != OC_JSON_OBJECT_END) {
        const char *key = oc_json_peek_text(r->json, NULL);
        if (strcmp(key, "images") == 0) {
            st = read_images(r, fold);
        } else if (strcmp(key, "name") == 0) {
            st = oc_json_expect(r->json, OC_JSON_TEXT, "a fold's name", r->err);
            const char *name = oc_json_peek_text(r->json, NULL);
            if (st == OC_OK && !(f->name[fold] = oc_arena_strndup(&f->mem, name, strlen(name))))
                st = OC_FAIL(r->err, OC_NOMEM, "folds");
        } else {
            st = oc_json_skip(r->json, r->err);
        }
    }
    if (st == OC_OK && r->found == 0)
        st = OC_FAIL(r->err, OC_FORMAT, "line %llu: none of the fold's images is in the data",
                     (unsigned long long)oc_json_line(r->json));
    return st;
}

static oc_status read_folds(reader *r)
{
    oc_json_token token;
    oc_status     st = oc_json_expect(r->json, OC_JSON_OBJECT, "an object", r->err);
    while (st == OC_OK && (st = oc_json_next(r->json, &token, r->err)) == OC_OK &&
           token != OC_JSON_OBJECT_END) {
        if (strcmp(oc_json_peek_text(r->json, NULL), "folds") != 0) {
            st = oc_json_skip(r->json, r->err);
            continue;
        }
        st = oc_json_expect(r->json, OC_JSON_ARRAY, "a list of folds", r->err);
        while (st == OC_OK && (st = oc_json_next(r->json, &token, r->err)) == OC_OK &&
               token != OC_JSON_ARRAY_END)
            st = token == OC_JSON_OBJECT
                     ? read_fold(r)
                     : OC_FAIL(r->err, OC_FORMAT, "line %llu: a fold is an object",
                               (unsigned long long)oc_json_line(r->json));
    }
    if (st == OC_OK && r->out->n < 2)
        st = OC_FAIL(r->err, OC_FORMAT, "fewer than two folds");
    return st;
}

oc_status oc_compare_folds_read(const char *path, const oc_compare_run *run, oc_compare_folds *out,
                                oc_error *err)
{
    oc_compare_folds f = {.n = 0};
    reader           r = {.run = run, .out = &f, .err = err};
    oc_status        st = OC_OK;
    f.name = oc_arena_alloc(&f.mem, FOLDS_MAX, sizeof(*f.name));
    f.fold_of = oc_arena_alloc(&f.mem, run->n_units + 1, sizeof(*f.fold_of));
    if (!f.name || !f.fold_of)
        st = OC_FAIL(err, OC_NOMEM, "folds");
    for (size_t i = 0; i < run->n_units && st == OC_OK; i++) {
        uint32_t seen;
        f.fold_of[i] = UINT32_MAX;
        if (!oc_strmap_put(&r.units, run->unit[i], (uint32_t)i) ||
            (!oc_strmap_get(&r.units, behind_slash(run->unit[i]), &seen) &&
             !oc_strmap_put(&r.units, behind_slash(run->unit[i]), (uint32_t)i)))
            st = OC_FAIL(err, OC_NOMEM, "%zu units", run->n_units);
    }
    if (st == OC_OK && (st = oc_json_open(path, &r.json, err)) == OC_OK &&
        (st = read_folds(&r)) != OC_OK)
        oc_error_prefix(err, "%s", path);
    oc_json_close(r.json);
    oc_strmap_finish(&r.units);
    if (st == OC_OK)
        *out = f;
    else
        oc_compare_folds_finish(&f);
    return st;
}

void oc_compare_folds_finish(oc_compare_folds *folds)
{
    oc_arena_finish(&folds->mem);
    *folds = (oc_compare_folds){.n = 0};
}

oc_status oc_compare_over_folds(const oc_compare_run *run, const oc_compare_folds *folds,
                                double *each, oc_compare_spread *spread, oc_error *err)
{
    uint32_t *weight = calloc(run->n_units + 1, sizeof(*weight));
    double   *value = calloc(run->n_figures + 1, sizeof(*value));
    void     *scratch = malloc(run->scratch_bytes + 1);
    oc_status st = OC_OK;
    if (!weight || !value || !scratch)
        st = OC_FAIL(err, OC_NOMEM, "%zu units", run->n_units);
    for (size_t k = 0; k < folds->n && st == OC_OK; k++) {
        for (size_t i = 0; i < run->n_units; i++)
            weight[i] = folds->fold_of[i] == k;
        run->figures(run, weight, scratch, value);
        for (size_t f = 0; f < run->n_figures; f++)
            each[f * folds->n + k] = value[f];
    }
    for (size_t f = 0; f < run->n_figures && st == OC_OK; f++)
        spread[f] = oc_compare_spread_of(each + f * folds->n, folds->n);
    free(weight);
    free(value);
    free(scratch);
    return st;
}

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/coco.h"
#include "data/file.h"

#define NUMBERS_MAX ((size_t)1 << 25) /* of one outline */

oc_status data_json_fail(const oc_json *j, const char *what, oc_error *err)
{
    return OC_FAIL(err, OC_FORMAT, "line %llu: %s", (unsigned long long)oc_json_line(j), what);
}

/* ---- in ---- */

oc_status data_read_float(oc_json *j, const char *what, double *out, oc_error *err)
{
    char      text[80];
    oc_status st = oc_json_expect(j, OC_JSON_NUMBER, what, err);
    *out = oc_json_number(j);
    snprintf(text, sizeof(text), "%s is not a finite number", what);
    return st != OC_OK || isfinite(*out) ? st : data_json_fail(j, text, err);
}

oc_status data_read_int(oc_json *j, const char *what, int64_t *out, oc_error *err)
{
    char      text[80];
    double    v = 0;
    oc_status st = data_read_float(j, what, &v, err);
    snprintf(text, sizeof(text), "%s is not a whole number", what);
    if (st == OC_OK && (v != floor(v) || fabs(v) > 9e15))
        return data_json_fail(j, text, err);
    *out = (int64_t)v;
    return st;
}

oc_status data_read_text(oc_json *j, oc_data_set *set, const char **out, oc_error *err)
{
    oc_status st = oc_json_expect(j, OC_JSON_TEXT, "a text", err);
    if (st == OC_OK && !(*out = oc_data_text(set, oc_json_peek_text(j, NULL))))
        st = OC_FAIL(err, OC_NOMEM, "a text");
    return st;
}

oc_status data_read_extra(oc_data_set *set, oc_json *j, const char *format, oc_data_extras *extras,
                          oc_error *err)
{
    char     *key = strdup(oc_json_peek_text(j, NULL)), *raw = NULL;
    oc_status st = key ? oc_json_capture(j, &raw, err) : OC_FAIL(err, OC_NOMEM, "a member");
    if (st == OC_OK)
        st = oc_data_add_extra(set, extras, format, key, raw, err);
    free(key);
    free(raw);
    return st;
}

static oc_status push(data_scratch *s, double v, oc_json *j, oc_error *err)
{
    if (s->n == s->cap) {
        size_t  cap = s->cap * 2 + 64;
        double *p = cap > NUMBERS_MAX ? NULL : reallocarray(s->number, cap, sizeof(*p));
        if (!p)
            return data_json_fail(j, "too many numbers in one list", err);
        s->number = p;
        s->cap = cap;
    }
    s->number[s->n++] = v;
    return OC_OK;
}

/* The rest of an array whose bracket is taken. */
static oc_status rest_of_numbers(data_scratch *s, oc_json *j, oc_error *err)
{
    oc_json_token t;
    oc_status     st;
    s->n = 0;
    while ((st = oc_json_next(j, &t, err)) == OC_OK && t == OC_JSON_NUMBER)
        if ((st = push(s, oc_json_number(j), j, err)) != OC_OK)
            return st;
    return st != OC_OK || t == OC_JSON_ARRAY_END ? st
                                                 : data_json_fail(j, "a number is expected", err);
}

oc_status data_read_numbers(data_scratch *s, oc_json *j, oc_error *err)
{
    oc_status st = oc_json_expect(j, OC_JSON_ARRAY, "a list of numbers", err);
    return st == OC_OK ? rest_of_numbers(s, j, err) : st;
}

oc_status data_read_box(data_scratch *s, oc_json *j, oc_data_object *o, oc_error *err)
{
    oc_status st = data_read_numbers(s, j, err);
    if (st != OC_OK || s->n == 0) /* key-point files of some tools: "bbox": [] */
        return st;
    if (s->n != 4)
        return data_json_fail(j, "a bbox is x, y, width, height", err);
    memcpy(o->box, s->number, sizeof(o->box));
    o->has_box = true;
    return OC_OK;
}

oc_status data_read_points(oc_data_set *set, data_scratch *s, oc_json *j, oc_data_object *o,
                           oc_error *err)
{
    oc_status st = data_read_numbers(s, j, err);
    if (st == OC_OK && s->n % 3)
        return data_json_fail(j, "keypoints are x, y, v by turns", err);
    if (st == OC_OK && s->n) {
        o->n_points = s->n / 3;
        o->point = oc_data_doubles(set, s->number, s->n);
        st = o->point ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu key-points", o->n_points);
    }
    return st;
}

static oc_status read_polygons(oc_data_set *set, data_scratch *s, oc_json *j, oc_data_object *o,
                               oc_error *err)
{
    oc_json_token t;
    oc_status     st;
    while ((st = oc_json_next(j, &t, err)) == OC_OK && t == OC_JSON_ARRAY) {
        if ((st = rest_of_numbers(s, j, err)) != OC_OK)
            return st;
        if (s->n < 6 || s->n % 2)
            return data_json_fail(j, "a polygon wants three pairs of numbers at least", err);
        if ((st = oc_data_add_ring(set, o, s->number, s->n / 2, err)) != OC_OK)
            return st;
    }
    if (st == OC_OK && t != OC_JSON_ARRAY_END)
        return data_json_fail(j, "a polygon is expected", err);
    return st;
}

/* COCO's text form: differences from the run before last, five bits a character. */
static oc_status runs_of_text(data_scratch *s, oc_json *j, oc_error *err)
{
    oc_status st = OC_OK;
    s->n = 0;
    for (const char *p = oc_json_peek_text(j, NULL); st == OC_OK && *p;) {
        int64_t  v = 0;
        unsigned bits = 0, c;
        do {
            c = (unsigned)(unsigned char)*p - '0';
            if (!*p || c > 63 || bits > 35)
                return data_json_fail(j, "counts hold a character that is no run length", err);
            p++;
            v |= (int64_t)(c & 31) << bits;
            bits += 5;
        } while (c & 32);
        if (c & 16)
            v -= (int64_t)1 << bits;
        if (s->n > 2)
            v += (int64_t)s->number[s->n - 2];
        st = push(s, (double)v, j, err);
    }
    return st;
}

static oc_status keep_runs(oc_data_set *set, const data_scratch *s, oc_json *j, oc_data_object *o,
                           oc_error *err)
{
    o->run = oc_arena_alloc(&set->mem, s->n, sizeof(*o->run));
    if (!o->run)
        return OC_FAIL(err, OC_NOMEM, "a mask of %zu runs", s->n);
    for (size_t i = 0; i < s->n; i++) {
        double v = s->number[i];
        if (!(v >= 0 && v <= UINT32_MAX && v == floor(v)))
            return data_json_fail(j, "a run length is not a whole number", err);
        o->run[i] = (uint32_t)v;
    }
    o->n_runs = s->n;
    return OC_OK;
}

static oc_status read_runs(oc_data_set *set, data_scratch *s, oc_json *j, oc_data_object *o,
                           oc_error *err)
{
    oc_json_token t;
    oc_status     st;
    while ((st = oc_json_next(j, &t, err)) == OC_OK && t == OC_JSON_KEY) {
        if (strcmp(oc_json_peek_text(j, NULL), "counts") != 0) {
            st = oc_json_skip(j, err); /* the size is the image's */
        } else if ((st = oc_json_next(j, &t, err)) == OC_OK) {
            st = t == OC_JSON_ARRAY  ? rest_of_numbers(s, j, err)
                 : t == OC_JSON_TEXT ? runs_of_text(s, j, err)
                                     : data_json_fail(j, "counts are a list or a text", err);
            if (st == OC_OK)
                st = keep_runs(set, s, j, o, err);
        }
        if (st != OC_OK)
            return st;
    }
    return st;
}

oc_status data_read_segment(oc_data_set *set, data_scratch *s, oc_json *j, oc_data_object *o,
                            oc_error *err)
{
    oc_json_token t;
    oc_status     st = oc_json_next(j, &t, err);
    if (st != OC_OK || t == OC_JSON_NULL)
        return st;
    if (t == OC_JSON_ARRAY)
        return read_polygons(set, s, j, o, err);
    return t == OC_JSON_OBJECT
               ? read_runs(set, s, j, o, err)
               : data_json_fail(j, "a segmentation is polygons or run lengths", err);
}

static oc_status add_attr(oc_data_set *set, oc_json *j, oc_data_attrs *attrs, const char *key,
                          oc_error *err)
{
    oc_json_token t;
    oc_status     st = oc_json_next(j, &t, err);
    if (st != OC_OK)
        return st;
    switch (t) {
    case OC_JSON_TEXT:
        return oc_data_add_attr(set, attrs, key, oc_json_peek_text(j, NULL), OC_DATA_TEXT, err);
    case OC_JSON_NUMBER:
        return oc_data_add_attr(set, attrs, key, oc_json_peek_word(j), OC_DATA_NUMBER, err);
    case OC_JSON_BOOL:
        return oc_data_add_attr(set, attrs, key, oc_json_number(j) != 0 ? "true" : "false",
                                OC_DATA_BOOL, err);
    case OC_JSON_NULL: return OC_OK;
    default: return data_json_fail(j, "an attribute is a text, a number, true or false", err);
    }
}

oc_status data_read_attrs(oc_data_set *set, oc_json *j, oc_data_attrs *attrs, oc_error *err)
{
    oc_json_token t;
    oc_status     st = oc_json_expect(j, OC_JSON_OBJECT, "an object of attributes", err);
    while (st == OC_OK && (st = oc_json_next(j, &t, err)) == OC_OK && t == OC_JSON_KEY) {
        char *key = strdup(oc_json_peek_text(j, NULL));
        st = key ? add_attr(set, j, attrs, key, err) : OC_FAIL(err, OC_NOMEM, "an attribute");
        free(key);
    }
    return st;
}

/* ---- out ---- */

void data_put_doubles(FILE *f, const double *v, size_t n)
{
    putc('[', f);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", f);
        oc_data_put_number(f, v[i]);
    }
    putc(']', f);
}

void data_put_extras(FILE *f, const oc_data_extras *extras, const char *format)
{
    for (size_t i = 0; i < extras->n; i++) {
        if (strcmp(extras->item[i].format, format) != 0)
            continue;
        fputs(", ", f);
        oc_data_put_json(f, extras->item[i].key);
        fprintf(f, ": %s", extras->item[i].raw);
    }
}

void data_put_attrs(FILE *f, const oc_data_attrs *attrs)
{
    fputs("\"attributes\": {", f);
    for (size_t i = 0; i < attrs->n; i++) {
        const oc_data_attr *a = &attrs->item[i];
        fputs(i ? ", " : "", f);
        oc_data_put_json(f, a->key);
        fputs(": ", f);
        if (a->kind == OC_DATA_TEXT)
            oc_data_put_json(f, a->text);
        else
            fputs(a->text, f);
    }
    putc('}', f);
}

void data_put_segment(FILE *f, const oc_data_object *o, const oc_data_image *image)
{
    if (o->n_runs) {
        fprintf(f, "{\"size\": [%d, %d], \"counts\": [", image->height, image->width);
        for (size_t i = 0; i < o->n_runs; i++)
            fprintf(f, "%s%u", i ? ", " : "", o->run[i]);
        fputs("]}", f);
        return;
    }
    putc('[', f);
    for (size_t i = 0; i < o->n_rings; i++) {
        fputs(i ? ", " : "", f);
        data_put_doubles(f, o->ring[i].xy, 2 * o->ring[i].n);
    }
    putc(']', f);
}

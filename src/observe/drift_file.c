#include "observe/drift_file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "events/part.h"

#define VERSION 1

static const struct {
    const char *name;
    double      from, to;
} features[OC_FEATURES] = {
#define X(name, text, low, high) {text, low, high},
    OC_FEATURE_MAP(X)
#undef X
};

const char *oc_feature_name(oc_feature feature)
{
    return features[feature].name;
}

void oc_feature_range(oc_feature feature, double *from, double *to)
{
    *from = features[feature].from;
    *to = features[feature].to;
}

/* A number from low to high; false says so. */
static bool number(const json_t *of, const char *key, double low, double high, double *out)
{
    const json_t *v = json_object_get(of, key);
    *out = json_number_value(v);
    return json_is_number(v) && *out >= low && *out <= high;
}

static bool read_spread(const json_t *of, oc_drift_reference *r, size_t f)
{
    const json_t *bins = json_object_get(of, "bins");
    double        sum = 0;
    if (!number(of, "values", 0, 1e15, &r->spread[f].n) || !number(of, "psi", 0, 1e6, &r->psi[f]) ||
        !number(of, "ks", 0, 1, &r->ks[f]) || json_array_size(bins) != OC_SPREAD_BINS)
        return false;
    for (size_t i = 0; i < OC_SPREAD_BINS; i++) {
        const json_t *bin = json_array_get(bins, i);
        r->spread[f].bin[i] = json_number_value(bin);
        if (!json_is_number(bin) || !(r->spread[f].bin[i] >= 0))
            return false;
        sum += r->spread[f].bin[i];
    }
    return fabs(sum - r->spread[f].n) <= 1e-6 * (1 + sum);
}

static oc_status read_stream(const char *path, const char *name, const json_t *of,
                             oc_drift_reference *r, oc_error *err)
{
    const json_t *list = json_object_get(of, "features");
    const char   *detector = json_string_value(json_object_get(of, "detector"));
    if (strlen(name) >= sizeof(r->stream) || !detector || strlen(detector) >= sizeof(r->detector) ||
        !number(of, "window_s", 1, 1e9, &r->window_s) ||
        !number(of, "learned_s", 0, 1e12, &r->learned_s))
        return OC_FAIL(err, OC_FORMAT,
                       "%s: stream '%.80s': detector, window_s or learned_s is not right", path,
                       name);
    memcpy(r->stream, name, strlen(name) + 1);
    memcpy(r->detector, detector, strlen(detector) + 1);
    for (size_t f = 0; f < OC_FEATURES; f++)
        if (!read_spread(json_object_get(list, features[f].name), r, f))
            return OC_FAIL(err, OC_FORMAT,
                           "%s: stream '%s': %s: needs values, psi, ks and %d bins that add up",
                           path, name, features[f].name, OC_SPREAD_BINS);
    return OC_OK;
}

oc_status oc_drift_file_read(const char *path, oc_drift_reference **out, size_t *n, oc_error *err)
{
    json_error_t        fault;
    const char         *name;
    json_t             *of, *doc = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
    json_t             *list = json_object_get(doc, "streams");
    oc_drift_reference *all = NULL;
    oc_status           st = OC_OK;
    *n = 0;
    if (!doc)
        return OC_FAIL(err, fault.line < 0 ? OC_IO : OC_FORMAT, "%s:%d: %s", path,
                       fault.line < 0 ? 0 : fault.line, fault.text);
    if (json_integer_value(json_object_get(doc, "version")) != VERSION)
        st = OC_FAIL(err, OC_FORMAT, "%s: no reference of version %d", path, VERSION);
    else if (!json_is_object(list) || json_object_size(list) > OC_DRIFT_STREAMS_MAX)
        st = OC_FAIL(err, OC_FORMAT, "%s: has no streams, or more than %d", path,
                     OC_DRIFT_STREAMS_MAX);
    else if (!(all = calloc(json_object_size(list) + 1, sizeof(*all))))
        st = OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    if (st == OC_OK)
        json_object_foreach(list, name, of)
        {
            if (st == OC_OK && (st = read_stream(path, name, of, &all[*n], err)) == OC_OK)
                ++*n;
        }
    json_decref(doc);
    if (st != OC_OK) {
        free(all);
        return st;
    }
    *out = all;
    return OC_OK;
}

static json_t *stream_of(const oc_drift_reference *r)
{
    json_t *of = json_object(), *list = json_object();
    json_object_set_new(of, "detector", json_string(r->detector));
    json_object_set_new(of, "window_s", json_real(r->window_s));
    json_object_set_new(of, "learned_s", json_real(r->learned_s));
    for (size_t f = 0; f < OC_FEATURES; f++) {
        json_t *one = json_object(), *bins = json_array();
        for (size_t i = 0; i < OC_SPREAD_BINS; i++)
            json_array_append_new(bins, json_real(r->spread[f].bin[i]));
        json_object_set_new(one, "values", json_real(r->spread[f].n));
        json_object_set_new(one, "psi", json_real(r->psi[f]));
        json_object_set_new(one, "ks", json_real(r->ks[f]));
        json_object_set_new(one, "bins", bins);
        json_object_set_new(list, features[f].name, one);
    }
    json_object_set_new(of, "features", list);
    return of;
}

oc_status oc_drift_file_write(const char *path, const oc_drift_reference *list, size_t n,
                              oc_error *err)
{
    json_t   *doc = json_object(), *streams = json_object();
    oc_part  *part = NULL;
    oc_status st = OC_OK;
    json_object_set_new(doc, "version", json_integer(VERSION));
    for (size_t i = 0; i < n; i++)
        json_object_set_new(streams, list[i].stream, stream_of(&list[i]));
    json_object_set_new(doc, "streams", streams);
    char *text = json_dumps(doc, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    json_decref(doc);
    if (!text)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    if ((st = oc_part_create(path, &part, err)) == OC_OK &&
        ((st = oc_part_put(part, text, strlen(text), err)) != OC_OK ||
         (st = oc_part_put(part, "\n", 1, err)) != OC_OK))
        oc_part_drop(part);
    else if (st == OC_OK)
        st = oc_part_finish(part, err);
    free(text);
    return st;
}

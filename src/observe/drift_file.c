#include "observe/drift_file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
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

/* The bins of a spread of s->n values. */
static bool read_bins(const json_t *bins, oc_spread *s)
{
    double sum = 0;
    if (json_array_size(bins) != OC_SPREAD_BINS)
        return false;
    for (size_t i = 0; i < OC_SPREAD_BINS; i++) {
        const json_t *bin = json_array_get(bins, i);
        s->bin[i] = json_number_value(bin);
        if (!json_is_number(bin) || !(s->bin[i] >= 0))
            return false;
        sum += s->bin[i];
    }
    return fabs(sum - s->n) <= 1e-6 * (1 + sum);
}

static bool read_spread(const json_t *of, oc_drift_reference *r, size_t f)
{
    return number(of, "values", 0, 1e15, &r->spread[f].n) &&
           number(of, "psi", 0, 1e6, &r->psi[f]) && number(of, "ks", 0, 1, &r->ks[f]) &&
           read_bins(json_object_get(of, "bins"), &r->spread[f]);
}

static bool read_embedding(const char *recogniser, const json_t *of, oc_drift_embedding *e)
{
    const json_t *list = json_object_get(of, "projections");
    const char   *network = json_string_value(json_object_get(of, "network"));
    double        values;
    if (strlen(recogniser) >= sizeof(e->recogniser) || !network ||
        strlen(network) >= sizeof(e->network) || !number(of, "values", 0, 1e15, &values) ||
        !number(of, "psi", 0, 1e6, &e->psi) || !number(of, "ks", 0, 1, &e->ks) ||
        json_array_size(list) != OC_PROJECTIONS)
        return false;
    memcpy(e->recogniser, recogniser, strlen(recogniser) + 1);
    memcpy(e->network, network, strlen(network) + 1);
    for (size_t i = 0; i < OC_PROJECTIONS; i++) {
        e->spread[i].n = values;
        if (!read_bins(json_array_get(list, i), &e->spread[i]))
            return false;
    }
    return true;
}

/* References from before there were any have none. */
static oc_status read_embeddings(const char *path, const json_t *of, oc_drift_reference *r,
                                 oc_error *err)
{
    json_t     *list = json_object_get(of, "embeddings"), *one;
    const char *name;
    if (list && (!json_is_object(list) || json_object_size(list) > OC_RECOGNISERS_MAX))
        return OC_FAIL(err, OC_FORMAT, "%s: stream '%s': embeddings: at most %d recognisers", path,
                       r->stream, OC_RECOGNISERS_MAX);
    json_object_foreach(list, name, one)
    {
        if (!read_embedding(name, one, &r->embedding[r->n_embeddings]))
            return OC_FAIL(err, OC_FORMAT,
                           "%s: stream '%s': embeddings: %.80s: needs network, values, psi, ks and "
                           "%d projections of %d bins that add up",
                           path, r->stream, name, OC_PROJECTIONS, OC_SPREAD_BINS);
        r->n_embeddings++;
    }
    return OC_OK;
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
    return read_embeddings(path, of, r, err);
}

static oc_status load(const char *path, json_t **out, oc_error *err)
{
    json_error_t fault;
    oc_bytes     file = {0};
    oc_status    st = oc_bytes_open(path, &file, err);
    if (st != OC_OK)
        return st;
    if (file.n > OC_DRIFT_FILE_MAX)
        st = OC_FAIL(err, OC_FORMAT, "%s: of %zu bytes, no reference has more than %zu", path,
                     file.n, OC_DRIFT_FILE_MAX);
    else if (!(*out = json_loadb((const char *)file.data, file.n, JSON_REJECT_DUPLICATES, &fault)))
        st =
            OC_FAIL(err, OC_FORMAT, "%s:%d: %s", path, fault.line < 0 ? 0 : fault.line, fault.text);
    oc_bytes_close(&file);
    return st;
}

oc_status oc_drift_file_read(const char *path, oc_drift_reference **out, size_t *n, oc_error *err)
{
    const char         *name;
    json_t             *of, *doc = NULL;
    oc_drift_reference *all = NULL;
    oc_status           st = load(path, &doc, err);
    json_t             *list = json_object_get(doc, "streams");
    *n = 0;
    if (st != OC_OK)
        return st;
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

static json_t *bins_of(const oc_spread *s)
{
    json_t *bins = json_array();
    for (size_t i = 0; i < OC_SPREAD_BINS; i++)
        json_array_append_new(bins, json_real(s->bin[i]));
    return bins;
}

static json_t *embedding_of(const oc_drift_embedding *e)
{
    json_t *one = json_object(), *list = json_array();
    json_object_set_new(one, "network", json_string(e->network));
    json_object_set_new(one, "values", json_real(e->spread[0].n));
    json_object_set_new(one, "psi", json_real(e->psi));
    json_object_set_new(one, "ks", json_real(e->ks));
    for (size_t i = 0; i < OC_PROJECTIONS; i++)
        json_array_append_new(list, bins_of(&e->spread[i]));
    json_object_set_new(one, "projections", list);
    return one;
}

static json_t *stream_of(const oc_drift_reference *r)
{
    json_t *of = json_object(), *list = json_object();
    json_object_set_new(of, "detector", json_string(r->detector));
    json_object_set_new(of, "window_s", json_real(r->window_s));
    json_object_set_new(of, "learned_s", json_real(r->learned_s));
    for (size_t f = 0; f < OC_FEATURES; f++) {
        json_t *one = json_object();
        json_object_set_new(one, "values", json_real(r->spread[f].n));
        json_object_set_new(one, "psi", json_real(r->psi[f]));
        json_object_set_new(one, "ks", json_real(r->ks[f]));
        json_object_set_new(one, "bins", bins_of(&r->spread[f]));
        json_object_set_new(list, features[f].name, one);
    }
    json_object_set_new(of, "features", list);
    json_t *embeddings = json_object();
    for (size_t i = 0; i < r->n_embeddings; i++)
        json_object_set_new(embeddings, r->embedding[i].recogniser, embedding_of(&r->embedding[i]));
    json_object_set_new(of, "embeddings", embeddings);
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

/* Members of a document, read with the reason where one is odd. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "eval/report_parts.h"

static const char *kind_of(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "a list";
    case JSON_STRING: return "a text";
    case JSON_INTEGER:
    case JSON_REAL: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "true or false";
    default: return "null";
    }
}

/* Whether `in` is a part of the tree. */
static bool holds(const json_t *tree, const json_t *in)
{
    const char *key;
    json_t     *v;
    size_t      i;
    if (tree == in)
        return true;
    json_object_foreach((json_t *)tree, key, v) if (holds(v, in)) return true;
    json_array_foreach(tree, i, v) if (holds(v, in)) return true;
    return false;
}

void oc_report_fail(oc_report *r, const json_t *in, const char *where, const char *fmt, ...)
{
    char        text[160];
    va_list     ap;
    const char *file = r->base && holds(r->base, in) ? r->o->baseline : r->o->input;
    if (r->page.status != OC_OK)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    r->page.status =
        OC_FAIL(r->page.err, OC_FORMAT, "%s: %s%s%s", file, where, *where ? " " : "", text);
}

oc_report_place oc_report_at(const char *where, const char *key)
{
    oc_report_place p;
    snprintf(p.text, sizeof(p.text), "%s%s%.60s", where, *where ? "." : "", key);
    return p;
}

oc_report_place oc_report_item(const char *where, size_t i)
{
    oc_report_place p;
    snprintf(p.text, sizeof(p.text), "%.120s[%zu]", where, i);
    return p;
}

static const json_t *member(oc_report *r, const json_t *in, const char *where, const char *key)
{
    const json_t *v = NULL;
    if (!in) /* of a baseline, say, that has less than the document */
        return NULL;
    if (!json_is_object(in))
        oc_report_fail(r, in, *where ? where : "the document", "is %s, not an object", kind_of(in));
    else
        v = json_object_get(in, key);
    return v && json_is_null(v) ? NULL : v;
}

static const json_t *of_kind(oc_report *r, const json_t *in, const char *where, const char *key,
                             json_type type, const char *want)
{
    const json_t *v = member(r, in, where, key);
    if (v && json_typeof(v) != type) {
        oc_report_fail(r, in, oc_report_at(where, key).text, "is %s, not %s", kind_of(v), want);
        return NULL;
    }
    return v;
}

double oc_report_number(oc_report *r, const json_t *in, const char *where, const char *key)
{
    const json_t *v = member(r, in, where, key);
    if (v && !json_is_number(v))
        oc_report_fail(r, in, oc_report_at(where, key).text, "is %s, not a number", kind_of(v));
    return v && json_is_number(v) ? json_number_value(v) : NAN;
}

const char *oc_report_text(oc_report *r, const json_t *in, const char *where, const char *key)
{
    const json_t *v = of_kind(r, in, where, key, JSON_STRING, "a text");
    return v ? json_string_value(v) : "";
}

const json_t *oc_report_list(oc_report *r, const json_t *in, const char *where, const char *key)
{
    return of_kind(r, in, where, key, JSON_ARRAY, "a list");
}

const json_t *oc_report_object(oc_report *r, const json_t *in, const char *where, const char *key)
{
    return of_kind(r, in, where, key, JSON_OBJECT, "an object");
}

bool oc_report_numbers(oc_report *r, const json_t *in, const char *where, const char *key,
                       double *out, size_t n)
{
    const json_t   *list = oc_report_list(r, in, where, key);
    oc_report_place place = oc_report_at(where, key);
    if (!list)
        return false;
    if (json_array_size(list) != n) {
        oc_report_fail(r, in, place.text, "has %zu elements, expected %zu", json_array_size(list),
                       n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_number(v) && !json_is_null(v)) {
            oc_report_fail(r, in, oc_report_item(place.text, i).text, "is %s, not a number",
                           kind_of(v));
            return false;
        }
        out[i] = json_is_number(v) ? json_number_value(v) : NAN;
    }
    return true;
}

const json_t *oc_report_find(const json_t *doc, const char *path)
{
    char key[64];
    while (doc && *path) {
        size_t n = strcspn(path, ".");
        snprintf(key, sizeof(key), "%.*s", (int)n, path);
        doc = json_object_get(doc, key);
        path += path[n] ? n + 1 : n;
    }
    return doc;
}

const json_t *oc_report_named(const json_t *list, const char *name)
{
    json_t *v;
    size_t  i;
    json_array_foreach(list, i, v)
    {
        const char *own = json_string_value(json_object_get(v, "name"));
        if (own && strcmp(own, name) == 0)
            return v;
    }
    return NULL;
}

#include "observe/samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX 1000000
#define BUCKETS_MAX 512

typedef struct reader {
    const char *name;
    char       *at; /* writes behind where it reads: texts are unescaped in place */
    size_t      line;
    oc_error   *err;
} reader;

static oc_status fail(const reader *r, const char *what)
{
    return OC_FAIL(r->err, OC_FORMAT, "%s:%zu: %s", r->name, r->line, what);
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
}

static void skip_spaces(reader *r)
{
    while (*r->at == ' ' || *r->at == '\t')
        r->at++;
}

/* A quoted text; r is at its first quote. */
static oc_status read_value(reader *r, const char **out)
{
    char *to = ++r->at;
    *out = to;
    while (*r->at != '"') {
        if (*r->at == '\0' || *r->at == '\n')
            return fail(r, "a label's value does not end");
        if (*r->at != '\\') {
            *to++ = *r->at++;
            continue;
        }
        r->at++;
        if (*r->at != 'n' && *r->at != '"' && *r->at != '\\')
            return fail(r, "a label's value has an escape that is not one");
        *to++ = *r->at == 'n' ? '\n' : *r->at;
        r->at++;
    }
    r->at++;
    *to = '\0';
    return OC_OK;
}

static oc_status read_labels(reader *r, oc_sample *s)
{
    for (r->at++;; r->at++) {
        skip_spaces(r);
        if (*r->at == '}')
            break;
        if (s->n_labels == OC_SAMPLE_LABELS_MAX)
            return fail(r, "more labels than are read");
        char *key = r->at;
        while (is_name(*r->at))
            r->at++;
        char *end = r->at;
        if (end == key || *r->at != '=' || r->at[1] != '"')
            return fail(r, "a label is not key=\"value\"");
        r->at++;
        s->label[s->n_labels].key = key;
        oc_status st = read_value(r, &s->label[s->n_labels].value);
        if (st != OC_OK)
            return st;
        *end = '\0';
        s->n_labels++;
        skip_spaces(r);
        if (*r->at == '}')
            break;
        if (*r->at != ',')
            return fail(r, "labels must be separated by commas");
    }
    r->at++;
    return OC_OK;
}

/* One line; r is at its first character, and after it at the next line's. */
static oc_status read_sample(reader *r, oc_sample *s)
{
    oc_status st = OC_OK;
    char     *name = r->at, *end;
    while (is_name(*r->at))
        r->at++;
    end = r->at;
    if (end == name)
        return fail(r, "neither a comment nor a name");
    skip_spaces(r);
    if (*r->at == '{' && (st = read_labels(r, s)) != OC_OK)
        return st;
    skip_spaces(r);
    char *number = r->at, *after;
    if (*number == '\n' || *number == '\0')
        return fail(r, "a name without a value");
    s->value = strtod(number, &after);
    if (after == number ||
        (*after != ' ' && *after != '\t' && *after != '\n' && *after != '\r' && *after != '\0'))
        return fail(r, "a value that is no number");
    r->at = after + strcspn(after, "\n"); /* a time stamp may stand there */
    *end = '\0';
    s->name = name;
    return OC_OK;
}

static oc_status grow(oc_samples *s, oc_error *err)
{
    if (s->n < s->cap)
        return OC_OK;
    size_t     cap = s->cap ? s->cap * 2 : 512;
    oc_sample *more = cap > SAMPLES_MAX ? NULL : reallocarray(s->item, cap, sizeof(*more));
    if (!more)
        return OC_FAIL(err, OC_NOMEM, "more samples than fit");
    s->item = more;
    s->cap = cap;
    return OC_OK;
}

oc_status oc_samples_read(const char *name, const char *page, size_t bytes, oc_samples *out,
                          oc_error *err)
{
    reader r = {.name = name, .line = 1, .err = err};
    *out = (oc_samples){0};
    if (memchr(page, '\0', bytes))
        return OC_FAIL(err, OC_FORMAT, "%s: has a zero byte: no page of metrics", name);
    out->text = malloc(bytes + 1);
    if (!out->text)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", name);
    memcpy(out->text, page, bytes);
    out->text[bytes] = '\0';
    for (r.at = out->text; *r.at; r.line++) {
        skip_spaces(&r);
        if (*r.at == '#' || *r.at == '\n' || *r.at == '\r') {
            r.at += strcspn(r.at, "\n");
        } else if (*r.at) {
            oc_sample s = {0};
            oc_status st = grow(out, err);
            if (st != OC_OK || (st = read_sample(&r, &s)) != OC_OK)
                return st;
            out->item[out->n++] = s;
        }
        if (*r.at == '\n')
            r.at++;
    }
    return OC_OK;
}

void oc_samples_finish(oc_samples *s)
{
    free(s->text);
    free(s->item);
    *s = (oc_samples){0};
}

const char *oc_sample_label(const oc_sample *s, const char *key)
{
    for (size_t i = 0; i < s->n_labels; i++)
        if (strcmp(s->label[i].key, key) == 0)
            return s->label[i].value;
    return "";
}

static bool matches(const oc_sample *s, const char *name, const char *const *pairs)
{
    if (strcmp(s->name, name) != 0)
        return false;
    for (; pairs && *pairs; pairs += 2)
        if (strcmp(oc_sample_label(s, pairs[0]), pairs[1]) != 0)
            return false;
    return true;
}

const oc_sample *oc_samples_find(const oc_samples *s, const char *name, const char *const *pairs)
{
    for (size_t i = 0; i < s->n; i++)
        if (matches(&s->item[i], name, pairs))
            return &s->item[i];
    return NULL;
}

/* Cumulative counts by upper bound, in the page's order. */
static size_t buckets(const oc_samples *s, const char *name, const char *const *pairs, double *le,
                      double *count)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n && n < BUCKETS_MAX; i++) {
        if (!matches(&s->item[i], name, pairs))
            continue;
        le[n] = strtod(oc_sample_label(&s->item[i], "le"), NULL);
        count[n++] = s->item[i].value;
    }
    return n;
}

double oc_samples_quantile(const oc_samples *now, const oc_samples *before, const char *name,
                           const char *const *pairs, double q)
{
    double le[BUCKETS_MAX], count[BUCKETS_MAX], old_le[BUCKETS_MAX], old[BUCKETS_MAX];
    char   bucket[256];
    snprintf(bucket, sizeof(bucket), "%s_bucket", name);
    size_t n = buckets(now, bucket, pairs, le, count);
    size_t n_old = before ? buckets(before, bucket, pairs, old_le, old) : 0;
    for (size_t i = 0; i < n && n_old == n; i++) /* a process that began anew counts less */
        if (old[i] > count[i])
            n_old = 0;
    for (size_t i = 0; i < n && n_old == n; i++)
        count[i] -= old[i];
    if (n == 0 || !(count[n - 1] > 0))
        return NAN;
    const double want = q * count[n - 1];
    for (size_t i = 0; i < n; i++) {
        if (count[i] < want)
            continue;
        const double low = i ? le[i - 1] : 0.0, below = i ? count[i - 1] : 0.0;
        if (isinf(le[i]) || count[i] <= below)
            return low;
        return low + (le[i] - low) * (want - below) / (count[i] - below);
    }
    return NAN;
}

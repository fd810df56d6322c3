#include "eval/classify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/strmap.h"
#include "eval/folder.h"

#define CLASSES_MAX 16384
#define NOTHING SIZE_MAX

struct oc_classify_table {
    oc_classify_scores *s, own;
    oc_strmap           names;
    size_t             *column; /* the class of each column; NOTHING: path; n_classes: label */
    size_t              n_columns, rows_cap;
    double             *value; /* of one row */
    bool                softmax, outside, unknown;
    double              nll;
    oc_error           *err;
};
typedef struct oc_classify_table table;

static oc_status add_class(table *t, const char *name)
{
    oc_classify_scores *s = t->s;
    uint32_t            seen;
    if (oc_strmap_get(&t->names, name, &seen))
        return OC_FAIL(t->err, OC_FORMAT, "line 1: two columns '%.60s'", name);
    char *kept = oc_arena_strndup(&s->mem, name, strlen(name));
    if (!kept || !oc_strmap_put(&t->names, kept, (uint32_t)s->n_classes))
        return OC_FAIL(t->err, OC_NOMEM, "classes");
    s->cls[s->n_classes++].name = kept;
    return OC_OK;
}

static oc_status reserve(table *t)
{
    oc_classify_scores *s = t->s;
    size_t              n = s->n_classes;
    s->confusion = oc_arena_alloc(&s->mem, n * n, sizeof(*s->confusion));
    s->rank = oc_arena_alloc(&s->mem, n, sizeof(*s->rank));
    t->value = oc_arena_alloc(&s->mem, n, sizeof(*t->value));
    return s->confusion && s->rank && t->value ? OC_OK
                                               : OC_FAIL(t->err, OC_NOMEM, "%zu classes", n);
}

static oc_status read_heading(table *t, char *line)
{
    oc_classify_scores *s = t->s;
    size_t              most = 1, label = NOTHING;
    oc_status           st = OC_OK;
    for (const char *p = line; *p; p++)
        most += *p == ',';
    if (most > CLASSES_MAX)
        return OC_FAIL(t->err, OC_FORMAT, "line 1: more than %d columns", CLASSES_MAX);
    s->cls = oc_arena_alloc(&s->mem, most, sizeof(*s->cls));
    t->column = oc_arena_alloc(&s->mem, most, sizeof(*t->column));
    if (!s->cls || !t->column)
        return OC_FAIL(t->err, OC_NOMEM, "%zu columns", most);
    while (line && st == OC_OK) {
        size_t at = t->n_columns++;
        char  *name = eval_text_field(&line);
        if (!name || !*name)
            return OC_FAIL(t->err, OC_FORMAT, "line 1: column %zu has no name", at + 1);
        t->column[at] = strcmp(name, "path") == 0 ? NOTHING : s->n_classes;
        if (strcmp(name, "label") == 0 && label == NOTHING)
            label = at;
        else if (t->column[at] != NOTHING)
            st = add_class(t, name);
    }
    if (st == OC_OK && (label == NOTHING || s->n_classes == 0))
        return OC_FAIL(t->err, OC_FORMAT, "line 1: a column 'label' and one for each class");
    if (st == OC_OK)
        t->column[label] = s->n_classes;
    return st == OC_OK ? reserve(t) : st;
}

static oc_status class_of(table *t, const char *text, size_t *out)
{
    uint32_t found;
    char    *end;
    if (oc_strmap_get(&t->names, text, &found)) {
        *out = found;
        return OC_OK;
    }
    unsigned long v = strtoul(text, &end, 10);
    if (end == text || *end || *text == '-' || v >= t->s->n_classes)
        return OC_FAIL(t->err, OC_FORMAT, "label '%.60s' is no class", text);
    *out = v;
    return OC_OK;
}

static oc_status read_row(table *t, char *line, size_t *truth, const char **path)
{
    size_t    at = 0;
    oc_status st = OC_OK;
    for (; line && at < t->n_columns && st == OC_OK; at++) {
        char *field = eval_text_field(&line), *end;
        if (!field)
            return OC_FAIL(t->err, OC_FORMAT, "column %zu: a quote does not close", at + 1);
        if (t->column[at] == NOTHING) {
            *path = field;
            continue;
        }
        if (t->column[at] == t->s->n_classes) {
            st = class_of(t, field, truth);
            continue;
        }
        double *v = &t->value[t->column[at]];
        *v = strtod(field, &end);
        if (end == field || *end || !isfinite(*v))
            return OC_FAIL(t->err, OC_FORMAT, "column %zu: '%.40s' is not a number", at + 1, field);
    }
    if (st == OC_OK && (line || at != t->n_columns))
        return OC_FAIL(t->err, OC_FORMAT, "%s columns, the first line has %zu",
                       line ? "more" : "fewer", t->n_columns);
    return st;
}

static void make_softmax(double *v, size_t n)
{
    double most = v[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        most = fmax(most, v[i]);
    for (size_t i = 0; i < n; i++)
        sum += v[i] = exp(v[i] - most);
    for (size_t i = 0; i < n; i++)
        v[i] /= sum;
}

static oc_status keep_row(table *t, const char *path, const oc_classify_row *row)
{
    oc_classify_scores *s = t->s;
    if (s->n == t->rows_cap) {
        size_t           cap = t->rows_cap ? 2 * t->rows_cap : 256;
        oc_classify_row *p = reallocarray(s->row, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(t->err, OC_NOMEM, "%zu rows", cap);
        s->row = p;
        t->rows_cap = cap;
    }
    s->row[s->n] = *row;
    s->row[s->n].path = oc_arena_strndup(&s->mem, path, strlen(path));
    return s->row[s->n++].path ? OC_OK : OC_FAIL(t->err, OC_NOMEM, "paths");
}

static oc_status count_row(table *t, const char *path, size_t truth)
{
    oc_classify_scores *s = t->s;
    size_t              best = 0, rank = 0;
    for (size_t i = 0; i < s->n_classes; i++) {
        t->outside = t->outside || t->value[i] < 0 || t->value[i] > 1 + 1e-6;
        if (t->value[i] > t->value[best])
            best = i;
        rank += t->value[i] > t->value[truth] || (i < truth && t->value[i] == t->value[truth]);
    }
    s->rank[rank]++;
    s->confusion[truth * s->n_classes + best]++;
    s->cls[truth].n++;
    s->cls[best].predicted++;
    s->cls[best].right += truth == best;
    double           confidence = fmin(fmax(t->value[best], 0), 1);
    int              at = (int)ceil(confidence * OC_CLASSIFY_BINS) - 1;
    oc_classify_bin *bin = &s->bin[at < 0 ? 0 : at];
    bin->n++;
    bin->right += truth == best;
    bin->confidence += confidence;
    t->nll -= log(fmax(t->value[truth], 0));
    return keep_row(
        t, path,
        &(oc_classify_row){"", (uint32_t)truth, (uint32_t)best, (uint32_t)rank, confidence});
}

static void finish_scores(table *t)
{
    oc_classify_scores *s = t->s;
    size_t              with = 0;
    for (size_t i = 0; i < s->n_classes; i++) {
        oc_classify_class *c = &s->cls[i];
        c->precision = c->predicted ? (double)c->right / (double)c->predicted : 0;
        c->recall = c->n ? (double)c->right / (double)c->n : 0;
        c->f1 = c->right ? 2 * c->precision * c->recall / (c->precision + c->recall) : 0;
        with += c->n > 0;
        s->macro_f1 += c->n ? c->f1 : 0;
        s->weighted_f1 += c->f1 * (double)c->n;
    }
    s->macro_f1 /= (double)with;
    s->weighted_f1 /= (double)s->n;
    s->nll = t->outside || t->unknown ? NAN : t->nll / (double)s->n;
    for (size_t i = 0; i < OC_CLASSIFY_BINS; i++) {
        const oc_classify_bin *b = &s->bin[i];
        double gap = b->n ? fabs((double)b->right - b->confidence) / (double)b->n : 0;
        s->ece += gap * (double)b->n / (double)s->n;
        s->mce = fmax(s->mce, gap);
    }
    if (t->outside)
        s->ece = s->mce = NAN;
}

static oc_status read_table(table *t, char *text)
{
    size_t    number = 0;
    oc_status st = OC_OK;
    char     *at = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text, *line;
    while (st == OC_OK && (line = eval_text_line(&at))) {
        size_t      truth = 0;
        const char *path = "";
        number++;
        if (number == 1) {
            st = read_heading(t, line);
        } else if (*line) {
            if ((st = read_row(t, line, &truth, &path)) != OC_OK) {
                oc_error_prefix(t->err, "line %zu", number);
                break;
            }
            if (t->softmax)
                make_softmax(t->value, t->s->n_classes);
            st = count_row(t, path, truth);
        }
    }
    if (st == OC_OK && t->s->n == 0)
        st = OC_FAIL(t->err, OC_FORMAT, "no rows");
    return st;
}

oc_status oc_classify_score(const char *csv, bool softmax, oc_classify_scores *out, oc_error *err)
{
    oc_classify_scores s = {.n = 0};
    table              t = {.s = &s, .softmax = softmax, .err = err};
    char              *text = NULL;
    oc_status          st = eval_text_read("", csv, "", &text, err);
    if (st != OC_OK)
        return st;
    if ((st = read_table(&t, text)) == OC_OK)
        finish_scores(&t);
    else
        oc_error_prefix(err, "%s", csv);
    free(text);
    oc_strmap_finish(&t.names);
    if (st == OC_OK)
        *out = s;
    else
        oc_classify_scores_finish(&s);
    return st;
}

oc_status oc_classify_open(const char *const *names, size_t n, oc_classify_table **out,
                           oc_error *err)
{
    table *t = calloc(1, sizeof(*t));
    if (!t)
        return OC_FAIL(err, OC_NOMEM, "%zu classes", n);
    oc_status st = OC_OK;
    t->s = &t->own;
    t->err = err;
    t->own.cls = oc_arena_alloc(&t->own.mem, n, sizeof(*t->own.cls));
    if (!t->own.cls || n == 0 || n > CLASSES_MAX)
        st = OC_FAIL(err, OC_INVALID, "%zu classes", n);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        char     number[32];
        uint32_t seen;
        snprintf(number, sizeof(number), "#%zu", i); /* lists of labels do repeat themselves */
        bool again = oc_strmap_get(&t->names, names[i], &seen);
        st = add_class(t, again ? number : names[i]);
    }
    if (st == OC_OK)
        st = reserve(t);
    if (st == OC_OK)
        *out = t;
    else
        (void)oc_classify_close(t, NULL, NULL);
    return st;
}

oc_status oc_classify_add(oc_classify_table *t, const char *path, const char *label,
                          const uint32_t *cls, const float *score, size_t n, oc_error *err)
{
    size_t truth = 0;
    double least = 0;
    bool   known = false;
    t->err = err;
    oc_status st = class_of(t, label, &truth);
    if (st != OC_OK)
        return st;
    for (size_t i = 0; i < n; i++)
        least = fmin(least, (double)score[i] - 1e-9);
    for (size_t i = 0; i < t->s->n_classes; i++)
        t->value[i] = least;
    for (size_t i = 0; i < n; i++) {
        t->value[cls[i]] = (double)score[i];
        known = known || cls[i] == truth;
    }
    t->unknown = t->unknown || !known;
    return count_row(t, path, truth);
}

oc_status oc_classify_close(oc_classify_table *t, oc_classify_scores *out, oc_error *err)
{
    oc_status st = OC_OK;
    if (out && t->own.n == 0)
        st = OC_FAIL(err, OC_FORMAT, "no rows");
    if (out && st == OC_OK) {
        finish_scores(t);
        *out = t->own;
    } else {
        oc_classify_scores_finish(&t->own);
    }
    oc_strmap_finish(&t->names);
    free(t);
    return st;
}

void oc_classify_scores_finish(oc_classify_scores *scores)
{
    free(scores->row);
    oc_arena_finish(&scores->mem);
    *scores = (oc_classify_scores){.n = 0};
}

double oc_classify_top(const oc_classify_scores *scores, size_t k)
{
    uint64_t hits = 0;
    for (size_t i = 0; i < k && i < scores->n_classes; i++)
        hits += scores->rank[i];
    return (double)hits / (double)scores->n;
}

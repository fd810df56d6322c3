/* Tables of embeddings. */
#include <stdlib.h>
#include <string.h>

#include "eval/embed.h"
#include "eval/folder.h"

static oc_status label_of(oc_embed_set *s, const char *name, uint32_t *out, oc_error *err)
{
    if (oc_strmap_get(&s->names, name, out))
        return OC_OK;
    if (s->n_labels == s->labels_cap) {
        size_t       cap = s->labels_cap ? 2 * s->labels_cap : 64;
        const char **p = reallocarray(s->label, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu labels", cap);
        s->label = p;
        s->labels_cap = cap;
    }
    char *kept = oc_arena_strndup(&s->mem, name, strlen(name));
    if (!kept || !oc_strmap_put(&s->names, kept, (uint32_t)s->n_labels))
        return OC_FAIL(err, OC_NOMEM, "labels");
    *out = (uint32_t)s->n_labels;
    s->label[s->n_labels++] = kept;
    return OC_OK;
}

static oc_status reserve(oc_embed_set *s, oc_error *err)
{
    size_t cap = s->cap ? 2 * s->cap : 64;
    if (s->n < s->cap)
        return OC_OK;
    if (s->n == OC_EMBED_ROWS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "more than %d embeddings", OC_EMBED_ROWS_MAX);
    oc_embed_row *row = reallocarray(s->row, cap, sizeof(*row));
    if (row)
        s->row = row;
    float *x = row ? reallocarray(s->x, cap, s->length * sizeof(*x)) : NULL;
    if (!x)
        return OC_FAIL(err, OC_NOMEM, "%zu embeddings", cap);
    s->x = x;
    s->cap = cap;
    return OC_OK;
}

oc_status oc_embed_add(oc_embed_set *set, const char *label, const char *path, int64_t camera,
                       bool query, const float *x, size_t length, oc_error *err)
{
    uint32_t  id;
    double    sum = 0;
    oc_status st;
    if (set->n == 0)
        set->length = length;
    if (length == 0 || length > OC_EMBED_LENGTH_MAX || length != set->length)
        return OC_FAIL(err, OC_FORMAT, "%zu numbers, the first has %zu (at most %d)", length,
                       set->length, OC_EMBED_LENGTH_MAX);
    for (size_t i = 0; i < length; i++)
        sum += (double)x[i] * (double)x[i];
    if (!isfinite(sum) || sum == 0)
        return OC_FAIL(err, OC_FORMAT, "not an embedding: %s", sum == 0 ? "all 0" : "not finite");
    if ((st = label_of(set, label, &id, err)) != OC_OK || (st = reserve(set, err)) != OC_OK)
        return st;
    char *kept = oc_arena_strndup(&set->mem, path ? path : "", path ? strlen(path) : 0);
    if (!kept)
        return OC_FAIL(err, OC_NOMEM, "paths");
    memcpy(set->x + set->n * length, x, length * sizeof(*x));
    set->row[set->n++] = (oc_embed_row){kept, id, camera, query};
    return OC_OK;
}

typedef enum column { VALUE, LABEL, PATH, SET, CAMERA } column;

typedef struct table {
    oc_embed_set *set;
    uint8_t      *column;
    size_t        n_columns, length;
    float        *x;
} table;

static oc_status read_heading(table *t, char *line, oc_error *err)
{
    static const struct {
        const char *name;
        column      is;
    } known[] = {{"label", LABEL}, {"path", PATH}, {"set", SET}, {"camera", CAMERA}};
    size_t most = 1;
    bool   seen[CAMERA + 1] = {false};
    for (const char *p = line; *p; p++)
        most += *p == ',';
    t->column = oc_arena_alloc(&t->set->mem, most, sizeof(*t->column));
    t->x = oc_arena_alloc(&t->set->mem, most, sizeof(*t->x));
    if (!t->column || !t->x)
        return OC_FAIL(err, OC_NOMEM, "%zu columns", most);
    while (line) {
        char  *name = eval_text_field(&line);
        column is = VALUE;
        if (!name)
            return OC_FAIL(err, OC_FORMAT, "column %zu: a quote does not close", t->n_columns + 1);
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            if (strcmp(name, known[i].name) == 0 && !seen[known[i].is])
                is = known[i].is;
        seen[is] = true;
        t->length += is == VALUE;
        t->column[t->n_columns++] = (uint8_t)is;
    }
    if (!seen[LABEL] || t->length == 0)
        return OC_FAIL(err, OC_FORMAT, "a column 'label' and those of the vector are needed");
    return OC_OK;
}

static oc_status read_row(table *t, char *line, oc_error *err)
{
    const char *label = "", *path = "";
    bool        query = false;
    double      camera = -1;
    size_t      at = 0, n = 0;
    for (; line && at < t->n_columns; at++) {
        char *field = eval_text_field(&line), *end;
        if (!field)
            return OC_FAIL(err, OC_FORMAT, "column %zu: a quote does not close", at + 1);
        switch ((column)t->column[at]) {
        case LABEL: label = field; break;
        case PATH: path = field; break;
        case SET:
            query = strcmp(field, "query") == 0;
            if (!query && strcmp(field, "gallery") != 0)
                return OC_FAIL(err, OC_FORMAT, "set '%.40s': gallery or query", field);
            break;
        default: {
            double v = strtod(field, &end);
            if (end == field || *end || !isfinite(v))
                return OC_FAIL(err, OC_FORMAT, "column %zu: '%.40s' is not a number", at + 1,
                               field);
            if (t->column[at] == VALUE)
                t->x[n++] = (float)v;
            else
                camera = v;
        }
        }
    }
    if (line || at < t->n_columns)
        return OC_FAIL(err, OC_FORMAT, "%s than the %zu columns of line 1", line ? "more" : "fewer",
                       t->n_columns);
    if (camera != floor(camera) || fabs(camera) > 1e15)
        return OC_FAIL(err, OC_FORMAT, "camera %g", camera);
    return oc_embed_add(t->set, label, path, (int64_t)camera, query, t->x, n, err);
}

oc_status oc_embed_read(const char *csv, oc_embed_set *out, oc_error *err)
{
    oc_embed_set set = {.n = 0};
    table        t = {.set = &set};
    char        *text = NULL, *line;
    size_t       number = 0;
    oc_status    st = eval_text_read("", csv, "", &text, err);
    for (char *at = text; st == OC_OK && (line = eval_text_line(&at));) {
        number++;
        if (!*line)
            continue;
        st = t.n_columns ? read_row(&t, line, err) : read_heading(&t, line, err);
        if (st != OC_OK)
            oc_error_prefix(err, "%s: line %zu", csv, number);
    }
    free(text);
    if (st == OC_OK && set.n == 0)
        st = OC_FAIL(err, OC_FORMAT, "%s: no rows", csv);
    if (st == OC_OK)
        *out = set;
    else
        oc_embed_finish(&set);
    return st;
}

void oc_embed_finish(oc_embed_set *set)
{
    oc_strmap_finish(&set->names);
    oc_arena_finish(&set->mem);
    free(set->row);
    free(set->x);
    free(set->label);
    *set = (oc_embed_set){.n = 0};
}

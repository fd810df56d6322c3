/* Laying one tree over another, and writing a tree as text. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml_tree.h"

static oc_yaml_node *new_map(oc_yaml *doc, const oc_yaml_node *like, size_t cap)
{
    oc_yaml_node *n = oc_arena_alloc(&doc->arena, 1, sizeof(*n));
    if (!n)
        return NULL;
    *n = (oc_yaml_node){.doc = like->doc,
                        .kind = OC_YAML_MAP,
                        .line = like->line,
                        .column = like->column,
                        .weight = 1,
                        .cap = cap};
    n->items = oc_arena_alloc(&doc->arena, cap ? cap : 1, sizeof(*n->items));
    n->keys = oc_arena_alloc(&doc->arena, cap ? cap : 1, sizeof(*n->keys));
    return n->items && n->keys ? n : NULL;
}

static void append(oc_yaml_node *map, oc_yaml_node *key, oc_yaml_node *item)
{
    map->keys[map->count] = key;
    map->items[map->count++] = item;
    map->weight += item->weight + 1;
}

static size_t find(const oc_yaml_node *map, const char *key)
{
    size_t i = 0;
    while (i < map->count && strcmp(map->keys[i]->text, key) != 0)
        i++;
    return i;
}

/* NULL: out of memory.  Depth is bounded by that of the trees. */
static oc_yaml_node *merge(oc_yaml *doc, const oc_yaml_node *base, const oc_yaml_node *over,
                           const char *skip, bool nulls)
{
    oc_yaml_node *to = new_map(doc, over->count ? over : base, base->count + over->count);
    if (!to)
        return NULL;
    for (size_t i = 0; i < base->count; i++) {
        size_t        at = find(over, base->keys[i]->text);
        oc_yaml_node *item = base->items[i];
        if (skip && strcmp(base->keys[i]->text, skip) == 0)
            continue;
        if (at < over->count) {
            oc_yaml_node *upper = over->items[at];
            if (upper->kind == OC_YAML_NULL && !nulls)
                continue;
            if (upper->kind == OC_YAML_MAP && item->kind == OC_YAML_MAP)
                upper = merge(doc, item, upper, NULL, nulls);
            item = upper;
        }
        if (!item)
            return NULL;
        append(to, base->keys[i], item);
    }
    for (size_t i = 0; i < over->count; i++)
        if (!(skip && strcmp(over->keys[i]->text, skip) == 0) &&
            (nulls || over->items[i]->kind != OC_YAML_NULL) &&
            find(base, over->keys[i]->text) == base->count)
            append(to, over->keys[i], over->items[i]);
    return to;
}

static oc_status lay(const oc_yaml_node *base, const oc_yaml_node *over, const char *skip,
                     bool nulls, oc_yaml **out, oc_error *err)
{
    if (base->kind != OC_YAML_MAP)
        return oc_yaml_fail(err, base, "a map is wanted here");
    if (over->kind != OC_YAML_MAP && over->kind != OC_YAML_NULL)
        return oc_yaml_fail(err, over, "a map is wanted here");
    oc_yaml *doc = calloc(1, sizeof(*doc));
    if (doc) {
        doc->file = base->doc->file;
        doc->root = merge(doc, base, over, skip, nulls);
    }
    if (!doc || !doc->root) {
        oc_yaml_destroy(doc);
        return OC_FAIL(err, OC_NOMEM, "merging configurations: out of memory");
    }
    *out = doc;
    return OC_OK;
}

oc_status oc_yaml_merge(const oc_yaml_node *base, const oc_yaml_node *over, const char *skip,
                        oc_yaml **out, oc_error *err)
{
    return lay(base, over, skip, false, out, err);
}

oc_status oc_yaml_patch(const oc_yaml_node *base, const oc_yaml_node *over, oc_yaml **out,
                        oc_error *err)
{
    return lay(base, over, NULL, true, out, err);
}

typedef struct text {
    char  *bytes;
    size_t n, cap;
} text;

static void put(text *t, const char *s, size_t n)
{
    if (t->n + n < t->cap)
        memcpy(t->bytes + t->n, s, n);
    t->n += n;
}

static void put_quoted(text *t, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    put(t, "\"", 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        char          escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        if (c == '"' || c == '\\')
            put(t, (char[]){'\\', (char)c}, 2);
        else if (c < 0x20 || c == 0x7f)
            put(t, escape, 6);
        else
            put(t, s, 1);
    }
    put(t, "\"", 1);
}

/* Numbers and truths stay what they are; any other plain text may as well have quotes. */
static void put_scalar(text *t, const oc_yaml_node *n)
{
    char    number[32] = "";
    int64_t whole;
    double  value;
    bool    truth;
    if (oc_yaml_to_int(n, INT64_MIN, INT64_MAX, &whole, NULL) == OC_OK)
        snprintf(number, sizeof(number), "%lld", (long long)whole);
    else if (oc_yaml_to_float(n, -DBL_MAX, DBL_MAX, &value, NULL) == OC_OK)
        snprintf(number, sizeof(number), "%.17g", value);
    else if (oc_yaml_to_bool(n, &truth, NULL) == OC_OK)
        snprintf(number, sizeof(number), "%s", truth ? "true" : "false");
    if (*number)
        put(t, number, strlen(number));
    else
        put_quoted(t, n->text);
}

static void write(text *t, const oc_yaml_node *n)
{
    bool map = n->kind == OC_YAML_MAP;
    switch (n->kind) {
    case OC_YAML_NULL: put(t, "null", 4); return;
    case OC_YAML_SCALAR: put_scalar(t, n); return;
    case OC_YAML_LIST:
    case OC_YAML_MAP: break;
    }
    put(t, map ? "{" : "[", 1);
    for (size_t i = 0; i < n->count; i++) {
        if (i)
            put(t, ", ", 2);
        if (map) {
            put_quoted(t, n->keys[i]->text);
            put(t, ": ", 2);
        }
        write(t, n->items[i]);
    }
    put(t, map ? "}" : "]", 1);
}

size_t oc_yaml_write(const oc_yaml_node *node, char *bytes, size_t cap)
{
    text t = {.bytes = bytes, .cap = cap};
    write(&t, node);
    if (cap)
        bytes[t.n < cap ? t.n : cap - 1] = '\0';
    return t.n;
}

/* From libfyaml's events to the tree: the library does the syntax, this file the limits.
 *
 * Events instead of its document API: there every alias, tag and duplicate is already resolved by
 * the library's rules, and marks of collections are hard to come by. */
#include "config/yaml.h"

#include <assert.h>
#include <errno.h>
#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml_tree.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)
#define DEPTH_MAX 32
#define NODES_MAX 100000
#define ANCHORS_MAX 64
#define KEYS_MAX 4096 /* of one map: duplicates are looked for one by one */

typedef struct level { /* a collection being filled */
    oc_yaml_node *node;
    oc_yaml_node *key; /* of a map: read, its value not yet */
} level;

typedef struct loader {
    oc_yaml          *doc;
    struct fy_parser *parser;
    const char       *text;
    level             stack[DEPTH_MAX];
    size_t            depth;
    oc_yaml_node     *anchors[ANCHORS_MAX];
    size_t            n_anchors;
    size_t            n_nodes;
    oc_error         *err;
} loader;

static oc_status fail_mark(loader *l, const struct fy_mark *mark, const char *fmt, ...)
    OC_PRINTF(3, 4);

static oc_status fail_mark(loader *l, const struct fy_mark *mark, const char *fmt, ...)
{
    char    reason[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof(reason), fmt, ap);
    va_end(ap);
    return OC_FAIL(l->err, OC_FORMAT, "%s:%d:%d: %s", l->doc->file, mark ? mark->line + 1 : 1,
                   mark ? mark->column + 1 : 1, reason);
}

static oc_status out_of_memory(loader *l)
{
    return OC_FAIL(l->err, OC_NOMEM, "%s: out of memory", l->doc->file);
}

static oc_yaml_node *new_node(loader *l, oc_yaml_kind kind, const struct fy_mark *mark)
{
    oc_yaml_node *node = oc_arena_alloc(&l->doc->arena, 1, sizeof(*node));
    if (!node)
        return NULL;
    node->doc = l->doc;
    node->kind = kind;
    node->line = mark ? mark->line + 1 : 1;
    node->column = mark ? mark->column + 1 : 1;
    node->weight = 1;
    return node;
}

static bool grow(loader *l, oc_yaml_node *node)
{
    if (node->count < node->cap)
        return true;
    size_t         cap = node->cap ? node->cap * 2 : 8;
    oc_yaml_node **items = oc_arena_alloc(&l->doc->arena, cap, sizeof(*items));
    oc_yaml_node **keys = NULL;
    if (node->kind == OC_YAML_MAP)
        keys = oc_arena_alloc(&l->doc->arena, cap, sizeof(*keys));
    if (!items || (node->kind == OC_YAML_MAP && !keys))
        return false;
    if (node->count)
        memcpy(items, node->items, node->count * sizeof(*items));
    if (node->count && keys)
        memcpy(keys, node->keys, node->count * sizeof(*keys));
    node->items = items;
    node->keys = keys;
    node->cap = cap;
    return true;
}

static oc_status check_key(loader *l, const oc_yaml_node *map, const oc_yaml_node *key,
                           const struct fy_mark *mark)
{
    if (key->kind != OC_YAML_SCALAR)
        return fail_mark(l, mark, "a key must be plain text");
    if (map->count == KEYS_MAX)
        return fail_mark(l, mark, "more than %d keys in one map", KEYS_MAX);
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->keys[i]->text, key->text) == 0)
            return fail_mark(l, mark, "duplicate key '%s' (first at line %d)", key->text,
                             map->keys[i]->line);
    return OC_OK;
}

/* Hands a finished or just opened node to the collection on top of the stack. */
static oc_status attach(loader *l, oc_yaml_node *node, const struct fy_mark *mark)
{
    if (l->depth == 0) {
        l->doc->root = node;
        return OC_OK;
    }
    level *top = &l->stack[l->depth - 1];
    if (top->node->kind == OC_YAML_MAP && !top->key) {
        top->key = node;
        return check_key(l, top->node, node, mark);
    }
    if (!grow(l, top->node))
        return out_of_memory(l);
    if (top->key)
        top->node->keys[top->node->count] = top->key;
    top->node->items[top->node->count++] = node;
    top->key = NULL;
    return OC_OK;
}

static oc_status count_nodes(loader *l, size_t more, const struct fy_mark *mark)
{
    l->n_nodes += more;
    if (l->n_nodes > NODES_MAX)
        return fail_mark(l, mark, "more than %d nodes (aliases written out)", NODES_MAX);
    return OC_OK;
}

/* A token's text in the arena; NULL: out of memory, or the library and its own count disagree.
 * Byte by byte, since in libfyaml 0.7 fy_token_get_text leaks on texts with many escapes and
 * fy_token_iter_read puts their pieces in the wrong place. */
static const char *token_text(loader *l, struct fy_token *token, size_t *bytes)
{
    size_t                n = token ? fy_token_get_text_length(token) : 0;
    char                 *text = oc_arena_alloc(&l->doc->arena, n + 1, 1);
    struct fy_token_iter *iter = token && n ? fy_token_iter_create(token) : NULL;
    size_t                got = 0;
    for (int c; iter && text && got < n && (c = fy_token_iter_getc(iter)) >= 0;)
        text[got++] = (char)c;
    if (iter)
        fy_token_iter_destroy(iter);
    *bytes = n;
    return got == n ? text : NULL;
}

static oc_status remember_anchor(loader *l, struct fy_event *event, oc_yaml_node *node,
                                 const struct fy_mark *mark)
{
    struct fy_token *token = fy_event_get_anchor_token(event);
    if (!token)
        return OC_OK;
    size_t bytes;
    if (!(node->anchor = token_text(l, token, &bytes)))
        return out_of_memory(l);
    if (l->n_anchors == ANCHORS_MAX)
        return fail_mark(l, mark, "more than %d anchors", ANCHORS_MAX);
    l->anchors[l->n_anchors++] = node;
    return OC_OK;
}

static bool is_null_word(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static bool is_quoted(struct fy_event *event)
{
    enum fy_scalar_style style =
        event->scalar.value ? fy_token_scalar_style(event->scalar.value) : FYSS_PLAIN;
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static oc_status on_scalar(loader *l, struct fy_event *event, const struct fy_mark *mark)
{
    oc_yaml_node *node = new_node(l, OC_YAML_SCALAR, mark);
    if (!node)
        return out_of_memory(l);
    /* The library's mark of a quoted text stands behind the quote. */
    if (mark && mark->column > 0 && is_quoted(event) && strchr("'\"", l->text[mark->input_pos - 1]))
        node->column--;
    size_t bytes;
    if (!(node->text = token_text(l, event->scalar.value, &bytes)))
        return out_of_memory(l);
    if (memchr(node->text, 0, bytes))
        return fail_mark(l, mark, "a NUL character inside a text");
    node->plain = !event->scalar.value || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    if (node->plain && is_null_word(node->text))
        node->kind = OC_YAML_NULL;
    oc_status st = count_nodes(l, 1, mark);
    if (st == OC_OK)
        st = remember_anchor(l, event, node, mark);
    return st == OC_OK ? attach(l, node, mark) : st;
}

static oc_status on_start(loader *l, struct fy_event *event, oc_yaml_kind kind,
                          const struct fy_mark *mark)
{
    oc_yaml_node *node = new_node(l, kind, mark);
    if (!node)
        return out_of_memory(l);
    if (l->depth == DEPTH_MAX)
        return fail_mark(l, mark, "nested deeper than %d levels", DEPTH_MAX);
    oc_status st = count_nodes(l, 1, mark);
    if (st == OC_OK)
        st = remember_anchor(l, event, node, mark);
    if (st == OC_OK)
        st = attach(l, node, mark);
    if (st == OC_OK)
        l->stack[l->depth++] = (level){.node = node};
    return st;
}

static void on_end(loader *l)
{
    assert(l->depth > 0);
    oc_yaml_node *node = l->stack[--l->depth].node;
    for (size_t i = 0; i < node->count; i++)
        node->weight += node->items[i]->weight + (node->keys != NULL);
}

static oc_status on_alias(loader *l, struct fy_event *event, const struct fy_mark *mark)
{
    size_t      bytes;
    const char *name = token_text(l, event->alias.anchor, &bytes);
    if (!name)
        return out_of_memory(l);
    oc_yaml_node *target = NULL;
    for (size_t i = l->n_anchors; i-- > 0 && !target;) /* the latest of a name counts */
        if (strlen(l->anchors[i]->anchor) == bytes && !memcmp(l->anchors[i]->anchor, name, bytes))
            target = l->anchors[i];
    if (!target)
        return fail_mark(l, mark, "alias '*%.*s' has no anchor before it", (int)bytes, name);
    for (size_t i = 0; i < l->depth; i++)
        if (l->stack[i].node == target)
            return fail_mark(l, mark, "alias '*%.*s' lies inside its own anchor", (int)bytes, name);
    oc_status st = count_nodes(l, target->weight, mark);
    return st == OC_OK ? attach(l, target, mark) : st;
}

static oc_status on_event(loader *l, struct fy_event *event, int *documents)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return ++*documents > 1 ? fail_mark(l, mark, "a second document in one file") : OC_OK;
    case FYET_SCALAR: return on_scalar(l, event, mark);
    case FYET_ALIAS: return on_alias(l, event, mark);
    case FYET_MAPPING_START: return on_start(l, event, OC_YAML_MAP, mark);
    case FYET_SEQUENCE_START: return on_start(l, event, OC_YAML_LIST, mark);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END: on_end(l); return OC_OK;
    default: return OC_OK;
    }
}

/* The library's first complaint, in our form. */
static oc_status syntax_error(loader *l, struct fy_diag *diag)
{
    void                 *prev = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(diag, &prev);
    if (!e || !e->msg)
        return OC_FAIL(l->err, OC_FORMAT, "%s:1:1: not YAML", l->doc->file);
    return OC_FAIL(l->err, OC_FORMAT, "%s:%d:%d: %.*s", l->doc->file, e->line > 0 ? e->line : 1,
                   e->column > 0 ? e->column : 1, (int)strcspn(e->msg, "\n"), e->msg);
}

static oc_status parse(loader *l, const char *text, size_t bytes)
{
    oc_status          st = OC_OK;
    int                documents = 0;
    struct fy_diag_cfg dcfg;
    fy_diag_cfg_default(&dcfg);
    dcfg.fp = NULL;
    dcfg.level = FYET_ERROR;
    dcfg.colorize = false;
    struct fy_diag *diag = fy_diag_create(&dcfg);
    if (!diag)
        return out_of_memory(l);
    fy_diag_set_collect_errors(diag, true);

    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
                               .diag = diag};
    l->parser = fy_parser_create(&cfg);
    if (!l->parser || fy_parser_set_string(l->parser, text, bytes)) {
        st = out_of_memory(l);
        goto out;
    }
    l->text = text;
    struct fy_event *event;
    while (st == OC_OK && (event = fy_parser_parse(l->parser))) {
        st = on_event(l, event, &documents);
        fy_parser_event_free(l->parser, event);
    }
    if (st == OC_OK && fy_parser_get_stream_error(l->parser))
        st = syntax_error(l, diag);
out:
    if (l->parser)
        fy_parser_destroy(l->parser);
    fy_diag_destroy(diag);
    return st;
}

/* Bytes of the UTF-8 character at text, 0 when it is none. */
static size_t utf8_bytes(const unsigned char *text, size_t left)
{
    unsigned c = text[0];
    size_t   n = c < 0x80                ? 1
                 : c >= 0xc2 && c < 0xe0 ? 2
                 : (c & 0xf0) == 0xe0    ? 3
                 : c >= 0xf0 && c < 0xf5 ? 4
                                         : 0;
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (c == 0xe0 && text[1] < 0xa0) || (c == 0xf0 && text[1] < 0x90);
    bool outside = (c == 0xed && text[1] >= 0xa0) || (c == 0xf4 && text[1] >= 0x90);
    return overlong || outside ? 0 : n;
}

/* What never reaches the library: bytes that are no text, and directives, on some of which
 * libfyaml 0.7 goes round for ever and which no file of ours needs. */
static oc_status check_bytes(oc_yaml *doc, const unsigned char *text, size_t bytes, oc_error *err)
{
    int line = 1, column = 1;
    for (size_t i = 0, n; i < bytes; i += n, column++) {
        n = utf8_bytes(text + i, bytes - i);
        if (n == 0)
            return OC_FAIL(err, OC_FORMAT, "%s:%d:%d: byte 0x%02x is no UTF-8: not a text file",
                           doc->file, line, column, text[i]);
        if ((text[i] < 32 && text[i] != '\n' && text[i] != '\r' && text[i] != '\t') ||
            text[i] == 127)
            return OC_FAIL(err, OC_FORMAT, "%s:%d:%d: control character 0x%02x: not a text file",
                           doc->file, line, column, text[i]);
        bool begins = column == 1 || text[i - 1] == '\r' || (i == 3 && text[0] == 0xef);
        if (text[i] == '%' && begins)
            return OC_FAIL(err, OC_FORMAT, "%s:%d:%d: directives (%%) are not taken", doc->file,
                           line, column);
        if (text[i] == '\n') {
            line++;
            column = 0;
        }
    }
    return OC_OK;
}

oc_status oc_yaml_load_memory(const char *name, const void *text, size_t bytes, oc_yaml **out,
                              oc_error *err)
{
    if (bytes > FILE_BYTES_MAX)
        return OC_FAIL(err, OC_FORMAT, "%s:1:1: larger than %zu MiB", name, FILE_BYTES_MAX >> 20);
    oc_yaml *doc = calloc(1, sizeof(*doc));
    if (!doc)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", name);
    loader l = {.doc = doc, .err = err};

    /* The library may keep pointing into its input. */
    const char *copy = oc_arena_strndup(&doc->arena, text, bytes);
    doc->file = oc_arena_strndup(&doc->arena, name, strlen(name));
    if (!copy || !doc->file) {
        oc_yaml_destroy(doc);
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", name);
    }
    oc_status st = check_bytes(doc, text, bytes, err);
    if (st == OC_OK)
        st = parse(&l, copy, bytes);
    if (st == OC_OK && !doc->root && !(doc->root = new_node(&l, OC_YAML_NULL, NULL)))
        st = out_of_memory(&l);
    if (st != OC_OK) {
        oc_yaml_destroy(doc);
        return st;
    }
    *out = doc;
    return OC_OK;
}

oc_status oc_yaml_load(const char *path, oc_yaml **out, oc_error *err)
{
    oc_status st = OC_OK;
    char     *text = NULL;
    FILE     *f = fopen(path, "rb");
    if (!f)
        return OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s: %s", path,
                       strerror(errno));
    /* One byte over the limit tells that there is more; a pipe has no size to ask for. */
    text = malloc(FILE_BYTES_MAX + 1);
    if (!text) {
        st = OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
        goto out;
    }
    size_t bytes = fread(text, 1, FILE_BYTES_MAX + 1, f);
    if (ferror(f)) {
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    st = oc_yaml_load_memory(path, text, bytes, out, err);
out:
    free(text);
    fclose(f);
    return st;
}

void oc_yaml_destroy(oc_yaml *doc)
{
    if (!doc)
        return;
    oc_arena arena = doc->arena;
    oc_arena_finish(&arena);
    free(doc);
}

const oc_yaml_node *oc_yaml_root(const oc_yaml *doc)
{
    return doc->root;
}

oc_yaml_kind oc_yaml_kind_of(const oc_yaml_node *node)
{
    return node->kind;
}

const char *oc_yaml_file(const oc_yaml_node *node)
{
    return node->doc->file;
}

int oc_yaml_line(const oc_yaml_node *node)
{
    return node->line;
}

int oc_yaml_column(const oc_yaml_node *node)
{
    return node->column;
}

size_t oc_yaml_count(const oc_yaml_node *node)
{
    return node->count;
}

const oc_yaml_node *oc_yaml_at(const oc_yaml_node *node, size_t i)
{
    assert(i < node->count);
    return node->items[i];
}

const char *oc_yaml_key(const oc_yaml_node *node, size_t i)
{
    assert(node->kind == OC_YAML_MAP && i < node->count);
    return node->keys[i]->text;
}

const oc_yaml_node *oc_yaml_find(const oc_yaml_node *map, const char *key)
{
    for (size_t i = 0; map->kind == OC_YAML_MAP && i < map->count; i++)
        if (strcmp(map->keys[i]->text, key) == 0)
            return map->items[i];
    return NULL;
}

#include "data/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

#define NAME_MAX_BYTES 128

typedef struct level {
    char   name[NAME_MAX_BYTES];
    size_t begin;   /* byte of its "<" */
    size_t text_at; /* where its own text begins */
} level;

struct oc_xml {
    XML_Parser            parser;
    const oc_xml_handler *handler;
    const oc_bytes       *bytes;
    oc_error             *err;
    oc_status             st;
    size_t                depth, raw_at, raw_n;
    level                 at[OC_XML_DEPTH_MAX + 1];
    char                 *text; /* of all open elements, one behind the other */
    size_t                text_n, text_cap;
};

static void stop(oc_xml *x, oc_status st)
{
    x->st = st;
    XML_StopParser(x->parser, XML_FALSE);
}

static void on_open(void *ctx, const XML_Char *name, const XML_Char **attrs)
{
    oc_xml *x = ctx;
    if (x->st != OC_OK)
        return;
    if (x->depth == OC_XML_DEPTH_MAX || strlen(name) >= NAME_MAX_BYTES) {
        stop(x, OC_FAIL(x->err, OC_FORMAT,
                        x->depth == OC_XML_DEPTH_MAX ? "elements nested too deep"
                                                     : "an element's name is too long"));
        return;
    }
    level *l = &x->at[++x->depth];
    snprintf(l->name, sizeof(l->name), "%s", name);
    l->begin = (size_t)XML_GetCurrentByteIndex(x->parser);
    l->text_at = x->text_n;
    oc_status st = x->handler->open(x->handler->ctx, x, name, (const char *const *)attrs, x->err);
    if (st != OC_OK)
        stop(x, st);
}

static void on_text(void *ctx, const XML_Char *s, int n)
{
    oc_xml *x = ctx;
    size_t  more = (size_t)n;
    if (x->st != OC_OK || x->depth == 0)
        return;
    if (x->text_n + more + 1 > x->text_cap) {
        size_t cap = (x->text_n + more + 1) * 2;
        char  *p = cap > OC_XML_TEXT_MAX ? NULL : realloc(x->text, cap);
        if (!p) {
            stop(x, OC_FAIL(x->err, OC_UNSUPPORTED, "an element with too long a text"));
            return;
        }
        x->text = p;
        x->text_cap = cap;
    }
    memcpy(x->text + x->text_n, s, more);
    x->text_n += more;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void on_close(void *ctx, const XML_Char *name)
{
    oc_xml *x = ctx;
    if (x->st != OC_OK)
        return;
    level      *l = &x->at[x->depth];
    const char *text = "";
    if (x->text_n > l->text_at) {
        size_t from = l->text_at, to = x->text_n;
        while (to > from && blank(x->text[to - 1]))
            to--;
        while (from < to && blank(x->text[from]))
            from++;
        x->text[to] = 0; /* there is room: to <= text_n < text_cap */
        text = x->text + from;
    }
    size_t end = (size_t)XML_GetCurrentByteIndex(x->parser);
    x->raw_at = l->begin;
    x->raw_n = end + (size_t)XML_GetCurrentByteCount(x->parser) - l->begin;
    oc_status st = x->handler->close(x->handler->ctx, x, name, text, x->err);
    x->text_n = l->text_at;
    x->depth--;
    if (st != OC_OK)
        stop(x, st);
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public_id, int internal)
{
    oc_xml *x = ctx;
    (void)name;
    (void)public_id;
    if (internal || system)
        stop(x, OC_FAIL(x->err, OC_FORMAT, "a document type with declarations: refused"));
}

static void on_entity(void *ctx, const XML_Char *name, int parameter, const XML_Char *value,
                      int value_n, const XML_Char *base, const XML_Char *system,
                      const XML_Char *public_id, const XML_Char *notation)
{
    oc_xml *x = ctx;
    (void)name, (void)parameter, (void)value, (void)value_n, (void)base, (void)system;
    (void)public_id, (void)notation;
    stop(x, OC_FAIL(x->err, OC_FORMAT, "an entity is declared: refused"));
}

size_t oc_xml_depth(const oc_xml *x)
{
    return x->depth;
}

const char *oc_xml_name(const oc_xml *x, size_t depth)
{
    return depth >= 1 && depth <= x->depth ? x->at[depth].name : "";
}

const char *oc_xml_peek_raw(const oc_xml *x, size_t *n)
{
    *n = x->raw_n;
    return (const char *)x->bytes->data + x->raw_at;
}

const char *oc_xml_attr(const char *const *attrs, const char *name)
{
    for (size_t i = 0; attrs[i]; i += 2)
        if (strcmp(attrs[i], name) == 0)
            return attrs[i + 1];
    return NULL;
}

/* In pieces that fit expat's int. */
static bool parse(oc_xml *x, const oc_bytes *b)
{
    size_t at = 0;
    do {
        size_t n = b->n - at < ((size_t)64 << 20) ? b->n - at : (size_t)64 << 20;
        if (XML_Parse(x->parser, (const char *)b->data + at, (int)n, at + n == b->n) !=
            XML_STATUS_OK)
            return false;
        at += n;
    } while (at < b->n);
    return true;
}

oc_status oc_xml_read(const char *path, const oc_xml_handler *handler, oc_error *err)
{
    oc_error  own = {0};
    oc_bytes  b = {0};
    oc_xml   *x = calloc(1, sizeof(*x));
    oc_status st = x ? oc_bytes_open(path, &b, err) : OC_FAIL(err, OC_NOMEM, "%s", path);
    if (st != OC_OK)
        goto out;
    x->handler = handler;
    x->bytes = &b;
    x->err = err ? err : &own;
    if (!(x->parser = XML_ParserCreate("UTF-8"))) {
        st = OC_FAIL(err, OC_NOMEM, "%s", path);
        goto out;
    }
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_open, on_close);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
    XML_SetEntityDeclHandler(x->parser, on_entity);
    bool ok = parse(x, &b);
    st = x->st;
    if (!ok && st == OC_OK)
        st = OC_FAIL(err, OC_FORMAT, "not well-formed XML: %s",
                     XML_ErrorString(XML_GetErrorCode(x->parser)));
    if (st != OC_OK)
        oc_error_prefix(err, "%s: line %lu", path,
                        (unsigned long)XML_GetCurrentLineNumber(x->parser));
    XML_ParserFree(x->parser);
out:
    if (x)
        free(x->text);
    free(x);
    oc_bytes_close(&b);
    return st;
}

#include "data/json_pull.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)64 * 1024)
#define NUMBER_MAX 64

/* What may come next inside the innermost container. */
typedef enum need { VALUE, VALUE_OR_END, COMMA_OR_END, KEY_OR_END, KEY, COLON, NOTHING } need;

struct oc_json {
    FILE    *file;
    char    *path;
    char    *text;
    size_t   text_n, text_cap;
    double   number;
    uint64_t line, byte;
    int      depth;
    bool     object[OC_JSON_DEPTH_MAX + 1]; /* is the container at this depth an object? */
    need     state;
    bool     drop; /* texts are passed over, not kept */
    char     word[NUMBER_MAX];
    size_t   at, n;
    char     buffer[BUFFER_BYTES];
};

static oc_status fail(const oc_json *j, oc_error *err, const char *what)
{
    return OC_FAIL(err, OC_FORMAT, "%s: line %llu, byte %llu: %s", j->path,
                   (unsigned long long)j->line, (unsigned long long)j->byte, what);
}

/* The next byte without taking it, or -1 at the end. */
static int peek(oc_json *j)
{
    if (j->at == j->n) {
        j->n = fread(j->buffer, 1, sizeof(j->buffer), j->file);
        j->at = 0;
        if (j->n == 0)
            return -1;
    }
    return (unsigned char)j->buffer[j->at];
}

static int take(oc_json *j)
{
    int c = peek(j);
    if (c < 0)
        return c;
    j->at++;
    j->byte++;
    j->line += c == '\n';
    return c;
}

static int skip_blanks(oc_json *j)
{
    int c;
    while ((c = peek(j)) == ' ' || c == '\n' || c == '\t' || c == '\r')
        take(j);
    return c;
}

static oc_status put(oc_json *j, int c, oc_error *err)
{
    if (j->drop)
        return OC_OK;
    if (j->text_n + 1 >= j->text_cap) {
        size_t cap = j->text_cap ? j->text_cap * 2 : 256;
        char  *p = cap > OC_JSON_TEXT_MAX ? NULL : realloc(j->text, cap);
        if (!p)
            return fail(j, err, "a string is too long");
        j->text = p;
        j->text_cap = cap;
    }
    j->text[j->text_n++] = (char)c;
    j->text[j->text_n] = 0;
    return OC_OK;
}

static oc_status put_code(oc_json *j, uint32_t c, oc_error *err)
{
    char      out[4];
    size_t    n = 0;
    oc_status st = OC_OK;
    if (c < 0x80) {
        out[n++] = (char)c;
    } else if (c < 0x800) {
        out[n++] = (char)(0xc0 | c >> 6);
        out[n++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out[n++] = (char)(0xe0 | c >> 12);
        out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        out[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        out[n++] = (char)(0xf0 | c >> 18);
        out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        out[n++] = (char)(0x80 | (c & 0x3f));
    }
    for (size_t i = 0; i < n && st == OC_OK; i++)
        st = put(j, out[i], err);
    return st;
}

static oc_status take_hex(oc_json *j, uint32_t *out, oc_error *err)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int c = take(j);
        int v = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (v < 0)
            return fail(j, err, "\\u wants four hexadecimal digits");
        *out = *out * 16 + (uint32_t)v;
    }
    return OC_OK;
}

static oc_status take_unicode(oc_json *j, oc_error *err)
{
    uint32_t  c, low;
    oc_status st = take_hex(j, &c, err);
    if (st != OC_OK)
        return st;
    if (c >= 0xd800 && c < 0xdc00) {
        if (take(j) != '\\' || take(j) != 'u')
            return fail(j, err, "half of a surrogate pair");
        if ((st = take_hex(j, &low, err)) != OC_OK)
            return st;
        if (low < 0xdc00 || low > 0xdfff)
            return fail(j, err, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return fail(j, err, "half of a surrogate pair");
    }
    return c ? put_code(j, c, err) : fail(j, err, "a 0 inside a string");
}

static oc_status take_escape(oc_json *j, oc_error *err)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int               c = take(j);
    const char       *p = c > 0 ? strchr(from, c) : NULL;
    if (c == 'u')
        return take_unicode(j, err);
    return p ? put(j, to[p - from], err) : fail(j, err, "no such escape");
}

static oc_status take_string(oc_json *j, oc_error *err)
{
    oc_status st = OC_OK;
    j->text_n = 0;
    if (j->text)
        j->text[0] = 0;
    take(j); /* the quote */
    for (;;) {
        int c = take(j);
        if (c == '"')
            return OC_OK;
        if (c < 0x20)
            return fail(j, err, c < 0 ? "cut short inside a string" : "a control character");
        st = c == '\\' ? take_escape(j, err) : put(j, c, err);
        if (st != OC_OK)
            return st;
    }
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?  and what COCO tools also write: NaN, Infinity */
static bool number_form(const char *s)
{
    s += *s == '-';
    if (strcmp(s, "NaN") == 0 || strcmp(s, "Infinity") == 0)
        return true;
    if (*s == '0')
        s++;
    else if (*s >= '1' && *s <= '9')
        s += strspn(s, "0123456789");
    else
        return false;
    if (*s == '.') {
        size_t n = strspn(s + 1, "0123456789");
        if (n == 0)
            return false;
        s += 1 + n;
    }
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '+' || s[1] == '-');
        size_t n = strspn(s, "0123456789");
        if (n == 0)
            return false;
        s += n;
    }
    return *s == 0;
}

/* true, false, null or a number. */
static oc_status take_word(oc_json *j, oc_json_token *token, oc_error *err)
{
    char  *word = j->word;
    size_t n = 0;
    int    c;
    while ((c = peek(j)) > 0x20 && !strchr(",]}:[{\"", c) && n + 1 < sizeof(j->word))
        word[n++] = (char)take(j);
    word[n] = 0;
    *token = OC_JSON_BOOL;
    j->number = 0;
    if (strcmp(word, "true") == 0) {
        j->number = 1;
        return OC_OK;
    }
    if (strcmp(word, "false") == 0)
        return OC_OK;
    *token = OC_JSON_NULL;
    if (strcmp(word, "null") == 0)
        return OC_OK;
    *token = OC_JSON_NUMBER;
    if (!number_form(word))
        return fail(j, err, n ? "neither a number nor true, false or null" : "a value is missing");
    j->number = strtod(word, NULL);
    return OC_OK;
}

static oc_status open_container(oc_json *j, bool object, oc_error *err)
{
    take(j);
    if (j->depth == OC_JSON_DEPTH_MAX)
        return fail(j, err, "nested too deep");
    j->object[++j->depth] = object;
    j->state = object ? KEY_OR_END : VALUE_OR_END;
    return OC_OK;
}

static oc_status take_value(oc_json *j, int c, oc_json_token *token, oc_error *err)
{
    oc_status st;
    if (c == '{' || c == '[') {
        *token = c == '{' ? OC_JSON_OBJECT : OC_JSON_ARRAY;
        return open_container(j, c == '{', err);
    }
    if (c == '"') {
        *token = OC_JSON_TEXT;
        st = take_string(j, err);
    } else {
        st = take_word(j, token, err);
    }
    j->state = j->depth ? COMMA_OR_END : NOTHING;
    return st;
}

static oc_status close_container(oc_json *j, int c, oc_json_token *token, oc_error *err)
{
    bool object = c == '}';
    if (j->object[j->depth] != object)
        return fail(j, err, object ? "} closes a [" : "] closes a {");
    take(j);
    j->depth--;
    j->state = j->depth ? COMMA_OR_END : NOTHING;
    *token = object ? OC_JSON_OBJECT_END : OC_JSON_ARRAY_END;
    return OC_OK;
}

static oc_status take_key(oc_json *j, int c, oc_json_token *token, oc_error *err)
{
    if (c != '"')
        return fail(j, err, "a key in quotes is missing");
    oc_status st = take_string(j, err);
    if (st != OC_OK)
        return st;
    if (skip_blanks(j) != ':')
        return fail(j, err, "a colon is missing");
    take(j);
    j->state = VALUE;
    *token = OC_JSON_KEY;
    return OC_OK;
}

oc_status oc_json_next(oc_json *j, oc_json_token *token, oc_error *err)
{
    int c = skip_blanks(j);
    if (c < 0 && ferror(j->file))
        return OC_FAIL(err, OC_IO, "%s: %s", j->path, strerror(errno));
    if (j->state == NOTHING) {
        *token = OC_JSON_END;
        return c < 0 ? OC_OK : fail(j, err, "something follows the end of the document");
    }
    if (c < 0)
        return fail(j, err, "cut short");
    if (j->state == COMMA_OR_END) {
        if (c == ']' || c == '}')
            return close_container(j, c, token, err);
        if (c != ',')
            return fail(j, err, "a comma is missing");
        take(j);
        c = skip_blanks(j);
        j->state = j->object[j->depth] ? KEY : VALUE;
    }
    if ((j->state == KEY_OR_END && c == '}') || (j->state == VALUE_OR_END && c == ']'))
        return close_container(j, c, token, err);
    return j->state == KEY || j->state == KEY_OR_END ? take_key(j, c, token, err)
                                                     : take_value(j, c, token, err);
}

oc_status oc_json_open(const char *path, oc_json **out, oc_error *err)
{
    oc_json *j = calloc(1, sizeof(*j));
    if (!j || !(j->path = strdup(path))) {
        oc_json_close(j);
        return OC_FAIL(err, OC_NOMEM, "%s", path);
    }
    j->line = 1;
    j->state = VALUE;
    if (!(j->file = fopen(path, "rb"))) {
        oc_status st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
        oc_json_close(j);
        return st;
    }
    *out = j;
    return OC_OK;
}

void oc_json_close(oc_json *j)
{
    if (!j)
        return;
    if (j->file)
        fclose(j->file);
    free(j->path);
    free(j->text);
    free(j);
}

const char *oc_json_peek_text(const oc_json *j, size_t *n)
{
    if (n)
        *n = j->text_n;
    return j->text ? j->text : "";
}

double oc_json_number(const oc_json *j)
{
    return j->number;
}

const char *oc_json_peek_word(const oc_json *j)
{
    return j->word;
}

uint64_t oc_json_line(const oc_json *j)
{
    return j->line;
}

oc_status oc_json_skip(oc_json *j, oc_error *err)
{
    oc_status st;
    int       depth = 0;
    j->drop = true;
    do {
        oc_json_token t;
        if ((st = oc_json_next(j, &t, err)) != OC_OK)
            break;
        depth += t == OC_JSON_OBJECT || t == OC_JSON_ARRAY;
        depth -= t == OC_JSON_OBJECT_END || t == OC_JSON_ARRAY_END;
    } while (depth > 0);
    j->drop = false;
    return st;
}

oc_status oc_json_expect(oc_json *j, oc_json_token want, const char *what, oc_error *err)
{
    oc_json_token t;
    oc_status     st = oc_json_next(j, &t, err);
    if (st == OC_OK && t != want) {
        char text[128];
        snprintf(text, sizeof(text), "%s is expected here", what);
        return fail(j, err, text);
    }
    return st;
}

oc_status oc_json_numbers(oc_json *j, double *out, size_t max, size_t *n, oc_error *err)
{
    oc_status st = oc_json_expect(j, OC_JSON_ARRAY, "an array of numbers", err);
    *n = 0;
    while (st == OC_OK) {
        oc_json_token t;
        if ((st = oc_json_next(j, &t, err)) != OC_OK || t == OC_JSON_ARRAY_END)
            return st;
        if (t != OC_JSON_NUMBER)
            return fail(j, err, "a number is expected here");
        if (*n == max)
            return fail(j, err, "more numbers than belong here");
        out[(*n)++] = j->number;
    }
    return st;
}

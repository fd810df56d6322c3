/* JSON into a fixed buffer. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "events/json.h"

void oc_jsonw_init(oc_jsonw *j, char *text, size_t cap)
{
    assert(cap >= 1);
    *j = (oc_jsonw){.text = text, .cap = cap};
    text[0] = '\0';
}

static void put(oc_jsonw *j, const char *bytes, size_t n)
{
    if (j->full || n >= j->cap - j->n) {
        j->full = true;
        return;
    }
    memcpy(j->text + j->n, bytes, n);
    j->n += n;
    j->text[j->n] = '\0';
}

/* Length of the UTF-8 sequence at s, 0 when it is none (overlong forms and surrogates, too). */
static size_t utf8(const unsigned char *s)
{
    unsigned code;
    size_t   n;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        n = 2, code = s[0] & 0x1Fu;
    else if ((s[0] & 0xF0) == 0xE0)
        n = 3, code = s[0] & 0x0Fu;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        n = 4, code = s[0] & 0x07u;
    else
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) /* the closing zero byte is none either */
            return 0;
        code = code << 6 | (s[i] & 0x3Fu);
    }
    if ((n == 3 && code < 0x800) || (n == 4 && code < 0x10000) || code > 0x10FFFF ||
        (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    return n;
}

static void put_string(oc_jsonw *j, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;
    put(j, "\"", 1);
    while (*s) {
        size_t n = utf8(s);
        char   code[8];
        if (n == 0) {
            put(j, "\xEF\xBF\xBD", 3);
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            code[0] = '\\';
            code[1] = (char)*s;
            put(j, code, 2);
        } else if (*s < 0x20 || *s == 0x7F) {
            snprintf(code, sizeof(code), "\\u%04x", *s);
            put(j, code, 6);
        } else {
            put(j, (const char *)s, n);
        }
        s += n;
    }
    put(j, "\"", 1);
}

static void begin(oc_jsonw *j, const char *key)
{
    if (j->comma[j->depth])
        put(j, ",", 1);
    j->comma[j->depth] = true;
    if (key) {
        put_string(j, key);
        put(j, ":", 1);
    }
}

void oc_jsonw_open(oc_jsonw *j, const char *key, char bracket)
{
    begin(j, key);
    put(j, &bracket, 1);
    assert(j->depth + 1 < OC_JSON_DEPTH);
    j->comma[++j->depth] = false;
}

void oc_jsonw_close(oc_jsonw *j, char bracket)
{
    assert(j->depth > 0);
    j->depth--;
    put(j, &bracket, 1);
}

void oc_jsonw_text(oc_jsonw *j, const char *key, const char *value)
{
    begin(j, key);
    if (value)
        put_string(j, value);
    else
        put(j, "null", 4);
}

static void put_number(oc_jsonw *j, const char *key, const char *text, int n)
{
    begin(j, key);
    put(j, text, (size_t)n);
}

void oc_jsonw_raw(oc_jsonw *j, const char *key, const char *json, size_t n)
{
    begin(j, key);
    put(j, json, n);
}

void oc_jsonw_int(oc_jsonw *j, const char *key, int64_t value)
{
    char text[32];
    put_number(j, key, text, snprintf(text, sizeof(text), "%lld", (long long)value));
}

void oc_jsonw_uint(oc_jsonw *j, const char *key, uint64_t value)
{
    char text[32];
    put_number(j, key, text, snprintf(text, sizeof(text), "%llu", (unsigned long long)value));
}

void oc_jsonw_float(oc_jsonw *j, const char *key, double value, int digits)
{
    char text[64];
    if (!isfinite(value)) {
        put_number(j, key, "null", 4);
        return;
    }
    if (fabs(value) >= 1e15) {
        put_number(j, key, text, snprintf(text, sizeof(text), "%.15g", value));
        return;
    }
    int n = snprintf(text, sizeof(text), "%.*f", digits, value);
    if (strcmp(text, "-0") == 0 || strspn(text, "-0.") == (size_t)n) { /* no negative nothing */
        put_number(j, key, "0", 1);
        return;
    }
    while (digits > 0 && n > 1 && text[n - 1] == '0')
        n--;
    if (digits > 0 && text[n - 1] == '.')
        n--;
    put_number(j, key, text, n);
}

void oc_jsonw_bool(oc_jsonw *j, const char *key, bool value)
{
    put_number(j, key, value ? "true" : "false", value ? 4 : 5);
}

void oc_jsonw_box(oc_jsonw *j, const char *key, const oc_box *box)
{
    oc_jsonw_open(j, key, '[');
    oc_jsonw_float(j, NULL, (double)box->x0, 1);
    oc_jsonw_float(j, NULL, (double)box->y0, 1);
    oc_jsonw_float(j, NULL, (double)box->x1, 1);
    oc_jsonw_float(j, NULL, (double)box->y1, 1);
    oc_jsonw_close(j, ']');
}

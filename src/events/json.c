/* JSON into a fixed buffer. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"
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

static void put_string(oc_jsonw *j, const char *s)
{
    size_t n;
    put(j, "\"", 1);
    for (size_t left = strlen(s); left > 0; s += n, left -= n) {
        unsigned char c = (unsigned char)*s;
        char          code[8];
        n = oc_utf8_length(s, left);
        if (n == 0) {
            put(j, "\xEF\xBF\xBD", 3);
            n = 1;
        } else if (c == '"' || c == '\\') {
            code[0] = '\\';
            code[1] = (char)c;
            put(j, code, 2);
        } else if (c < 0x20 || c == 0x7F) {
            snprintf(code, sizeof(code), "\\u%04x", c);
            put(j, code, 6);
        } else {
            put(j, s, n);
        }
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

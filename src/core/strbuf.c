#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/strbuf.h"
#include "core/utf8.h"

static bool make_room(oc_strbuf *t, size_t n)
{
    if (t->failed || n < t->cap - t->n)
        return !t->failed;
    size_t cap = t->cap ? t->cap : 256;
    while (cap - t->n <= n && cap <= SIZE_MAX / 4)
        cap *= 2;
    char *more = cap - t->n > n ? realloc(t->data, cap) : NULL;
    if (!more) {
        t->failed = true;
        return false;
    }
    t->data = more;
    t->cap = cap;
    return true;
}

void oc_strbuf_add(oc_strbuf *t, const char *bytes, size_t n)
{
    if (!make_room(t, n))
        return;
    memcpy(t->data + t->n, bytes, n);
    t->n += n;
    t->data[t->n] = '\0';
}

void oc_strbuf_put(oc_strbuf *t, const char *text)
{
    oc_strbuf_add(t, text, strlen(text));
}

void oc_strbuf_printf(oc_strbuf *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !make_room(t, (size_t)n))
        return;
    va_start(ap, fmt);
    vsnprintf(t->data + t->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    t->n += (size_t)n;
}

void oc_strbuf_number(oc_strbuf *t, double value)
{
    char text[40];
    if (isnan(value)) {
        oc_strbuf_put(t, "NaN");
        return;
    }
    if (isinf(value)) {
        oc_strbuf_put(t, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    if (value == floor(value) && fabs(value) < 1e15) {
        oc_strbuf_printf(t, "%.0f", value);
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    oc_strbuf_put(t, text);
}

void oc_strbuf_json(oc_strbuf *t, const char *text)
{
    oc_strbuf_put(t, "\"");
    for (size_t left = text ? strlen(text) : 0; left > 0;) {
        size_t n = oc_utf8_length(text, left), step = n ? n : 1;
        if (!n)
            oc_strbuf_put(t, "\xEF\xBF\xBD");
        else if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20)
            oc_strbuf_printf(t, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            oc_strbuf_add(t, text, n);
        text += step;
        left -= step;
    }
    oc_strbuf_put(t, "\"");
}

void oc_strbuf_clear(oc_strbuf *t)
{
    t->n = 0;
    t->failed = false;
    if (t->data)
        t->data[0] = '\0';
}

void oc_strbuf_finish(oc_strbuf *t)
{
    free(t->data);
    *t = (oc_strbuf){0};
}

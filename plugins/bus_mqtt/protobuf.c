/* Varints, lengths and fields. */
#include "protobuf.h"

#include <string.h>

static void put(spb_writer *w, const void *bytes, size_t n)
{
    if (w->full || n > w->cap - w->n) {
        w->full = true;
        return;
    }
    memcpy(w->bytes + w->n, bytes, n);
    w->n += n;
}

static size_t varint(unsigned char to[10], uint64_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        to[n++] = (unsigned char)(v | 0x80);
    to[n++] = (unsigned char)v;
    return n;
}

static void put_varint(spb_writer *w, uint64_t v)
{
    unsigned char bytes[10];
    put(w, bytes, varint(bytes, v));
}

static void put_number(spb_writer *w, unsigned field, uint64_t v)
{
    put_varint(w, field << 3);
    put_varint(w, v);
}

static void put_bytes(spb_writer *w, unsigned field, const void *bytes, size_t n)
{
    put_varint(w, field << 3 | 2);
    put_varint(w, n);
    put(w, bytes, n);
}

void spb_begin(spb_writer *w, void *bytes, size_t cap, uint64_t timestamp_ms)
{
    *w = (spb_writer){.bytes = bytes, .cap = cap};
    if (timestamp_ms)
        put_number(w, 1, timestamp_ms);
}

static void put_value(spb_writer *w, const spb_metric *m)
{
    if (m->null)
        put_number(w, 7, 1);
    else if (m->type == SPB_STRING)
        put_bytes(w, 15, m->text, m->n_text);
    else
        put_number(w, m->type == SPB_BOOLEAN ? 14 : 11, (uint64_t)m->number);
}

static void put_fields(spb_writer *w, const spb_metric *m)
{
    put_bytes(w, 1, m->name, strlen(m->name));
    if (m->timestamp_ms)
        put_number(w, 3, m->timestamp_ms);
    put_number(w, 4, (uint64_t)m->type);
    if (m->historical)
        put_number(w, 5, 1);
    put_value(w, m);
}

/* The length stands in front: the fields are written behind the longest one, then moved up. */
void spb_metric_put(spb_writer *w, const spb_metric *m)
{
    unsigned char head[11] = {2 << 3 | 2};
    size_t        start = w->n;
    if (w->full || sizeof(head) > w->cap - w->n) {
        w->full = true;
        return;
    }
    w->n += sizeof(head);
    put_fields(w, m);
    if (w->full)
        return;
    size_t n = w->n - start - sizeof(head), n_head = 1 + varint(head + 1, n);
    memmove(w->bytes + start + n_head, w->bytes + start + sizeof(head), n);
    memcpy(w->bytes + start, head, n_head);
    w->n = start + n_head + n;
}

void spb_end(spb_writer *w, int seq)
{
    if (seq >= 0)
        put_number(w, 3, (uint64_t)seq);
}

/* ---- reading ---- */

typedef struct reader {
    const unsigned char *at, *end;
} reader;

static bool get_varint(reader *r, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        unsigned char b = *r->at++;
        *out |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80))
            return true;
    }
    return false;
}

/* The next field: its number, and its bytes (wire type 2) or value (0).  false: end, or nonsense. */
static bool get_field(reader *r, unsigned *field, uint64_t *value, reader *inside)
{
    uint64_t key, n;
    *inside = (reader){0};
    *value = 0;
    if (r->at == r->end || !get_varint(r, &key))
        return false;
    *field = (unsigned)(key >> 3);
    switch (key & 7) {
    case 0: return get_varint(r, value);
    case 1: n = 8; break;
    case 2:
        if (!get_varint(r, &n))
            return false;
        break;
    case 5: n = 4; break;
    default: return false;
    }
    if (n > (uint64_t)(r->end - r->at))
        return false;
    *inside = (reader){r->at, r->at + n};
    r->at += n;
    return true;
}

static bool metric_commands(reader r, const char *name)
{
    unsigned field;
    uint64_t value;
    reader   inside;
    bool     named = false, set = false;
    while (get_field(&r, &field, &value, &inside)) {
        if (field == 1 && inside.at)
            named = (size_t)(inside.end - inside.at) == strlen(name) &&
                    memcmp(inside.at, name, strlen(name)) == 0;
        if (field == 14)
            set = value == 1;
    }
    return named && set;
}

bool spb_commands(const void *payload, size_t n, const char *name)
{
    reader   r = {payload, payload ? (const unsigned char *)payload + n : NULL}, inside;
    unsigned field;
    uint64_t value;
    if (!payload)
        return false;
    while (get_field(&r, &field, &value, &inside))
        if (field == 2 && inside.at && metric_commands(inside, name))
            return true;
    return false;
}

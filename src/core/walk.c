#include "core/walk.h"

#include <string.h>

oc_walk oc_walk_writer(void *to, size_t room)
{
    return (oc_walk){.to = to, .n = room};
}

oc_walk oc_walk_reader(const void *from, size_t n)
{
    return (oc_walk){.from = from ? from : (const unsigned char *)"", .n = n};
}

bool oc_walk_done(const oc_walk *w)
{
    return !w->bad && w->at == w->n;
}

void oc_walk_refuse(oc_walk *w)
{
    w->bad = true;
}

/* Room for n bytes, or that many to read. */
static bool have(oc_walk *w, size_t n)
{
    if (w->bad || w->n - w->at < n)
        w->bad = true;
    return !w->bad;
}

void oc_walk_bytes(oc_walk *w, void *bytes, size_t n)
{
    if (!have(w, n)) {
        if (w->from)
            memset(bytes, 0, n);
        return;
    }
    if (n == 0) /* bytes may be NULL then */
        return;
    if (w->from)
        memcpy(bytes, w->from + w->at, n);
    else
        memcpy(w->to + w->at, bytes, n);
    w->at += n;
}

const unsigned char *oc_walk_take(oc_walk *w, size_t n)
{
    if (!have(w, n))
        return NULL;
    w->at += n;
    return w->from + w->at - n;
}

/* The low `n` bytes of v, least first. */
static void number(oc_walk *w, uint64_t *v, size_t n)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(*v >> (8 * i));
    oc_walk_bytes(w, bytes, n);
    if (!w->from)
        return;
    *v = 0;
    for (size_t i = 0; i < n; i++)
        *v |= (uint64_t)bytes[i] << (8 * i);
}

void oc_walk_u8(oc_walk *w, uint8_t *v)
{
    uint64_t all = *v;
    number(w, &all, 1);
    *v = (uint8_t)all;
}

void oc_walk_u32(oc_walk *w, uint32_t *v)
{
    uint64_t all = *v;
    number(w, &all, 4);
    *v = (uint32_t)all;
}

void oc_walk_u64(oc_walk *w, uint64_t *v)
{
    number(w, v, 8);
}

void oc_walk_i8(oc_walk *w, int8_t *v)
{
    uint64_t all = (uint8_t)*v;
    number(w, &all, 1);
    *v = (int8_t)(uint8_t)all;
}

void oc_walk_i32(oc_walk *w, int32_t *v)
{
    uint64_t all = (uint32_t)*v;
    number(w, &all, 4);
    *v = (int32_t)(uint32_t)all;
}

void oc_walk_i64(oc_walk *w, int64_t *v)
{
    uint64_t all = (uint64_t)*v;
    number(w, &all, 8);
    *v = (int64_t)all;
}

void oc_walk_f32(oc_walk *w, float *v)
{
    uint32_t bits;
    memcpy(&bits, v, sizeof(bits));
    oc_walk_u32(w, &bits);
    memcpy(v, &bits, sizeof(bits));
}

void oc_walk_f64(oc_walk *w, double *v)
{
    uint64_t bits;
    memcpy(&bits, v, sizeof(bits));
    oc_walk_u64(w, &bits);
    memcpy(v, &bits, sizeof(bits));
}

void oc_walk_bool(oc_walk *w, bool *v)
{
    uint8_t byte = *v;
    oc_walk_u8(w, &byte);
    if (byte > 1)
        w->bad = true;
    *v = byte == 1;
}

void oc_walk_size(oc_walk *w, size_t *v, size_t most)
{
    uint64_t all = *v;
    number(w, &all, 8);
    if (all > most) {
        w->bad = true;
        all = 0;
    }
    *v = (size_t)all;
}

void oc_walk_text(oc_walk *w, char *text, size_t room)
{
    size_t n = w->from ? 0 : strnlen(text, room - 1);
    oc_walk_size(w, &n, room - 1);
    oc_walk_bytes(w, text, n);
    if (w->from)
        text[n] = '\0';
}

#include "plan/stream.h"

#include <stdlib.h>
#include <string.h>

void oc_plan_put(oc_plan_out *o, const void *bytes, size_t n)
{
    if (o->bad || n == 0)
        return;
    if (n > o->cap - o->n) {
        size_t         cap = (o->cap + n) * 2 + 4096;
        unsigned char *more = realloc(o->data, cap);
        if (!more) {
            o->bad = true;
            return;
        }
        o->data = more;
        o->cap = cap;
    }
    memcpy(o->data + o->n, bytes, n);
    o->n += n;
}

void oc_plan_put_u8(oc_plan_out *o, uint8_t v)
{
    oc_plan_put(o, &v, sizeof(v));
}

void oc_plan_put_u32(oc_plan_out *o, uint32_t v)
{
    oc_plan_put(o, &v, sizeof(v));
}

void oc_plan_put_u64(oc_plan_out *o, uint64_t v)
{
    oc_plan_put(o, &v, sizeof(v));
}

void oc_plan_put_text(oc_plan_out *o, const char *text)
{
    const uint32_t n = text ? (uint32_t)strlen(text) : 0;
    oc_plan_put_u32(o, n);
    oc_plan_put(o, text, n);
}

void oc_plan_out_finish(oc_plan_out *o)
{
    free(o->data);
    *o = (oc_plan_out){0};
}

const void *oc_plan_get(oc_plan_in *in, size_t n)
{
    const unsigned char *at = in->p;
    if (in->bad || n > (size_t)(in->end - in->p)) {
        in->bad = true;
        return NULL;
    }
    in->p += n;
    return at;
}

uint8_t oc_plan_get_u8(oc_plan_in *in)
{
    const uint8_t *p = oc_plan_get(in, 1);
    return p ? *p : 0;
}

uint32_t oc_plan_get_u32(oc_plan_in *in)
{
    uint32_t    v = 0;
    const void *p = oc_plan_get(in, sizeof(v));
    if (p)
        memcpy(&v, p, sizeof(v));
    return v;
}

uint64_t oc_plan_get_u64(oc_plan_in *in)
{
    uint64_t    v = 0;
    const void *p = oc_plan_get(in, sizeof(v));
    if (p)
        memcpy(&v, p, sizeof(v));
    return v;
}

uint32_t oc_plan_get_count(oc_plan_in *in, size_t each_bytes)
{
    uint32_t n = oc_plan_get_u32(in);
    if (n > (size_t)(in->end - in->p) / each_bytes) {
        in->bad = true;
        n = 0;
    }
    return n;
}

const char *oc_plan_get_text(oc_plan_in *in, oc_arena *mem)
{
    uint32_t    n = oc_plan_get_count(in, 1);
    const char *p = n ? oc_plan_get(in, n) : "";
    if (!p || memchr(p, 0, n)) {
        in->bad = true;
        return "";
    }
    char *text = oc_arena_strndup(mem, p, n);
    if (!text)
        in->bad = true;
    return text ? text : "";
}

#include "tflite/flat.h"

#include <string.h>

static bool fault(flat_reader *r, size_t at, const char *what)
{
    if (r->status == OC_OK)
        r->status = OC_FAIL(r->err, OC_FORMAT, "cut short or damaged: %s at byte %zu", what, at);
    return false;
}

/* [at, at + n) lies inside the file. */
static bool inside(flat_reader *r, size_t at, size_t n, const char *what)
{
    if (r->status != OC_OK)
        return false;
    return (at <= r->n && n <= r->n - at) || fault(r, at, what);
}

static uint64_t load(const flat_reader *r, size_t at, unsigned width)
{
    uint64_t v = 0;
    memcpy(&v, r->p + at, width); /* little-endian hosts only */
    return v;
}

static int64_t load_signed(const flat_reader *r, size_t at, unsigned width)
{
    unsigned shift = 64 - 8 * width;
    return (int64_t)(load(r, at, width) << shift) >> shift;
}

/* Follows the unsigned distance written at `at`. */
static bool follow(flat_reader *r, size_t at, size_t *to)
{
    if (!inside(r, at, 4, "an offset"))
        return false;
    size_t distance = (size_t)load(r, at, 4);
    if (distance == 0 || distance > r->n - at)
        return fault(r, at, "an offset that leads nowhere");
    *to = at + distance;
    return true;
}

static flat_table table_at(flat_reader *r, size_t at)
{
    const flat_table none = {.r = r};
    flat_table       t = {.r = r, .at = at};
    if (!inside(r, at, 4, "a table"))
        return none;
    int64_t back = load_signed(r, at, 4);
    if (back > (int64_t)at || back < -(int64_t)(r->n - at)) {
        fault(r, at, "a table without fields");
        return none;
    }
    size_t vtable = (size_t)((int64_t)at - back);
    if (!inside(r, vtable, 4, "a list of fields"))
        return none;
    size_t bytes = (size_t)load(r, vtable, 2);
    t.bytes = (size_t)load(r, vtable + 2, 2);
    if (bytes < 4 || bytes % 2 || t.bytes < 4) {
        fault(r, vtable, "a list of fields");
        return none;
    }
    if (!inside(r, vtable, bytes, "a list of fields") || !inside(r, at, t.bytes, "a table"))
        return none;
    t.vtable = vtable + 4;
    t.vtable_entries = (bytes - 4) / 2;
    return t;
}

flat_table flat_root(flat_reader *r)
{
    size_t at;
    return follow(r, 0, &at) ? table_at(r, at) : (flat_table){.r = r};
}

/* The place of a field of `width` bytes; 0: left out. */
static size_t field_at(const flat_table *t, unsigned field, unsigned width)
{
    if (!t->at || t->r->status != OC_OK || field >= t->vtable_entries)
        return 0;
    size_t offset = (size_t)load(t->r, t->vtable + 2 * (size_t)field, 2);
    if (offset == 0)
        return 0;
    if (offset < 4 || offset > t->bytes || width > t->bytes - offset) {
        fault(t->r, t->at, "a field outside its table");
        return 0;
    }
    return t->at + offset;
}

int64_t flat_int(const flat_table *t, unsigned field, unsigned width, int64_t fallback)
{
    size_t at = field_at(t, field, width);
    return at ? load_signed(t->r, at, width) : fallback;
}

uint64_t flat_uint(const flat_table *t, unsigned field, unsigned width, uint64_t fallback)
{
    size_t at = field_at(t, field, width);
    return at ? load(t->r, at, width) : fallback;
}

float flat_f32(const flat_table *t, unsigned field, float fallback)
{
    size_t at = field_at(t, field, 4);
    if (at)
        memcpy(&fallback, t->r->p + at, 4);
    return fallback;
}

flat_table flat_sub(const flat_table *t, unsigned field)
{
    size_t at = field_at(t, field, 4), to;
    return at && follow(t->r, at, &to) ? table_at(t->r, to) : (flat_table){.r = t->r};
}

flat_vector flat_vec(const flat_table *t, unsigned field, unsigned width)
{
    flat_vector v = {.r = t->r, .width = width};
    size_t      at = field_at(t, field, 4), to;
    if (!at || !follow(t->r, at, &to) || !inside(t->r, to, 4, "a count"))
        return v;
    uint32_t n = (uint32_t)load(t->r, to, 4);
    if (!inside(t->r, to + 4, (size_t)n * width, "a vector"))
        return v;
    v.at = to + 4;
    v.n = n;
    return v;
}

int64_t flat_vec_int(const flat_vector *v, uint32_t i)
{
    return i < v->n ? load_signed(v->r, v->at + (size_t)i * v->width, v->width) : 0;
}

float flat_vec_f32(const flat_vector *v, uint32_t i)
{
    float x = 0;
    if (i < v->n && v->width == 4)
        memcpy(&x, v->r->p + v->at + (size_t)i * 4, 4);
    return x;
}

flat_table flat_vec_table(const flat_vector *v, uint32_t i)
{
    size_t to;
    bool   there = i < v->n && v->width == 4 && follow(v->r, v->at + (size_t)i * 4, &to);
    return there ? table_at(v->r, to) : (flat_table){.r = v->r};
}

const unsigned char *flat_vec_bytes(const flat_vector *v)
{
    return v->n ? v->r->p + v->at : NULL;
}

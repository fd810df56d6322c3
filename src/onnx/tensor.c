/* TensorProto and ValueInfoProto. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "onnx/proto.h"

oc_dtype onnx_dtype(int64_t code)
{
    static const oc_dtype table[] = {
        [1] = OC_F32, [2] = OC_U8,   [3] = OC_I8,   [4] = OC_U16,  [5] = OC_I16,  [6] = OC_I32,
        [7] = OC_I64, [9] = OC_BOOL, [10] = OC_F16, [11] = OC_F64, [12] = OC_U32, [13] = OC_U64,
    };
    return code > 0 && code < (int64_t)(sizeof(table) / sizeof(table[0])) ? table[code]
                                                                          : OC_DTYPE_NONE;
}

/* The parts of a TensorProto, before they are put together. */
typedef struct parts {
    wire_span raw;
    bool      has_raw;
    bool      mapped; /* raw lies in a mapped file */
    int64_t   code, location;
    wire_span external[3]; /* location, offset, length */
    bool      has_external[3];
    /* typed data: the fields are walked a second time */
    uint32_t typed_field;
} parts;

static oc_status read_external_entry(const onnx_context *c, wire_span bytes, parts *p)
{
    static const char *const keys[] = {"location", "offset", "length"};
    wire_reader              r = {c->base, bytes};
    wire_field               f;
    wire_span                key = {0}, value = {0};
    oc_status                st = OC_OK;
    while (wire_next(&r, &f, &st, c->err)) {
        if (f.type == WIRE_BYTES && f.number == 1)
            key = f.bytes;
        else if (f.type == WIRE_BYTES && f.number == 2)
            value = f.bytes;
    }
    for (int i = 0; i < 3 && st == OC_OK; i++) {
        if (key.n == strlen(keys[i]) && memcmp(key.p, keys[i], key.n) == 0) {
            p->external[i] = value;
            p->has_external[i] = true;
        }
    }
    return st;
}

static oc_status add_dim(const onnx_context *c, oc_shape *shape, int64_t dim)
{
    if (shape->rank == OC_RANK_MAX)
        return OC_FAIL(c->err, OC_UNSUPPORTED, "more than %d dimensions", OC_RANK_MAX);
    if (dim < 0)
        return OC_FAIL(c->err, OC_FORMAT, "dimension %lld", (long long)dim);
    shape->dim[shape->rank++] = dim;
    return OC_OK;
}

static oc_status read_dims(const onnx_context *c, const wire_field *f, oc_shape *shape)
{
    if (f->type == WIRE_VARINT)
        return add_dim(c, shape, (int64_t)f->value);
    wire_span span = f->bytes;
    while (span.n) {
        uint64_t  v;
        oc_status st;
        if (!wire_varint(&span, &v))
            return OC_FAIL(c->err, OC_FORMAT, "cut short in its dimensions");
        if ((st = add_dim(c, shape, (int64_t)v)) != OC_OK)
            return st;
    }
    return OC_OK;
}

static oc_status read_parts(const onnx_context *c, wire_span bytes, onnx_tensor *t, parts *p)
{
    wire_reader r = {c->base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    while (st == OC_OK && wire_next(&r, &f, &st, c->err)) {
        switch (f.number) {
        case 1: st = read_dims(c, &f, &t->view.info.shape); break;
        case 2: p->code = (int64_t)f.value; break;
        case 4:
        case 5:
        case 7:
        case 10:
        case 11: p->typed_field = f.number; break;
        case 8: t->name = f.bytes; break;
        case 9:
            p->raw = f.bytes;
            p->has_raw = f.type == WIRE_BYTES;
            break;
        case 13: st = read_external_entry(c, f.bytes, p); break;
        case 14: p->location = (int64_t)f.value; break;
        default: break;
        }
    }
    return st;
}

static bool number_of(wire_span s, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    *out = v;
    return s.n > 0;
}

static oc_status read_external(const onnx_context *c, parts *p)
{
    uint64_t offset = 0, length = 0;
    if (!p->has_external[0] || (p->has_external[1] && !number_of(p->external[1], &offset)) ||
        (p->has_external[2] && !number_of(p->external[2], &length)))
        return OC_FAIL(c->err, OC_FORMAT, "malformed external data entry");
    char *location = oc_arena_strndup(c->mem, (const char *)p->external[0].p, p->external[0].n);
    if (!location)
        return OC_FAIL(c->err, OC_NOMEM, "external data");
    p->has_raw = true;
    return onnx_external(c, location, offset, length, p->has_external[2], &p->raw, &p->mapped);
}

/* One number of a typed field into an element of dtype. */
static void store(oc_dtype dtype, void *data, size_t i, uint64_t v)
{
    switch (oc_dtype_bytes(dtype)) {
    case 1: ((uint8_t *)data)[i] = (uint8_t)v; break;
    case 2: ((uint16_t *)data)[i] = (uint16_t)v; break;
    case 4: ((uint32_t *)data)[i] = (uint32_t)v; break;
    default: ((uint64_t *)data)[i] = v; break;
    }
}

static bool next_number(const oc_dtype dtype, wire_span *s, uint64_t *v)
{
    size_t n = dtype == OC_F32 ? 4 : dtype == OC_F64 ? 8 : 0;
    if (n == 0)
        return wire_varint(s, v);
    if (s->n < n)
        return false;
    *v = 0;
    memcpy(v, s->p, n);
    s->p += n;
    s->n -= n;
    return true;
}

/* float_data, int32_data, int64_data, double_data, uint64_data: packed or one a field. */
static oc_status read_typed(const onnx_context *c, wire_span bytes, uint32_t number, size_t n,
                            onnx_tensor *t)
{
    wire_reader r = {c->base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    size_t      at = 0;
    void       *data = oc_arena_alloc64(c->mem, n, oc_dtype_bytes(t->view.info.dtype));
    if (!data)
        return OC_FAIL(c->err, OC_NOMEM, "%zu elements", n);
    while (wire_next(&r, &f, &st, c->err)) {
        if (f.number != number)
            continue;
        if (f.type != WIRE_BYTES) {
            if (at < n)
                store(t->view.info.dtype, data, at, f.value);
            at++;
            continue;
        }
        while (f.bytes.n) {
            uint64_t v;
            if (!next_number(t->view.info.dtype, &f.bytes, &v))
                return OC_FAIL(c->err, OC_FORMAT, "cut short at element %zu", at);
            if (at < n)
                store(t->view.info.dtype, data, at, v);
            at++;
        }
    }
    if (st == OC_OK && at != n)
        st = OC_FAIL(c->err, OC_FORMAT, "has %zu elements, its shape wants %zu", at, n);
    t->view.data = data;
    return st;
}

/* protobuf aligns nothing: what lies askew is copied. */
static void *copy_askew(const onnx_context *c, const parts *p)
{
    void *data = p->raw.n < OC_ASKEW_BYTES_MIN ? oc_arena_dup(c->mem, p->raw.p, p->raw.n)
                                               : oc_askew_add(c->askew, p->raw.p, p->raw.n);
    if (data && p->mapped)
        oc_pages_release(p->raw.p, p->raw.n);
    return data;
}

static oc_status take_raw(const onnx_context *c, const parts *p, onnx_tensor *t)
{
    const wire_span raw = p->raw;

    size_t want, align = oc_dtype_bytes(t->view.info.dtype);
    if (!oc_tensor_bytes(&t->view.info, &want) || want != raw.n) {
        char shape[64];
        return OC_FAIL(c->err, OC_FORMAT, "has %zu bytes, its shape %s of %s does not fit", raw.n,
                       oc_shape_text(&t->view.info.shape, shape, sizeof(shape)),
                       oc_dtype_name(t->view.info.dtype));
    }
    t->view.data = (uintptr_t)raw.p % align == 0 ? (void *)(uintptr_t)raw.p : copy_askew(c, p);
    return t->view.data ? OC_OK : OC_FAIL(c->err, OC_NOMEM, "%zu bytes", raw.n);
}

oc_status onnx_read_tensor(const onnx_context *c, wire_span bytes, onnx_tensor *out)
{
    parts p = {.mapped = c->mapped};
    *out = (onnx_tensor){0};
    oc_status st = read_parts(c, bytes, out, &p);
    if (st != OC_OK)
        goto out;
    out->view.info.dtype = onnx_dtype(p.code);
    size_t n;
    if (out->view.info.dtype == OC_DTYPE_NONE)
        st = OC_FAIL(c->err, OC_UNSUPPORTED, "element type %lld", (long long)p.code);
    else if (!oc_shape_elements(&out->view.info.shape, &n) || n > SIZE_MAX / 16)
        st = OC_FAIL(c->err, OC_FORMAT, "its shape is too large");
    else if (p.location == 1 && (st = read_external(c, &p)) != OC_OK)
        goto out;
    else if (p.has_raw)
        st = take_raw(c, &p, out);
    else if (n > bytes.n * 8)
        st = OC_FAIL(c->err, OC_FORMAT, "has no data for %zu elements", n);
    else
        st = read_typed(c, bytes, p.typed_field, n, out);
out:
    if (st != OC_OK)
        oc_error_prefix(c->err, "tensor '%.*s'", (int)(out->name.n < 80 ? out->name.n : 80),
                        out->name.n ? (const char *)out->name.p : "");
    return st;
}

/* TensorShapeProto.Dimension: dim_value (1) or dim_param (2). */
static oc_status read_shape(const onnx_context *c, wire_span bytes, oc_shape *shape)
{
    wire_reader r = {c->base, bytes};
    wire_field  f, d;
    oc_status   st = OC_OK;
    while (st == OC_OK && wire_next(&r, &f, &st, c->err)) {
        if (f.number != 1 || f.type != WIRE_BYTES)
            continue;
        if (shape->rank == OC_RANK_MAX)
            return OC_FAIL(c->err, OC_UNSUPPORTED, "more than %d dimensions", OC_RANK_MAX);
        int64_t     dim = -1;
        wire_reader rd = {c->base, f.bytes};
        while (wire_next(&rd, &d, &st, c->err))
            if (d.number == 1 && d.type == WIRE_VARINT)
                dim = (int64_t)d.value;
        /* Some exporters write 0 for "not known".  Read so, a network that means it loses little:
         * its caller binds 0, which is as good a length as any.  The other way round, what is not
         * known would silently run on nothing. */
        shape->dim[shape->rank++] = dim > 0 ? dim : -1;
    }
    return st;
}

/* TypeProto.tensor_type: elem_type (1), shape (2). */
static oc_status read_type(const onnx_context *c, wire_span bytes, onnx_value_info *out)
{
    wire_reader r = {c->base, bytes};
    wire_field  f, t;
    oc_status   st = OC_OK;
    while (st == OC_OK && wire_next(&r, &f, &st, c->err)) {
        if (f.number != 1 || f.type != WIRE_BYTES)
            continue; /* sequences, maps: refused where they are used */
        wire_reader rt = {c->base, f.bytes};
        while (st == OC_OK && wire_next(&rt, &t, &st, c->err)) {
            if (t.number == 1)
                out->info.dtype = onnx_dtype((int64_t)t.value);
            else if (t.number == 2 && t.type == WIRE_BYTES)
                st = read_shape(c, t.bytes, &out->info.shape);
        }
    }
    return st;
}

oc_status onnx_read_value_info(const onnx_context *c, wire_span bytes, onnx_value_info *out)
{
    wire_reader r = {c->base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    *out = (onnx_value_info){0};
    while (st == OC_OK && wire_next(&r, &f, &st, c->err)) {
        if (f.number == 1 && f.type == WIRE_BYTES)
            out->name = f.bytes;
        else if (f.number == 2 && f.type == WIRE_BYTES)
            st = read_type(c, f.bytes, out);
    }
    return st;
}

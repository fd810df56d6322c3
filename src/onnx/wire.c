#include "onnx/wire.h"

#include <string.h>

bool wire_varint(wire_span *span, uint64_t *value)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 10 && i < span->n; i++) {
        unsigned char b = span->p[i];
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if (!(b & 0x80)) {
            span->p += i + 1;
            span->n -= i + 1;
            *value = v;
            return true;
        }
    }
    return false;
}

static bool take_fixed(wire_span *span, size_t n, uint64_t *value)
{
    if (span->n < n)
        return false;
    *value = 0;
    memcpy(value, span->p, n); /* little-endian hosts only */
    span->p += n;
    span->n -= n;
    return true;
}

static bool take_bytes(wire_span *span, wire_span *out)
{
    uint64_t n;
    if (!wire_varint(span, &n) || n > span->n)
        return false;
    *out = (wire_span){span->p, (size_t)n};
    span->p += n;
    span->n -= n;
    return true;
}

static bool take_value(wire_span *rest, wire_field *f)
{
    switch (f->type) {
    case WIRE_VARINT: return wire_varint(rest, &f->value);
    case WIRE_64: return take_fixed(rest, 8, &f->value);
    case WIRE_32: return take_fixed(rest, 4, &f->value);
    case WIRE_BYTES: return take_bytes(rest, &f->bytes);
    }
    return false;
}

bool wire_next(wire_reader *r, wire_field *field, oc_status *st, oc_error *err)
{
    if (r->rest.n == 0)
        return false;
    const unsigned char *at = r->rest.p;
    uint64_t             key;
    *field = (wire_field){0};
    if (wire_varint(&r->rest, &key) && key >> 3 != 0 && key >> 3 <= UINT32_MAX) {
        field->number = (uint32_t)(key >> 3);
        field->type = (wire_type)(key & 7);
        if (take_value(&r->rest, field))
            return true;
    }
    *st = OC_FAIL(err, OC_FORMAT, "not an ONNX file, or cut short: no valid field at byte %zu",
                  (size_t)(at - r->base));
    return false;
}

/* AttributeProto. */
#include <stdlib.h>
#include <string.h>

#include "onnx/attr.h"

/* Growing list of one repeated field, in two walks: count, then fill. */
static size_t count_numbers(const onnx_context *c, wire_span bytes, uint32_t number, size_t fixed)
{
    wire_reader r = {c->base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    size_t      n = 0;
    while (wire_next(&r, &f, &st, NULL)) {
        if (f.number != number)
            continue;
        if (f.type != WIRE_BYTES) {
            n++;
        } else if (fixed) {
            n += f.bytes.n / fixed;
        } else {
            uint64_t v;
            while (f.bytes.n && wire_varint(&f.bytes, &v))
                n++;
        }
    }
    return n;
}

static oc_status read_floats(const onnx_context *c, wire_span bytes, oc_attr *a)
{
    wire_reader r = {c->base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    a->n = count_numbers(c, bytes, 7, 4);
    float *x = oc_arena_alloc(c->mem, a->n ? a->n : 1, sizeof(*x));
    if (!x)
        return OC_FAIL(c->err, OC_NOMEM, "attribute");
    size_t at = 0;
    while (wire_next(&r, &f, &st, c->err)) {
        if (f.number != 7)
            continue;
        if (f.type == WIRE_32)
            memcpy(&x[at++], &f.value, 4);
        else if (f.type == WIRE_BYTES) {
            memcpy(&x[at], f.bytes.p, f.bytes.n / 4 * 4);
            at += f.bytes.n / 4;
        }
    }
    a->floats = x;
    return st;
}

static oc_status read_ints(const onnx_context *c, wire_span bytes, oc_attr *a)
{
    wire_reader r = {c->base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    a->n = count_numbers(c, bytes, 8, 0);
    int64_t *x = oc_arena_alloc(c->mem, a->n ? a->n : 1, sizeof(*x));
    if (!x)
        return OC_FAIL(c->err, OC_NOMEM, "attribute");
    size_t at = 0;
    while (wire_next(&r, &f, &st, c->err)) {
        if (f.number != 8)
            continue;
        if (f.type == WIRE_VARINT) {
            x[at++] = (int64_t)f.value;
        } else if (f.type == WIRE_BYTES) {
            uint64_t v;
            while (f.bytes.n && wire_varint(&f.bytes, &v))
                x[at++] = (int64_t)v;
        }
    }
    a->ints = x;
    return st;
}

static oc_status read_strings(const onnx_context *c, wire_span bytes, oc_attr *a)
{
    wire_reader  r = {c->base, bytes};
    wire_field   f;
    oc_status    st = OC_OK;
    const char **x;
    while (wire_next(&r, &f, &st, c->err))
        a->n += f.number == 9 && f.type == WIRE_BYTES;
    x = oc_arena_alloc(c->mem, a->n ? a->n : 1, sizeof(*x));
    if (!x)
        return OC_FAIL(c->err, OC_NOMEM, "attribute");
    r = (wire_reader){c->base, bytes};
    for (size_t at = 0; st == OC_OK && wire_next(&r, &f, &st, c->err);)
        if (f.number == 9 && f.type == WIRE_BYTES &&
            !(x[at++] = oc_arena_strndup(c->mem, (const char *)f.bytes.p, f.bytes.n)))
            st = OC_FAIL(c->err, OC_NOMEM, "attribute");
    a->strings = x;
    return st;
}

/* AttributeProto.type where it is there (IR version 2 on); else by the field that is set. */
static int kind_of(const onnx_context *c, wire_span bytes, oc_status *st)
{
    static const unsigned char by_field[] = {[2] = 1, [3] = 2, [4] = 3, [5] = 4,  [6] = 5,
                                             [7] = 6, [8] = 7, [9] = 8, [10] = 9, [11] = 10};
    wire_reader                r = {c->base, bytes};
    wire_field                 f;
    int                        type = 0, guess = 0;
    while (wire_next(&r, &f, st, c->err)) {
        if (f.number == 20 && f.type == WIRE_VARINT)
            type = f.value <= 14 ? (int)f.value : -1;
        else if (f.number < sizeof(by_field) && by_field[f.number])
            guess = by_field[f.number];
    }
    return type ? type : guess;
}

/* The last field of that number, as proto3 reads scalars; zero when it is not there. */
static wire_field field_of(const onnx_context *c, wire_span bytes, uint32_t number)
{
    wire_reader r = {c->base, bytes};
    wire_field  f, found = {0};
    oc_status   st = OC_OK;
    while (wire_next(&r, &f, &st, NULL))
        if (f.number == number)
            found = f;
    return found;
}

static oc_status read_value(const onnx_context *c, wire_span bytes, int kind, oc_attr *a)
{
    wire_field  f;
    onnx_tensor t;
    oc_status   st;
    switch (kind) {
    case 1:
        a->kind = OC_ATTR_FLOAT;
        f = field_of(c, bytes, 2);
        memcpy(&a->f, &f.value, 4);
        return OC_OK;
    case 2:
        a->kind = OC_ATTR_INT;
        a->i = (int64_t)field_of(c, bytes, 3).value;
        return OC_OK;
    case 3:
        a->kind = OC_ATTR_STRING;
        f = field_of(c, bytes, 4);
        a->n = f.bytes.n;
        a->s = oc_arena_strndup(c->mem, (const char *)f.bytes.p, f.bytes.n);
        return a->s ? OC_OK : OC_FAIL(c->err, OC_NOMEM, "attribute");
    case 4:
        a->kind = OC_ATTR_TENSOR;
        st = onnx_read_tensor(c, field_of(c, bytes, 5).bytes, &t);
        a->tensor = t.view;
        return st;
    case 6: a->kind = OC_ATTR_FLOATS; return read_floats(c, bytes, a);
    case 7: a->kind = OC_ATTR_INTS; return read_ints(c, bytes, a);
    case 8: a->kind = OC_ATTR_STRINGS; return read_strings(c, bytes, a);
    case 5: return OC_FAIL(c->err, OC_UNSUPPORTED, "holds a subgraph");
    default: return OC_FAIL(c->err, OC_UNSUPPORTED, "is of kind %d", kind);
    }
}

oc_status onnx_graph_attr(const onnx_context *c, wire_span bytes, oc_graph *graph, oc_attr *out)
{
    wire_field name = field_of(c, bytes, 1);
    *out = (oc_attr){.kind = OC_ATTR_GRAPH, .graph = graph};
    out->name = oc_arena_strndup(c->mem, (const char *)name.bytes.p, name.bytes.n);
    return out->name ? OC_OK : OC_FAIL(c->err, OC_NOMEM, "attribute");
}

oc_status onnx_read_attr(const onnx_context *c, wire_span bytes, oc_attr *out)
{
    oc_status  st = OC_OK;
    wire_field name;
    *out = (oc_attr){.name = ""};
    int kind = kind_of(c, bytes, &st);
    if (st != OC_OK)
        return st;
    name = field_of(c, bytes, 1);
    if (!(out->name = oc_arena_strndup(c->mem, (const char *)name.bytes.p, name.bytes.n)))
        return OC_FAIL(c->err, OC_NOMEM, "attribute");
    st = read_value(c, bytes, kind, out);
    if (st != OC_OK)
        oc_error_prefix(c->err, "attribute '%.40s'", out->name);
    return st;
}

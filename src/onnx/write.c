#include "onnx/write.h"

#include <assert.h>
#include <string.h>

void wire_put(wire_sink *s, const void *bytes, size_t n)
{
    if (s->file && n && fwrite(bytes, 1, n, s->file) != n)
        s->failed = true;
    if (s->memory && n)
        memcpy(s->memory + s->n, bytes, n);
    s->n += n;
}

void wire_put_varint(wire_sink *s, uint64_t value)
{
    unsigned char b[10];
    size_t        n = 0;
    do {
        b[n] = (unsigned char)(value & 0x7f);
        value >>= 7;
        b[n] |= value ? 0x80 : 0;
        n++;
    } while (value);
    wire_put(s, b, n);
}

static void put_key(wire_sink *s, uint32_t number, wire_type type)
{
    wire_put_varint(s, (uint64_t)number << 3 | type);
}

void wire_put_int(wire_sink *s, uint32_t number, int64_t value)
{
    put_key(s, number, WIRE_VARINT);
    wire_put_varint(s, (uint64_t)value);
}

void wire_put_float(wire_sink *s, uint32_t number, float value)
{
    put_key(s, number, WIRE_32);
    wire_put(s, &value, sizeof(value)); /* little-endian hosts only */
}

void wire_put_head(wire_sink *s, uint32_t number, size_t n)
{
    put_key(s, number, WIRE_BYTES);
    wire_put_varint(s, n);
}

void wire_put_bytes(wire_sink *s, uint32_t number, const void *bytes, size_t n)
{
    wire_put_head(s, number, n);
    wire_put(s, bytes, n);
}

void wire_put_text(wire_sink *s, uint32_t number, const char *text)
{
    wire_put_bytes(s, number, text, strlen(text));
}

void wire_put_field(wire_sink *s, const wire_field *field)
{
    if (field->type == WIRE_BYTES) {
        wire_put_bytes(s, field->number, field->bytes.p, field->bytes.n);
        return;
    }
    put_key(s, field->number, field->type);
    if (field->type == WIRE_VARINT)
        wire_put_varint(s, field->value);
    else
        wire_put(s, &field->value, field->type == WIRE_64 ? 8 : 4);
}

void wire_put_message(wire_sink *s, uint32_t number, wire_body_fn *body, const void *ctx)
{
    wire_sink count = {0};
    body(&count, ctx);
    wire_put_head(s, number, count.n);
    body(s, ctx);
}

int onnx_dtype_code(oc_dtype dtype)
{
    static const unsigned char table[] = {
        [OC_F32] = 1, [OC_U8] = 2,   [OC_I8] = 3,   [OC_U16] = 4,  [OC_I16] = 5,  [OC_I32] = 6,
        [OC_I64] = 7, [OC_BOOL] = 9, [OC_F16] = 10, [OC_F64] = 11, [OC_U32] = 12, [OC_U64] = 13,
    };
    return (size_t)dtype < sizeof(table) ? table[dtype] : 0;
}

static void put_packed(wire_sink *s, const int64_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wire_put_varint(s, (uint64_t)x[i]);
}

static void put_ints(wire_sink *s, uint32_t number, const int64_t *x, size_t n, bool packed)
{
    wire_sink count = {0};
    if (!packed) {
        for (size_t i = 0; i < n; i++)
            wire_put_int(s, number, x[i]);
        return;
    }
    put_packed(&count, x, n);
    wire_put_head(s, number, count.n);
    put_packed(s, x, n);
}

void onnx_put_tensor(wire_sink *s, const char *name, const oc_tensor_view *view)
{
    size_t bytes = 0;
    bool   fits = oc_tensor_bytes(&view->info, &bytes);
    assert(fits && onnx_dtype_code(view->info.dtype));
    (void)fits;
    if (view->info.shape.rank)
        put_ints(s, 1, view->info.shape.dim, view->info.shape.rank, true);
    wire_put_int(s, 2, onnx_dtype_code(view->info.dtype));
    if (*name)
        wire_put_text(s, 8, name);
    wire_put_bytes(s, 9, view->data, bytes);
}

static void put_attr_tensor(wire_sink *s, const void *ctx)
{
    const oc_attr *attr = ctx;
    onnx_put_tensor(s, "", &attr->tensor);
}

void onnx_put_attr(wire_sink *s, const oc_attr *a)
{
    static const unsigned char type[] = {
        [OC_ATTR_FLOAT] = 1,  [OC_ATTR_INT] = 2,  [OC_ATTR_STRING] = 3,  [OC_ATTR_TENSOR] = 4,
        [OC_ATTR_FLOATS] = 6, [OC_ATTR_INTS] = 7, [OC_ATTR_STRINGS] = 8,
    };
    assert(a->kind != OC_ATTR_GRAPH);
    wire_put_text(s, 1, a->name);
    switch (a->kind) {
    case OC_ATTR_FLOAT: wire_put_float(s, 2, a->f); break;
    case OC_ATTR_INT: wire_put_int(s, 3, a->i); break;
    case OC_ATTR_STRING: wire_put_bytes(s, 4, a->s, a->n); break;
    case OC_ATTR_TENSOR: wire_put_message(s, 5, put_attr_tensor, a); break;
    case OC_ATTR_FLOATS:
        for (size_t i = 0; i < a->n; i++)
            wire_put_float(s, 7, a->floats[i]);
        break;
    case OC_ATTR_INTS: put_ints(s, 8, a->ints, a->n, false); break;
    case OC_ATTR_STRINGS:
        for (size_t i = 0; i < a->n; i++)
            wire_put_text(s, 9, a->strings[i]);
        break;
    case OC_ATTR_GRAPH: break;
    }
    wire_put_int(s, 20, type[a->kind]);
}

/* ---- ValueInfoProto { name, type { tensor_type { elem_type, shape { dim { value } } } } } ---- */

typedef struct typed {
    oc_dtype        dtype;
    const oc_shape *shape;
} typed;

static void put_dim(wire_sink *s, const void *ctx)
{
    const int64_t *dim = ctx;
    if (*dim >= 0)
        wire_put_int(s, 1, *dim);
}

static void put_shape(wire_sink *s, const void *ctx)
{
    const oc_shape *shape = ctx;
    for (uint32_t i = 0; i < shape->rank; i++)
        wire_put_message(s, 1, put_dim, &shape->dim[i]);
}

static void put_tensor_type(wire_sink *s, const void *ctx)
{
    const typed *t = ctx;
    wire_put_int(s, 1, onnx_dtype_code(t->dtype));
    if (t->shape)
        wire_put_message(s, 2, put_shape, t->shape);
}

static void put_type(wire_sink *s, const void *ctx)
{
    wire_put_message(s, 1, put_tensor_type, ctx);
}

void onnx_put_value_info(wire_sink *s, const char *name, oc_dtype dtype, const oc_shape *shape)
{
    const typed t = {dtype, shape};
    wire_put_text(s, 1, name);
    wire_put_message(s, 2, put_type, &t);
}

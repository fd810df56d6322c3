#include "tensor_pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

typedef struct field {
    unsigned       number, wire;
    uint64_t       value; /* varint */
    const uint8_t *bytes; /* WIRE_BYTES, WIRE_64, WIRE_32 */
    size_t         n;
    const uint8_t *begin, *end; /* the whole field, tag included */
} field;

typedef struct cursor {
    const uint8_t *p, *end;
    bool           bad;
} cursor;

blob blob_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    blob  b = {0};
    long  n;

    if (!f)
        return b;
    if (fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
        b.p = malloc((size_t)n + 1);
        b.n = b.p ? fread(b.p, 1, (size_t)n, f) : 0;
    }
    fclose(f);
    return b;
}

void blob_free(blob *b)
{
    free(b->p);
    *b = (blob){0};
}

static uint64_t varint(cursor *c)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64 && c->p < c->end; shift += 7) {
        const uint8_t byte = *c->p++;

        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    c->bad = true;
    return 0;
}

static bool next(cursor *c, field *f)
{
    uint64_t tag;

    if (c->bad || c->p >= c->end)
        return false;
    *f = (field){.begin = c->p};
    tag = varint(c);
    f->number = (unsigned)(tag >> 3);
    f->wire = (unsigned)(tag & 7);
    if (f->wire == WIRE_VARINT)
        f->value = varint(c);
    f->n = f->wire == WIRE_BYTES ? varint(c) : f->wire == WIRE_64 ? 8 : f->wire == WIRE_32 ? 4 : 0;
    if (c->bad || f->n > (size_t)(c->end - c->p) || f->wire == 3 || f->wire == 4 || f->wire > 5) {
        c->bad = true;
        return false;
    }
    f->bytes = c->p;
    c->p += f->n;
    f->end = c->p;
    return true;
}

static oc_dtype dtype_of(int onnx)
{
    static const oc_dtype map[] = {
        [1] = OC_F32, [2] = OC_U8,   [3] = OC_I8,   [4] = OC_U16,  [5] = OC_I16,  [6] = OC_I32,
        [7] = OC_I64, [9] = OC_BOOL, [10] = OC_F16, [11] = OC_F64, [12] = OC_U32, [13] = OC_U64,
    };

    return onnx > 0 && onnx < (int)(sizeof(map) / sizeof(map[0])) ? map[onnx] : OC_DTYPE_NONE;
}

/* Element i gets the low bytes of v: how int32_data and its like carry small types. */
static void put(tensor *t, size_t capacity, size_t *i, uint64_t v)
{
    const size_t bytes = oc_dtype_bytes(t->view.info.dtype);

    if (*i < capacity)
        memcpy((char *)t->view.data + *i * bytes, &v, bytes); /* little-endian machines */
    (*i)++;
}

static void numbers(tensor *t, size_t capacity, size_t *i, const field *f, unsigned fixed)
{
    cursor c = {f->bytes, f->bytes + f->n, false};

    if (f->wire != WIRE_BYTES) {
        uint64_t v = f->value;

        if (fixed)
            memcpy(&v, f->bytes, fixed);
        put(t, capacity, i, v);
        return;
    }
    while (c.p < c.end && !c.bad) {
        uint64_t v = 0;

        if (!fixed) {
            v = varint(&c);
        } else if ((size_t)(c.end - c.p) >= fixed) {
            memcpy(&v, c.p, fixed);
            c.p += fixed;
        } else {
            break;
        }
        put(t, capacity, i, v);
    }
}

static bool header(blob bytes, tensor *out)
{
    cursor    c = {bytes.p, bytes.p + bytes.n, false};
    oc_shape *shape = &out->view.info.shape;
    field     f;

    while (next(&c, &f)) {
        if (f.number == 1 && f.wire == WIRE_VARINT && shape->rank < OC_RANK_MAX) {
            shape->dim[shape->rank++] = (int64_t)f.value;
        } else if (f.number == 1 && f.wire == WIRE_BYTES) {
            cursor d = {f.bytes, f.bytes + f.n, false};

            while (d.p < d.end && !d.bad && shape->rank < OC_RANK_MAX)
                shape->dim[shape->rank++] = (int64_t)varint(&d);
        } else if (f.number == 2) {
            out->onnx_type = (int)f.value;
        } else if (f.number == 8 && f.wire == WIRE_BYTES) {
            snprintf(out->name, sizeof(out->name), "%.*s", (int)f.n, (const char *)f.bytes);
        }
    }
    out->view.info.dtype = dtype_of(out->onnx_type);
    return !c.bad;
}

bool tensor_parse(blob bytes, tensor *out)
{
    cursor c = {bytes.p, bytes.p + bytes.n, false};
    size_t n, size, i = 0;
    field  f;

    memset(out, 0, sizeof(*out));
    if (!header(bytes, out))
        return false;
    if (!out->view.info.dtype)
        return true;
    if (!oc_shape_elements(&out->view.info.shape, &n) || !oc_tensor_bytes(&out->view.info, &size) ||
        n > bytes.n) /* at least a byte each: another message, read as a tensor */
        return false;
    out->view.data = calloc(size + 64, 1);
    while (out->view.data && next(&c, &f)) {
        if (f.number == 9 && f.wire == WIRE_BYTES)
            memcpy(out->view.data, f.bytes, f.n < size ? f.n : size);
        else if (f.number == 4)
            numbers(out, n, &i, &f, 4);
        else if (f.number == 10)
            numbers(out, n, &i, &f, 8);
        else if (f.number == 5 || f.number == 7 || f.number == 11)
            numbers(out, n, &i, &f, 0);
    }
    return out->view.data != NULL;
}

void tensor_free(tensor *t)
{
    free(t->view.data);
    t->view.data = NULL;
}

/* ---- writing ---- */

typedef struct sink {
    uint8_t *p;
    size_t   n, cap;
} sink;

static void emit(sink *s, const void *bytes, size_t n)
{
    if (s->n + n > s->cap) {
        s->cap = (s->n + n) * 2 + 64;
        s->p = realloc(s->p, s->cap);
        if (!s->p)
            abort();
    }
    memcpy(s->p + s->n, bytes, n);
    s->n += n;
}

static void emit_varint(sink *s, uint64_t v)
{
    uint8_t bytes[10];
    size_t  n = 0;

    do {
        bytes[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        v >>= 7;
    } while (v);
    emit(s, bytes, n);
}

static void emit_bytes(sink *s, unsigned number, const void *bytes, size_t n)
{
    emit_varint(s, (uint64_t)number << 3 | WIRE_BYTES);
    emit_varint(s, n);
    emit(s, bytes, n);
}

static void emit_initializer(sink *graph, const char *name, const tensor *t)
{
    sink   proto = {0};
    size_t size = 0;

    for (uint32_t d = 0; d < t->view.info.shape.rank; d++) {
        emit_varint(&proto, 1u << 3);
        emit_varint(&proto, (uint64_t)t->view.info.shape.dim[d]);
    }
    emit_varint(&proto, 2u << 3);
    emit_varint(&proto, (uint64_t)t->onnx_type);
    emit_bytes(&proto, 8, name, strlen(name));
    if (oc_tensor_bytes(&t->view.info, &size))
        emit_bytes(&proto, 9, t->view.data, size);
    emit_bytes(graph, 5, proto.p, proto.n);
    free(proto.p);
}

/* Is this ValueInfoProto the input called so? */
static bool is_named(const field *info, const char *name)
{
    cursor c = {info->bytes, info->bytes + info->n, false};
    field  f;

    while (next(&c, &f))
        if (f.number == 1 && f.wire == WIRE_BYTES)
            return f.n == strlen(name) && memcmp(f.bytes, name, f.n) == 0;
    return false;
}

blob model_with_constant(blob model, const char *name, const tensor *value)
{
    cursor c = {model.p, model.p + model.n, false};
    sink   out = {0};
    field  f;

    while (next(&c, &f)) {
        if (f.number == 7 && f.wire == WIRE_BYTES) { /* ModelProto.graph */
            cursor g = {f.bytes, f.bytes + f.n, false};
            sink   graph = {0};
            field  inner;

            while (next(&g, &inner))
                if (inner.number != 11 || !is_named(&inner, name)) /* GraphProto.input */
                    emit(&graph, inner.begin, (size_t)(inner.end - inner.begin));
            emit_initializer(&graph, name, value);
            emit_bytes(&out, 7, graph.p, graph.n);
            free(graph.p);
        } else {
            emit(&out, f.begin, (size_t)(f.end - f.begin));
        }
    }
    return (blob){out.p, out.n};
}

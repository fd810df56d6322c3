/* onnx_text.h -- writes small ONNX models for tests: messages are nested buffers. */
#ifndef OC_TESTS_ONNX_TEXT_H
#define OC_TESTS_ONNX_TEXT_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct pb {
    unsigned char data[1 << 16];
    size_t        n;
} pb;

static inline pb *pb_new(void)
{
    pb *p = calloc(1, sizeof(*p));
    assert(p);
    return p;
}

static inline void pb_byte(pb *p, unsigned b)
{
    assert(p->n < sizeof(p->data));
    p->data[p->n++] = (unsigned char)b;
}

static inline void pb_varint(pb *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        pb_byte(p, (unsigned)(v & 0x7f) | 0x80);
    pb_byte(p, (unsigned)v);
}

static inline void pb_int(pb *p, unsigned field, int64_t v)
{
    pb_varint(p, field << 3);
    pb_varint(p, (uint64_t)v);
}

static inline void pb_bytes(pb *p, unsigned field, const void *data, size_t n)
{
    pb_varint(p, field << 3 | 2);
    pb_varint(p, n);
    for (size_t i = 0; i < n; i++)
        pb_byte(p, ((const unsigned char *)data)[i]);
}

static inline void pb_text(pb *p, unsigned field, const char *s)
{
    pb_bytes(p, field, s, strlen(s));
}

/* Takes `child` over. */
static inline void pb_child(pb *p, unsigned field, pb *child)
{
    pb_bytes(p, field, child->data, child->n);
    free(child);
}

/* ---- ONNX ---- */

static inline pb *onnx_model(pb *graph, int opset)
{
    pb *m = pb_new(), *o = pb_new();
    pb_int(m, 1, 8);
    pb_int(o, 2, opset);
    pb_child(m, 8, o);
    pb_child(m, 7, graph);
    return m;
}

/* field 11: input, 12: output.  A dimension of -1 is left open. */
static inline void onnx_port(pb *graph, unsigned field, const char *name, int dtype, int rank,
                             const int64_t *dims)
{
    pb *v = pb_new(), *type = pb_new(), *tensor = pb_new(), *shape = pb_new();
    for (int i = 0; i < rank; i++) {
        pb *d = pb_new();
        if (dims[i] >= 0)
            pb_int(d, 1, dims[i]);
        else
            pb_text(d, 2, "open");
        pb_child(shape, 1, d);
    }
    pb_int(tensor, 1, dtype);
    pb_child(tensor, 2, shape);
    pb_child(type, 1, tensor);
    pb_text(v, 1, name);
    pb_child(v, 2, type);
    pb_child(graph, field, v);
}

static inline void onnx_tensor_raw(pb *graph, const char *name, int dtype, int rank,
                                   const int64_t *dims, const void *data, size_t bytes)
{
    pb *t = pb_new();
    for (int i = 0; i < rank; i++)
        pb_int(t, 1, dims[i]);
    pb_int(t, 2, dtype);
    pb_text(t, 8, name);
    pb_bytes(t, 9, data, bytes);
    pb_child(graph, 5, t);
}

static inline pb *onnx_attr_int(const char *name, int64_t v)
{
    pb *a = pb_new();
    pb_text(a, 1, name);
    pb_int(a, 3, v);
    pb_int(a, 20, 2);
    return a;
}

static inline pb *onnx_attr_ints(const char *name, size_t n, const int64_t *v)
{
    pb *a = pb_new();
    pb_text(a, 1, name);
    for (size_t i = 0; i < n; i++)
        pb_int(a, 8, v[i]);
    pb_int(a, 20, 7);
    return a;
}

/* Takes `graph` over. */
static inline pb *onnx_attr_graph(const char *name, pb *graph)
{
    pb *a = pb_new();
    pb_text(a, 1, name);
    pb_child(a, 6, graph);
    pb_int(a, 20, 5);
    return a;
}

/* in, out: names separated by spaces; "-" is an input left out.  attr may be NULL; it is taken. */
static inline void onnx_node(pb *graph, const char *op, const char *in, const char *out, pb *attr)
{
    pb         *n = pb_new();
    const char *lists[2] = {in, out};
    for (unsigned k = 0; k < 2; k++) {
        for (const char *s = lists[k]; *s;) {
            size_t len = strcspn(s, " ");
            pb_bytes(n, k + 1, s, len == 1 && *s == '-' ? 0 : len);
            s += len;
            s += strspn(s, " ");
        }
    }
    pb_text(n, 3, out);
    pb_text(n, 4, op);
    if (attr)
        pb_child(n, 5, attr);
    pb_child(graph, 1, n);
}

#endif

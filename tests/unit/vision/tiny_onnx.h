/* tiny_onnx.h -- writes the bytes of a network of one node, y = op(x): enough to test what stands
 * around networks. */
#ifndef OC_TESTS_TINY_ONNX_H
#define OC_TESTS_TINY_ONNX_H

#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct tiny_bytes {
    size_t  n;
    uint8_t data[1024];
} tiny_bytes;

static inline void tiny_varint(tiny_bytes *b, uint64_t v)
{
    do {
        assert_true(b->n < sizeof(b->data));
        b->data[b->n++] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        v >>= 7;
    } while (v);
}

static inline void tiny_number(tiny_bytes *b, unsigned field, uint64_t v)
{
    tiny_varint(b, field << 3);
    tiny_varint(b, v);
}

static inline void tiny_field(tiny_bytes *b, unsigned field, const void *data, size_t n)
{
    tiny_varint(b, field << 3 | 2);
    tiny_varint(b, n);
    assert_true(b->n + n <= sizeof(b->data));
    memcpy(b->data + b->n, data, n);
    b->n += n;
}

static inline void tiny_text(tiny_bytes *b, unsigned field, const char *text)
{
    tiny_field(b, field, text, strlen(text));
}

/* ValueInfoProto with element type and four dimensions; -1 = free. */
static inline void tiny_value(tiny_bytes *graph, unsigned field, const char *name, int type,
                              const int64_t dims[4])
{
    tiny_bytes shape = {0}, tensor = {0}, proto = {0}, value = {0};
    for (int i = 0; i < 4; i++) {
        tiny_bytes dim = {0};
        if (dims[i] >= 0)
            tiny_number(&dim, 1, (uint64_t)dims[i]);
        else
            tiny_text(&dim, 2, i == 2 ? "h" : "w");
        tiny_field(&shape, 1, dim.data, dim.n);
    }
    tiny_number(&tensor, 1, (uint64_t)type);
    tiny_field(&tensor, 2, shape.data, shape.n);
    tiny_field(&proto, 1, tensor.data, tensor.n);
    tiny_text(&value, 1, name);
    tiny_field(&value, 2, proto.data, proto.n);
    tiny_field(graph, field, value.data, value.n);
}

/* type: 1 float, 10 float16 (ONNX's numbers). */
static inline tiny_bytes tiny_onnx(const char *op, int type, const int64_t dims[4])
{
    tiny_bytes node = {0}, graph = {0}, opset = {0}, model = {0};
    tiny_text(&node, 1, "x");
    tiny_text(&node, 2, "y");
    tiny_text(&node, 3, "n");
    tiny_text(&node, 4, op);
    tiny_field(&graph, 1, node.data, node.n);
    tiny_text(&graph, 2, "g");
    tiny_value(&graph, 11, "x", type, dims);
    tiny_value(&graph, 12, "y", type, dims);
    tiny_number(&opset, 2, 13);
    tiny_number(&model, 1, 7);
    tiny_field(&model, 7, graph.data, graph.n);
    tiny_field(&model, 8, opset.data, opset.n);
    return model;
}

#endif

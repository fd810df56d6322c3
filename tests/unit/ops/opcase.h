/* opcase.h -- runs one operator by itself, the way the engine would: infer, layout, prepare, run in
 * ranges.  Values go in and come out plain; the case carries them into blocked layouts and back.
 *
 * Outputs are filled with junk before each run; several cuts into ranges, forwards and backwards,
 * must give the same bytes; lanes beyond C of a blocked output must be zero. */
#ifndef OPCASE_H
#define OPCASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/arena.h"
#include "ops/op.h"

#define OPCASE_MAX 80

typedef struct opcase {
    const oc_op *op;
    oc_node      node;
    oc_attr      attr[16];
    oc_isa       isa;
    oc_arena     mem;
    uint32_t     n_in, n_out;
    oc_slot      in[OPCASE_MAX], out[OPCASE_MAX];
    void        *plain[OPCASE_MAX]; /* contents of inputs, plain */
    bool         constant[OPCASE_MAX], offer_blocked[OPCASE_MAX];
    void        *result[OPCASE_MAX]; /* of outputs, plain */
    bool         was_blocked;        /* the first output was blocked in the last run */
    oc_error     err;
} opcase;

static inline void opcase_begin(opcase *c, const char *domain, const char *name, oc_isa isa)
{
    memset(c, 0, sizeof(*c));
    c->op = oc_op_find(domain, name);
    if (!c->op)
        fail_msg("no operator %s", name);
    c->node.name = "t";
    c->node.domain = domain;
    c->node.op_type = name;
    c->node.op = c->op;
    c->node.attrs = c->attr;
    c->node.opset = 13;
    c->isa = isa;
}

static inline void opcase_end(opcase *c)
{
    oc_arena_finish(&c->mem);
    memset(c, 0, sizeof(*c));
}

static inline oc_attr *opcase_attr(opcase *c, const char *name, oc_attr_kind kind)
{
    assert_true(c->node.n_attrs < 16);
    oc_attr *a = &c->attr[c->node.n_attrs++];
    *a = (oc_attr){.name = name, .kind = kind};
    return a;
}

static inline void opcase_attr_int(opcase *c, const char *name, int64_t i)
{
    opcase_attr(c, name, OC_ATTR_INT)->i = i;
}

static inline void opcase_attr_float(opcase *c, const char *name, float f)
{
    opcase_attr(c, name, OC_ATTR_FLOAT)->f = f;
}

static inline void opcase_attr_string(opcase *c, const char *name, const char *s)
{
    oc_attr *a = opcase_attr(c, name, OC_ATTR_STRING);
    a->s = s;
    a->n = strlen(s);
}

static inline void opcase_attr_ints(opcase *c, const char *name, const int64_t *ints, size_t n)
{
    oc_attr *a = opcase_attr(c, name, OC_ATTR_INTS);
    a->ints = ints;
    a->n = n;
}

static inline size_t opcase_elements(const oc_tensor_info *info)
{
    size_t n = 0;
    assert_true(oc_shape_elements(&info->shape, &n));
    return n;
}

/* Adds an input with a copy of `data` (NULL: random bytes; floats between -4 and 4). */
static inline uint32_t opcase_input(opcase *c, oc_dtype dtype, oc_shape shape, const void *data)
{
    static uint32_t seed = 12345;
    uint32_t        i = c->n_in++;
    assert_true(i < OPCASE_MAX);
    c->in[i].info = (oc_tensor_info){dtype, shape};
    size_t n = opcase_elements(&c->in[i].info), bytes = n * oc_dtype_bytes(dtype);
    c->plain[i] = oc_arena_alloc64(&c->mem, bytes + 1, 1);
    if (data && bytes)
        memcpy(c->plain[i], data, bytes);
    for (size_t k = 0; !data && k < (dtype == OC_F32 ? n : bytes); k++) {
        seed = seed * 1664525u + 1013904223u;
        if (dtype == OC_F32)
            ((float *)c->plain[i])[k] = (float)(seed >> 8) / 16777216.0f * 8.0f - 4.0f;
        else
            ((uint8_t *)c->plain[i])[k] = (uint8_t)(seed >> 24);
    }
    return i;
}

static inline void opcase_const(opcase *c, oc_dtype dtype, oc_shape shape, const void *data)
{
    c->constant[opcase_input(c, dtype, shape, data)] = true;
}

static inline void opcase_ints(opcase *c, const int64_t *ints, size_t n)
{
    opcase_const(c, OC_I64, (oc_shape){1, {(int64_t)n}}, ints);
}

static inline void opcase_absent(opcase *c)
{
    c->in[c->n_in++] = (oc_slot){0};
}

static inline size_t opcase_blocked_floats(const oc_shape *s)
{
    return (size_t)(s->dim[0] * ((s->dim[1] + 7) / 8) * s->dim[2] * s->dim[3]) * 8;
}

static inline size_t opcase_blocked_at(const oc_shape *s, size_t i)
{
    size_t hw = (size_t)(s->dim[2] * s->dim[3]), ch = (size_t)s->dim[1];
    size_t p = i % hw, k = i / hw % ch, n = i / hw / ch;
    return ((n * ((ch + 7) / 8) + k / 8) * hw + p) * 8 + k % 8;
}

static inline oc_status opcase_infer(opcase *c, uint32_t n_out)
{
    const void    *data[OPCASE_MAX];
    oc_tensor_info in[OPCASE_MAX], out[OPCASE_MAX];
    memset(out, 0, sizeof(out));
    c->n_out = n_out;
    c->node.n_in = c->n_in;
    c->node.n_out = n_out;
    for (uint32_t i = 0; i < c->n_in; i++) {
        in[i] = c->in[i].info;
        data[i] = c->constant[i] ? c->plain[i] : NULL;
    }
    oc_infer ask = {
        .node = &c->node, .in = in, .in_data = data, .n_in = c->n_in, .n_out = n_out, .out = out};
    oc_status st = c->op->infer(&ask, &c->err);
    for (uint32_t i = 0; i < n_out; i++)
        c->out[i].info = out[i];
    return st;
}

static inline void opcase_layouts(opcase *c)
{
    oc_layout_ask ask = {
        .node = &c->node, .in = c->in, .out = c->out, .n_in = c->n_in, .n_out = c->n_out};
    for (uint32_t i = 0; i < c->n_in; i++) {
        c->in[i].layout = c->offer_blocked[i] ? OC_LAYOUT_NC8 : OC_LAYOUT_PLAIN;
        c->in[i].data = c->constant[i] ? c->plain[i] : NULL;
    }
    bool yes = c->op->layout && c->op->layout(&ask);
    for (uint32_t i = 0; i < c->n_in; i++)
        c->in[i].layout = yes && ask.want_in[i] ? OC_LAYOUT_NC8 : OC_LAYOUT_PLAIN;
    for (uint32_t i = 0; i < c->n_out; i++)
        c->out[i].layout = yes && ask.want_out[i] ? OC_LAYOUT_NC8 : OC_LAYOUT_PLAIN;
    c->was_blocked = c->out[0].layout == OC_LAYOUT_NC8;
}

static inline void *opcase_lay_input(opcase *c, uint32_t i)
{
    const oc_slot *s = &c->in[i];
    if (s->layout != OC_LAYOUT_NC8)
        return c->plain[i];
    const size_t size = oc_dtype_bytes(s->info.dtype); /* floats or bytes */
    const bool   bytes = size == 1;
    char        *to = oc_arena_alloc64(&c->mem, opcase_blocked_floats(&s->info.shape), size);
    if (bytes) /* lanes beyond C hold anything */
        memset(to, 0x5a, opcase_blocked_floats(&s->info.shape));
    for (size_t k = 0; k < opcase_elements(&s->info); k++)
        memcpy(to + opcase_blocked_at(&s->info.shape, k) * size,
               (const char *)c->plain[i] + k * size, size);
    return to;
}

static inline void opcase_phase(const opcase *c, const oc_work *work, oc_op_run *r, int cut)
{
    size_t units = work->phase[r->phase].units, grain = work->phase[r->phase].grain;
    size_t step = cut == 0 ? units : cut == 1 ? grain : 1;
    step = step ? step : 1;
    size_t n = (units + step - 1) / step;
    for (size_t k = 0; k < n; k++) {
        size_t at = (cut == 2 ? n - 1 - k : k) * step;
        r->part = (oc_range){at, units - at < step ? units : at + step};
        memset(r->scratch, 0xa5, work->scratch_bytes);
        c->op->run(r);
    }
}

static inline size_t opcase_out_bytes(const oc_slot *s)
{
    if (s->layout == OC_LAYOUT_NC8)
        return opcase_blocked_floats(&s->info.shape) * oc_dtype_bytes(s->info.dtype);
    return opcase_elements(&s->info) * oc_dtype_bytes(s->info.dtype);
}

static inline void *opcase_read_output(opcase *c, uint32_t i, const void *raw)
{
    const oc_slot *s = &c->out[i];
    size_t         n = opcase_elements(&s->info);
    if (s->layout != OC_LAYOUT_NC8)
        return oc_arena_dup(&c->mem, raw, opcase_out_bytes(s));
    size_t all = opcase_blocked_floats(&s->info.shape);
    if (oc_dtype_bytes(s->info.dtype) == 1) {
        uint8_t *bytes = oc_arena_alloc64(&c->mem, n, 1);
        for (size_t k = 0; k < n; k++)
            bytes[k] = ((const uint8_t *)raw)[opcase_blocked_at(&s->info.shape, k)];
        return bytes;
    }
    float *to = oc_arena_alloc64(&c->mem, n, sizeof(float));
    float *rest = oc_arena_dup(&c->mem, raw, all * sizeof(float));
    for (size_t k = 0; k < n; k++) {
        size_t at = opcase_blocked_at(&s->info.shape, k);
        to[k] = rest[at];
        rest[at] = 0.0f;
    }
    for (size_t k = 0; k < all; k++)
        if (rest[k] != 0.0f)
            fail_msg("%s: output %u: a lane beyond C holds %g", c->op->name, i, (double)rest[k]);
    return to;
}

/* Prepares and runs; results in c->result. */
static inline oc_status opcase_execute(opcase *c)
{
    oc_work        work = {0};
    oc_tensor_view in[OPCASE_MAX], out[OPCASE_MAX];
    oc_slot        slots[OPCASE_MAX];
    void          *first[OPCASE_MAX];
    for (uint32_t i = 0; i < c->n_in; i++) {
        void *data = c->in[i].info.dtype ? opcase_lay_input(c, i) : NULL;
        in[i] = (oc_tensor_view){c->in[i].info, data};
        slots[i] = c->in[i];
        slots[i].data = c->constant[i] ? data : NULL;
    }
    void      *state = oc_arena_alloc64(&c->mem, c->op->state_size, 1);
    oc_prepare p = {.node = &c->node,
                    .in = slots,
                    .out = c->out,
                    .n_in = c->n_in,
                    .n_out = c->n_out,
                    .isa = c->isa,
                    .mem = &c->mem,
                    .state = state,
                    .work = &work};
    oc_status  st = c->op->prepare(&p, &c->err);
    if (st != OC_OK)
        return st;
    for (int cut = 0; cut < 3; cut++) {
        for (uint32_t i = 0; i < c->n_out; i++) {
            void *raw = oc_arena_alloc64(&c->mem, opcase_out_bytes(&c->out[i]) + 1, 1);
            memset(raw, 0xa5, opcase_out_bytes(&c->out[i]));
            out[i] = (oc_tensor_view){c->out[i].info, raw};
        }
        oc_op_run r = {state, in, out, c->n_in, c->n_out, 0, {0, 0}, NULL};
        r.scratch = oc_arena_alloc64(&c->mem, work.scratch_bytes + 1, 1);
        for (uint32_t phases = work.n_phases ? work.n_phases : 1; r.phase < phases; r.phase++)
            opcase_phase(c, &work, &r, cut);
        for (uint32_t i = 0; i < c->n_out; i++) {
            if (cut == 0)
                first[i] = out[i].data;
            else if (memcmp(first[i], out[i].data, opcase_out_bytes(&c->out[i])) != 0)
                fail_msg("%s: output %u differs when cut otherwise", c->op->name, i);
        }
    }
    for (uint32_t i = 0; i < c->n_out; i++)
        c->result[i] = opcase_read_output(c, i, first[i]);
    return OC_OK;
}

/* infer, layout, prepare, run; a failure of any fails the test. */
static inline void opcase_run(opcase *c, uint32_t n_out)
{
    if (opcase_infer(c, n_out) != OC_OK)
        fail_msg("%s: infer: %s", c->op->name, c->err.message);
    opcase_layouts(c);
    if (opcase_execute(c) != OC_OK)
        fail_msg("%s: prepare: %s", c->op->name, c->err.message);
}

/* ---- what tests of operators that move elements compare with ---- */

/* Fills in[] for the output element at[]; false: the element is to be zero. */
typedef bool opcase_map(const void *ctx, const int64_t *at, int64_t *in);

static inline void opcase_expect_moved(opcase *c, uint32_t out, uint32_t in, opcase_map *map,
                                       const void *ctx)
{
    const oc_shape *os = &c->out[out].info.shape, *is = &c->in[in].info.shape;
    size_t          elem = oc_dtype_bytes(c->out[out].info.dtype);
    const char      zero[8] = {0};
    for (size_t k = 0; k < opcase_elements(&c->out[out].info); k++) {
        int64_t at[OC_RANK_MAX] = {0}, from[OC_RANK_MAX] = {0};
        size_t  left = k, src = 0;
        for (uint32_t i = os->rank; i-- > 0; left /= (size_t)os->dim[i])
            at[i] = (int64_t)(left % (size_t)os->dim[i]);
        const char *want = zero;
        if (map(ctx, at, from)) {
            for (uint32_t i = 0; i < is->rank; i++)
                src = src * (size_t)is->dim[i] + (size_t)from[i];
            want = (const char *)c->plain[in] + src * elem;
        }
        if (memcmp(want, (const char *)c->result[out] + k * elem, elem) != 0)
            fail_msg("%s: output %u, element %zu is not input %u, element %zu", c->op->name, out, k,
                     in, src);
    }
}

#define DIMS(...)                                           \
    (oc_shape)                                              \
    {                                                       \
        sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
        {                                                   \
            __VA_ARGS__                                     \
        }                                                   \
    }
#define INTS(c, ...)                               \
    opcase_ints(c, (const int64_t[]){__VA_ARGS__}, \
                sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define ATTR_INTS(c, name, ...)                               \
    opcase_attr_ints(c, name, (const int64_t[]){__VA_ARGS__}, \
                     sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* k = 0: reference kernels; 1: all this processor has. */
static inline oc_isa opcase_isa(int k)
{
    return k ? oc_cpu_isa() : OC_ISA_NONE;
}

#endif

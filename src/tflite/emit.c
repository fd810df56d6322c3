/* Nodes, tensors in both forms, results. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tflite/lower.h"

#define OPSET 14 /* of ONNX, whose meaning the emitted nodes have */

static const int64_t  to_planar[4] = {0, 3, 1, 2}, to_file[4] = {0, 2, 3, 1};
static const uint32_t planar_perm[4] = {0, 3, 1, 2};

/* ---- failures ---- */

bool tfl_ok(const tfl_op *o)
{
    return o->im->status == OC_OK && o->im->flat.status == OC_OK;
}

void tfl_fail(tfl_op *o, oc_status status, const char *fmt, ...)
{
    char    text[256];
    va_list ap;
    if (!tfl_ok(o))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    o->im->status = OC_FAIL(o->im->err, status, "%s", text);
}

/* ---- tensors ---- */

static tfl_tensor *tensor_of(const tfl_op *o, const flat_vector *ids, uint32_t i)
{
    int64_t id = i < ids->n ? flat_vec_int(ids, i) : -1;
    return id >= 0 && id < o->im->n_tensors ? &o->im->tensors[id]
                                            : &o->im->tensors[o->im->n_tensors];
}

bool tfl_has(const tfl_op *o, uint32_t i)
{
    return i < o->in.n && flat_vec_int(&o->in, i) >= 0;
}

tfl_tensor *tfl_in(const tfl_op *o, uint32_t i)
{
    return tensor_of(o, &o->in, i);
}

tfl_tensor *tfl_out(const tfl_op *o, uint32_t i)
{
    return tensor_of(o, &o->out, i);
}

bool tfl_is_quantised(const tfl_tensor *t)
{
    return t->scale.n > 0 && (t->dtype == OC_I8 || t->dtype == OC_U8);
}

bool tfl_same_quantisation(const tfl_tensor *a, const tfl_tensor *b)
{
    if (!tfl_is_quantised(a) || !tfl_is_quantised(b))
        return !tfl_is_quantised(a) && !tfl_is_quantised(b);
    return a->dtype == b->dtype && a->scale.n == 1 && b->scale.n == 1 &&
           flat_vec_f32(&a->scale, 0) == flat_vec_f32(&b->scale, 0) &&
           flat_vec_int(&a->zero, 0) == flat_vec_int(&b->zero, 0);
}

uint32_t tfl_axis(tfl_op *o, int64_t axis, uint32_t rank)
{
    if (axis < -(int64_t)rank || axis >= (int64_t)rank) {
        tfl_fail(o, OC_FORMAT, "axis %lld of a tensor of rank %u", (long long)axis, rank);
        return 0;
    }
    return (uint32_t)(axis < 0 ? axis + rank : axis);
}

uint32_t tfl_axis_in(tfl_form form, uint32_t i)
{
    static const uint32_t planar[4] = {0, 2, 3, 1};
    return form == TFL_PLANAR && i < 4 ? planar[i] : i;
}

tfl_form tfl_form_of(const tfl_op *o, uint32_t n_in)
{
    bool any = false;
    for (uint32_t i = 0; i < n_in; i++) {
        const tfl_tensor *t = tfl_in(o, i);
        if (t->data ? t->shape.rank > 4 : t->shape.rank != 4)
            return TFL_FILE;
        any = any || (!t->data && t->value[TFL_PLANAR] != OC_VID_NONE);
    }
    return any ? TFL_PLANAR : TFL_FILE;
}

static oc_vid constant_value(tfl_op *o, tfl_tensor *t, tfl_form form)
{
    size_t   size = oc_dtype_bytes(t->dtype);
    oc_shape shape = t->shape, given = t->shape;
    oc_vid   v;
    if (form == TFL_PLANAR) { /* dimensions in front, as broadcasting has it */
        shape = (oc_shape){.rank = 4, .dim = {1, 1, 1, 1}};
        for (uint32_t i = 0; i < given.rank && given.rank <= 4; i++)
            shape.dim[4 - given.rank + i] = given.dim[i];
        t->shape = shape;
        v = tfl_weights(o, t, planar_perm, false);
        t->shape = given;
        return v;
    }
    if (t->stored == t->dtype && (uintptr_t)t->data % (size ? size : 1) == 0)
        return tfl_const_bytes(o, t->dtype, &shape, t->data);
    return tfl_weights(o, t, NULL, false);
}

oc_vid tfl_value(tfl_op *o, tfl_tensor *t, tfl_form form)
{
    tfl_form other = form == TFL_FILE ? TFL_PLANAR : TFL_FILE;
    if (!tfl_ok(o))
        return OC_VID_NONE;
    if (t->value[form] != OC_VID_NONE)
        return t->value[form];
    if (t->data)
        t->value[form] = constant_value(o, t, form);
    else if (t->value[other] != OC_VID_NONE && t->shape.rank == 4)
        t->value[form] =
            tfl_emit(o, "Transpose", TFL_IN(t->value[other]),
                     TFL_ATTRS(tfl_ints(o, "perm", form == TFL_FILE ? to_file : to_planar, 4)));
    else
        tfl_fail(o, OC_FORMAT, "'%.80s' is no picture: %u dimensions", t->name, t->shape.rank);
    return t->value[form];
}

oc_vid tfl_real(tfl_op *o, tfl_tensor *t, tfl_form form)
{
    if (!tfl_is_quantised(t))
        return tfl_value(o, t, form);
    if (t->scale.n != 1) {
        tfl_fail(o, OC_UNSUPPORTED, "'%.80s' has a scale per channel", t->name);
        return OC_VID_NONE;
    }
    return tfl_emit(o, "DequantizeLinear",
                    TFL_IN(tfl_value(o, t, form), tfl_scale(o, t), tfl_zero(o, t)), TFL_NO_ATTRS);
}

/* ---- nodes ---- */

oc_attr tfl_int(const char *name, int64_t value)
{
    return (oc_attr){.name = name, .kind = OC_ATTR_INT, .i = value};
}

oc_attr tfl_float(const char *name, float value)
{
    return (oc_attr){.name = name, .kind = OC_ATTR_FLOAT, .f = value};
}

oc_attr tfl_text(const char *name, const char *value)
{
    return (oc_attr){.name = name, .kind = OC_ATTR_STRING, .n = strlen(value), .s = value};
}

oc_attr tfl_ints(tfl_op *o, const char *name, const int64_t *values, uint32_t n)
{
    int64_t *copy = tfl_memory(o, n, sizeof(*copy));
    if (copy)
        memcpy(copy, values, n * sizeof(*copy));
    return (oc_attr){.name = name, .kind = OC_ATTR_INTS, .n = copy ? n : 0, .ints = copy};
}

static const oc_op *find_op(const char *type)
{
    static const char *const domains[] = {"com.microsoft.", "ocellus."};
    static const char *const names[] = {"com.microsoft", "ocellus"};
    for (size_t i = 0; i < 2; i++)
        if (strncmp(type, domains[i], strlen(domains[i])) == 0)
            return oc_op_find(names[i], type + strlen(domains[i]));
    return oc_op_find("", type);
}

static oc_status add_node(tfl_op *o, const char *type, const oc_vid *in, uint32_t n_in,
                          const oc_attr *attrs, uint32_t n_attrs, oc_vid *out, uint32_t n_out)
{
    oc_graph    *g = o->im->graph;
    oc_error    *err = o->im->err;
    const oc_op *op = find_op(type);
    oc_node     *node;
    oc_status    st;
    if (!op)
        return OC_FAIL(err, OC_UNSUPPORTED, "operator %s is not built in", type);
    st = oc_graph_add_node(g, tfl_out(o, 0)->name, op->name, n_in, n_out, &node, err);
    if (st != OC_OK)
        return st;
    node->op = op;
    node->domain = op->domain;
    node->opset = op->domain[0] ? 1 : OPSET;
    memcpy(node->in, in, n_in * sizeof(*in));
    if (n_attrs && !(node->attrs = oc_arena_dup(&g->arena, attrs, n_attrs * sizeof(*attrs))))
        return OC_FAIL(err, OC_NOMEM, "attributes");
    node->n_attrs = n_attrs;
    for (uint32_t i = 0; i < n_out; i++) {
        if ((st = oc_graph_add_value(g, tfl_out(o, i)->name, &out[i], err)) != OC_OK)
            return st;
        node->out[i] = out[i];
    }
    return OC_OK;
}

void tfl_emit_many(tfl_op *o, const char *type, const oc_vid *in, uint32_t n_in,
                   const oc_attr *attrs, uint32_t n_attrs, oc_vid *out, uint32_t n_out)
{
    oc_status st;
    for (uint32_t i = 0; i < n_out; i++)
        out[i] = OC_VID_NONE;
    if (!tfl_ok(o))
        return;
    while (n_in && in[n_in - 1] == OC_VID_NONE)
        n_in--; /* left out at the end */
    if ((st = add_node(o, type, in, n_in, attrs, n_attrs, out, n_out)) != OC_OK)
        o->im->status = st;
}

oc_vid tfl_emit(tfl_op *o, const char *type, const oc_vid *in, uint32_t n_in, const oc_attr *attrs,
                uint32_t n_attrs)
{
    oc_vid out;
    tfl_emit_many(o, type, in, n_in, attrs, n_attrs, &out, 1);
    return out;
}

/* ---- activations ---- */

static oc_vid clip(tfl_op *o, oc_vid x, float lo, float hi)
{
    return tfl_emit(o, "Clip", TFL_IN(x, tfl_const_f32(o, lo), tfl_const_f32(o, hi)), TFL_NO_ATTRS);
}

oc_vid tfl_activate(tfl_op *o, oc_vid x, int64_t activation)
{
    switch (activation) {
    case 0: return x;
    case 1: return tfl_emit(o, "Relu", TFL_IN(x), TFL_NO_ATTRS);
    case 2: return clip(o, x, -1, 1);
    case 3: return clip(o, x, 0, 6);
    default: break; /* TANH too: the schema has it, TFLite's own kernels pass it over */
    }
    tfl_fail(o, OC_UNSUPPORTED, "fused activation %lld", (long long)activation);
    return x;
}

bool tfl_byte_range(tfl_op *o, const tfl_tensor *t, int64_t activation, int32_t *lo, int32_t *hi)
{
    static const float least[] = {0, 0, -1, 0}, most[] = {0, INFINITY, 1, 6};
    int32_t            min = t->dtype == OC_I8 ? -128 : 0, max = min + 255;
    float              scale = flat_vec_f32(&t->scale, 0);
    int32_t            zero = (int32_t)flat_vec_int(&t->zero, 0);
    *lo = min;
    *hi = max;
    if (activation == 0)
        return false;
    if (activation < 0 || activation > 3) {
        tfl_fail(o, OC_UNSUPPORTED, "fused activation %lld on bytes", (long long)activation);
        return false;
    }
    float a = roundf(least[activation] / scale) + (float)zero;
    float b = roundf(most[activation] / scale) + (float)zero;
    *lo = a > (float)max ? max : a > (float)min ? (int32_t)a : min;
    *hi = b > (float)max ? max : b > (float)min ? (int32_t)b : min;
    return *lo > min || *hi < max;
}

/* ---- results ---- */

void tfl_give(tfl_op *o, uint32_t i, oc_vid v, tfl_form form)
{
    tfl_tensor *t = tfl_out(o, i);
    if (!tfl_ok(o))
        return;
    if (t->made || t->data) {
        tfl_fail(o, OC_FORMAT, "'%.80s' is made twice", t->name);
        return;
    }
    t->value[form] = v;
    t->made = true;
}

void tfl_give_real(tfl_op *o, uint32_t i, oc_vid v, tfl_form form)
{
    const tfl_tensor *t = tfl_out(o, i);
    if (tfl_is_quantised(t))
        v = tfl_emit(o, "QuantizeLinear", TFL_IN(v, tfl_scale(o, t), tfl_zero(o, t)), TFL_NO_ATTRS);
    tfl_give(o, i, v, form);
}

/* Constants: of the file, in the order and type an operator wants them, and of our own. */
#include <string.h>

#include "tensor/half.h"
#include "tflite/lower.h"

void *tfl_memory(tfl_op *o, size_t n, size_t size)
{
    tfl_importer *im = o->im;
    size_t        bytes;
    void         *p = NULL;
    if (!tfl_ok(o))
        return NULL;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > im->made_bytes_max - im->made_bytes) {
        tfl_fail(o, OC_UNSUPPORTED, "its constants are many times as large as the file");
        return NULL;
    }
    im->made_bytes += bytes;
    if (!(p = oc_arena_alloc64(&im->graph->arena, bytes ? bytes : 1, 1)))
        tfl_fail(o, OC_NOMEM, "%zu bytes of constants", bytes);
    return p;
}

oc_vid tfl_const_bytes(tfl_op *o, oc_dtype dtype, const oc_shape *shape, const void *data)
{
    oc_vid v = OC_VID_NONE;
    if (!tfl_ok(o))
        return v;
    oc_status st = oc_graph_add_value(o->im->graph, tfl_out(o, 0)->name, &v, o->im->err);
    if (st != OC_OK) {
        o->im->status = st;
        return OC_VID_NONE;
    }
    o->im->graph->values[v].info = (oc_tensor_info){dtype, *shape};
    o->im->graph->values[v].data = data;
    return v;
}

oc_vid tfl_const_i64(tfl_op *o, const int64_t *values, uint32_t n)
{
    int64_t *copy = tfl_memory(o, n, sizeof(*copy));
    if (!copy)
        return OC_VID_NONE;
    if (n)
        memcpy(copy, values, n * sizeof(*copy));
    return tfl_const_bytes(o, OC_I64, &(oc_shape){.rank = 1, .dim = {n}}, copy);
}

oc_vid tfl_const_f32(tfl_op *o, float value)
{
    float *copy = tfl_memory(o, 1, sizeof(*copy));
    if (!copy)
        return OC_VID_NONE;
    *copy = value;
    return tfl_const_bytes(o, OC_F32, &(oc_shape){0}, copy);
}

/* ---- the file's constants ---- */

/* A walk over `shape` in the order of `perm`: where in the source each element of the result lies. */
typedef struct walk {
    uint32_t rank;
    int64_t  dim[OC_RANK_MAX], step[OC_RANK_MAX], at[OC_RANK_MAX];
    size_t   source;
} walk;

static void walk_start(walk *w, const oc_shape *shape, const uint32_t *perm)
{
    int64_t step[OC_RANK_MAX], all = 1;
    *w = (walk){.rank = shape->rank};
    for (uint32_t i = shape->rank; i-- > 0; all *= shape->dim[i])
        step[i] = all;
    for (uint32_t i = 0; i < shape->rank; i++) {
        uint32_t from = perm ? perm[i] : i;
        w->dim[i] = shape->dim[from];
        w->step[i] = step[from];
    }
}

static void walk_next(walk *w)
{
    for (uint32_t i = w->rank; i-- > 0;) {
        w->source += (size_t)w->step[i];
        if (++w->at[i] < w->dim[i])
            return;
        w->source -= (size_t)(w->step[i] * w->dim[i]);
        w->at[i] = 0;
    }
}

static int64_t stored_int(const tfl_tensor *t, size_t i)
{
    int32_t v32;
    switch (t->stored) {
    case OC_I8: return (int8_t)t->data[i];
    case OC_U8: return t->data[i];
    default: memcpy(&v32, t->data + 4 * i, 4); return v32;
    }
}

static float stored_real(const tfl_tensor *t, size_t i, uint32_t channel)
{
    oc_half h;
    float   f;
    switch (t->stored) {
    case OC_F32: memcpy(&f, t->data + 4 * i, 4); return f;
    case OC_F16: memcpy(&h, t->data + 2 * i, 2); return oc_half_to_float(h);
    default: break;
    }
    uint32_t k = t->scale.n > 1 ? channel : 0;
    int64_t  zero = flat_vec_int(&t->zero, t->zero.n > 1 ? channel : 0);
    return flat_vec_f32(&t->scale, k) * (float)(stored_int(t, i) - zero);
}

static bool can_be_real(const tfl_tensor *t)
{
    bool whole = t->stored == OC_I8 || t->stored == OC_U8 || t->stored == OC_I32;
    return t->stored == OC_F32 || t->stored == OC_F16 || (whole && t->scale.n > 0);
}

static void fill_real(const tfl_tensor *t, walk *w, size_t n, float *to)
{
    int64_t inner = 1;
    for (uint32_t i = (uint32_t)t->axis + 1; i < t->shape.rank; i++)
        inner *= t->shape.dim[i];
    int64_t channels = t->scale.n > 1 ? t->shape.dim[t->axis] : 1;
    for (size_t i = 0; i < n; i++, walk_next(w))
        to[i] = stored_real(t, w->source, (uint32_t)((int64_t)w->source / inner % channels));
}

static void fill_bytes(const tfl_tensor *t, walk *w, size_t n, size_t size, unsigned char *to)
{
    for (size_t i = 0; i < n; i++, walk_next(w))
        memcpy(to + i * size, t->data + w->source * size, size);
}

oc_vid tfl_weights(tfl_op *o, tfl_tensor *t, const uint32_t *perm, bool real)
{
    size_t   n = 0, size = real ? sizeof(float) : oc_dtype_bytes(t->dtype);
    oc_shape shape = {.rank = t->shape.rank};
    walk     w;
    if (!t->data) {
        tfl_fail(o, OC_UNSUPPORTED, "'%.80s' is computed, a constant is needed", t->name);
        return OC_VID_NONE;
    }
    if ((real || t->stored != t->dtype) && !can_be_real(t)) {
        tfl_fail(o, OC_UNSUPPORTED, "'%.80s' is %s without scales", t->name,
                 oc_dtype_name(t->stored));
        return OC_VID_NONE;
    }
    real = real || t->stored != t->dtype;
    if (!oc_shape_elements(&t->shape, &n))
        return OC_VID_NONE;
    walk_start(&w, &t->shape, perm);
    memcpy(shape.dim, w.dim, sizeof(shape.dim));
    void *to = tfl_memory(o, n, size);
    if (!to)
        return OC_VID_NONE;
    if (real)
        fill_real(t, &w, n, to);
    else
        fill_bytes(t, &w, n, size, to);
    return tfl_const_bytes(o, real ? OC_F32 : t->dtype, &shape, to);
}

/* ---- scales and zero points ---- */

oc_vid tfl_scale(tfl_op *o, const tfl_tensor *t)
{
    uint32_t n = t->scale.n;
    float   *copy = tfl_memory(o, n ? n : 1, sizeof(*copy));
    oc_shape shape = {.rank = n > 1, .dim = {n}};
    if (!copy)
        return OC_VID_NONE;
    for (uint32_t i = 0; i < n; i++)
        copy[i] = flat_vec_f32(&t->scale, i);
    return tfl_const_bytes(o, OC_F32, &shape, copy);
}

oc_vid tfl_zero(tfl_op *o, const tfl_tensor *t)
{
    uint32_t n = t->scale.n ? t->scale.n : 1;
    size_t   size = t->dtype == OC_I32 ? 4 : 1;
    oc_shape shape = {.rank = n > 1, .dim = {n}};
    char    *copy = tfl_memory(o, n, size);
    if (!copy)
        return OC_VID_NONE;
    for (uint32_t i = 0; i < n; i++) {
        int64_t zero = flat_vec_int(&t->zero, t->zero.n > 1 ? i : 0);
        memcpy(copy + i * size, &zero, size); /* its range was checked with the tensor */
    }
    return tfl_const_bytes(o, t->dtype, &shape, copy);
}

uint32_t tfl_const_ints(tfl_op *o, uint32_t i, int64_t *values, uint32_t most)
{
    const tfl_tensor *t = tfl_in(o, i);
    size_t            n = 0;
    if (!tfl_ok(o))
        return 0;
    if (!t->data) {
        tfl_fail(o, OC_UNSUPPORTED, "input %u ('%.80s') is computed, only a constant is taken", i,
                 t->name);
        return 0;
    }
    if (t->dtype != OC_I32 && t->dtype != OC_I64) {
        tfl_fail(o, OC_FORMAT, "input %u is %s, integers are expected", i, oc_dtype_name(t->dtype));
        return 0;
    }
    if (!oc_shape_elements(&t->shape, &n) || n > most) {
        tfl_fail(o, OC_FORMAT, "input %u has %zu values, at most %u are expected", i, n, most);
        return 0;
    }
    for (size_t k = 0; k < n; k++) {
        int32_t v32;
        if (t->dtype == OC_I64)
            memcpy(&values[k], t->data + 8 * k, 8);
        else {
            memcpy(&v32, t->data + 4 * k, 4);
            values[k] = v32;
        }
    }
    return (uint32_t)n;
}

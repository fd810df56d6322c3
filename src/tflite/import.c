/* The model around the operators: tensors, buffers, inputs and outputs, and the walk over the
 * operators in the file's order, which is the order they run in. */
#include "tflite/import.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tflite/lower.h"

#define VERSION 3
#define CUSTOM 32
#define NAME_MAX_BYTES 1024

/* Fields of the schema's tables, by their place. */
enum { MODEL_VERSION, MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION, MODEL_BUFFERS };
enum { CODE_OLD, CODE_CUSTOM, CODE_VERSION, CODE_BUILTIN };
enum { GRAPH_TENSORS, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS, GRAPH_NAME };
enum {
    TENSOR_SHAPE,
    TENSOR_TYPE,
    TENSOR_BUFFER,
    TENSOR_NAME,
    TENSOR_QUANT,
    TENSOR_VARIABLE,
    TENSOR_SPARSITY
};
enum { QUANT_MIN, QUANT_MAX, QUANT_SCALE, QUANT_ZERO, QUANT_KIND, QUANT_DETAILS, QUANT_AXIS };
enum { OP_CODE, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS_TYPE, OP_OPTIONS, OP_CUSTOM };
enum { BUFFER_DATA, BUFFER_OFFSET };

typedef struct model {
    flat_vector codes, buffers;
    flat_table  graph;
} model;

bool oc_tflite_is(const void *bytes, size_t n)
{
    return n >= OC_TFLITE_MARK_BYTES && memcmp((const char *)bytes + 4, "TFL3", 4) == 0;
}

static oc_status fail_of(const tfl_importer *im)
{
    return im->flat.status != OC_OK ? im->flat.status : im->status;
}

static char *text_of(tfl_importer *im, const flat_table *t, unsigned field)
{
    flat_vector v = flat_vec(t, field, 1);
    const char *s = (const char *)flat_vec_bytes(&v);
    return oc_arena_strndup(&im->graph->arena, s ? s : "",
                            v.n < NAME_MAX_BYTES ? v.n : NAME_MAX_BYTES);
}

static oc_dtype dtype_of(int64_t type)
{
    static const oc_dtype map[] = {
        OC_F32,  OC_F16,        OC_I32,        OC_U8,  OC_I64, OC_DTYPE_NONE,
        OC_BOOL, OC_I16,        OC_DTYPE_NONE, OC_I8,  OC_F64, OC_DTYPE_NONE,
        OC_U64,  OC_DTYPE_NONE, OC_DTYPE_NONE, OC_U32, OC_U16};
    return type >= 0 && (size_t)type < sizeof(map) / sizeof(map[0]) ? map[type] : OC_DTYPE_NONE;
}

/* ---- tensors ---- */

static oc_status read_shape(tfl_importer *im, const flat_table *t, tfl_tensor *out)
{
    flat_vector dims = flat_vec(t, TENSOR_SHAPE, 4);
    if (dims.n > OC_RANK_MAX)
        return OC_FAIL(im->err, OC_UNSUPPORTED, "%u dimensions, at most %d are taken", dims.n,
                       OC_RANK_MAX);
    out->shape.rank = dims.n;
    for (uint32_t i = 0; i < dims.n; i++) {
        out->shape.dim[i] = flat_vec_int(&dims, i);
        if (out->shape.dim[i] < 0)
            return OC_FAIL(im->err, OC_UNSUPPORTED, "dimension %u is open", i);
    }
    size_t n;
    if (!oc_shape_elements(&out->shape, &n) || n > (size_t)1 << 40)
        return OC_FAIL(im->err, OC_FORMAT, "too large");
    return OC_OK;
}

static oc_status read_scales(tfl_importer *im, const flat_table *t, tfl_tensor *out)
{
    flat_table q = flat_sub(t, TENSOR_QUANT);
    out->scale = flat_vec(&q, QUANT_SCALE, 4);
    out->zero = flat_vec(&q, QUANT_ZERO, 8);
    out->axis = (int32_t)flat_i32(&q, QUANT_AXIS, 0);
    int64_t lo = out->dtype == OC_U8 ? 0 : out->dtype == OC_I8 ? -128 : INT32_MIN;
    int64_t hi = out->dtype == OC_U8 ? 255 : out->dtype == OC_I8 ? 127 : INT32_MAX;
    if (out->scale.n == 0)
        return OC_OK;
    if (out->scale.n > 1 && (out->axis < 0 || (uint32_t)out->axis >= out->shape.rank ||
                             out->shape.dim[out->axis] != out->scale.n))
        return OC_FAIL(im->err, OC_FORMAT, "%u scales over axis %d", out->scale.n, out->axis);
    if (out->zero.n > 1 && out->zero.n != out->scale.n)
        return OC_FAIL(im->err, OC_FORMAT, "%u scales, %u zero points", out->scale.n, out->zero.n);
    if (out->axis < 0)
        out->axis = 0;
    for (uint32_t i = 0; i < out->scale.n; i++)
        if (!(flat_vec_f32(&out->scale, i) > 0) || !isfinite(flat_vec_f32(&out->scale, i)))
            return OC_FAIL(im->err, OC_FORMAT, "scale %u is %g", i,
                           (double)flat_vec_f32(&out->scale, i));
    for (uint32_t i = 0; i < out->zero.n; i++)
        if (flat_vec_int(&out->zero, i) < lo || flat_vec_int(&out->zero, i) > hi)
            return OC_FAIL(im->err, OC_FORMAT, "zero point %lld of %s",
                           (long long)flat_vec_int(&out->zero, i), oc_dtype_name(out->dtype));
    return OC_OK;
}

static oc_status read_contents(tfl_importer *im, const model *m, const flat_table *t,
                               tfl_tensor *out)
{
    uint64_t index = flat_uint(t, TENSOR_BUFFER, 4, 0);
    if (index >= m->buffers.n)
        return index == 0 ? OC_OK
                          : OC_FAIL(im->err, OC_FORMAT, "buffer %llu of %u",
                                    (unsigned long long)index, m->buffers.n);
    flat_table  buffer = flat_vec_table(&m->buffers, (uint32_t)index);
    flat_vector data = flat_vec(&buffer, BUFFER_DATA, 1);
    size_t      bytes;
    if (flat_uint(&buffer, BUFFER_OFFSET, 8, 0) > 1)
        return OC_FAIL(im->err, OC_UNSUPPORTED, "contents outside the FlatBuffer");
    if (data.n == 0)
        return OC_OK;
    out->stored = out->dtype;
    out->sparse = flat_sub(t, TENSOR_SPARSITY);
    if (out->sparse.at) {
        out->packed = data;
        return OC_OK;
    }
    oc_tensor_info info = {out->dtype, out->shape};
    if (out->dtype != OC_DTYPE_NONE && (!oc_tensor_bytes(&info, &bytes) || bytes != data.n))
        return OC_FAIL(im->err, OC_FORMAT, "%u bytes of contents do not fill its shape", data.n);
    out->data = flat_vec_bytes(&data);
    return OC_OK;
}

static oc_status read_tensor(tfl_importer *im, const model *m, const flat_table *t, tfl_tensor *out)
{
    oc_status st;
    *out = (tfl_tensor){.name = text_of(im, t, TENSOR_NAME),
                        .dtype = dtype_of(flat_i8(t, TENSOR_TYPE, 0)),
                        .value = {OC_VID_NONE, OC_VID_NONE}};
    if (!out->name)
        return OC_FAIL(im->err, OC_NOMEM, "tensor");
    if ((st = read_shape(im, t, out)) == OC_OK && (st = read_scales(im, t, out)) == OC_OK)
        st = read_contents(im, m, t, out);
    return st;
}

static oc_status read_tensors(tfl_importer *im, const model *m)
{
    flat_vector list = flat_vec(&m->graph, GRAPH_TENSORS, 4);
    /* one more: what stands for an input or output left out */
    im->tensors = calloc((size_t)list.n + 1, sizeof(*im->tensors));
    if (!im->tensors)
        return OC_FAIL(im->err, OC_NOMEM, "%u tensors", list.n);
    im->n_tensors = list.n;
    im->tensors[list.n] = (tfl_tensor){.name = "", .value = {OC_VID_NONE, OC_VID_NONE}};
    for (uint32_t i = 0; i < list.n; i++) {
        flat_table t = flat_vec_table(&list, i);
        oc_status  st = read_tensor(im, m, &t, &im->tensors[i]);
        if (st == OC_OK)
            st = fail_of(im);
        if (st != OC_OK) {
            oc_error_prefix(im->err, "tensor %u ('%.80s')", i,
                            im->tensors[i].name ? im->tensors[i].name : "");
            return st;
        }
    }
    return OC_OK;
}

/* ---- inputs and outputs ---- */

static oc_status read_inputs(tfl_importer *im, const model *m)
{
    flat_vector ids = flat_vec(&m->graph, GRAPH_INPUTS, 4);
    oc_graph   *g = im->graph;
    g->inputs = calloc((size_t)ids.n + 1, sizeof(*g->inputs));
    if (!g->inputs)
        return OC_FAIL(im->err, OC_NOMEM, "inputs");
    for (uint32_t i = 0; i < ids.n; i++) {
        int64_t     id = flat_vec_int(&ids, i);
        tfl_tensor *t = id >= 0 && id < im->n_tensors ? &im->tensors[id] : NULL;
        oc_vid      v;
        if (!t || t->made || t->data || t->dtype == OC_DTYPE_NONE)
            return OC_FAIL(im->err, OC_FORMAT, "input %u cannot be tensor %lld", i, (long long)id);
        oc_status st = oc_graph_add_value(g, t->name, &v, im->err);
        if (st != OC_OK)
            return st;
        g->values[v].info = (oc_tensor_info){t->dtype, t->shape};
        g->values[v].is_input = true;
        g->inputs[g->n_inputs++] = v;
        t->value[TFL_FILE] = v;
        t->made = true;
    }
    return OC_OK;
}

/* What an output is called is the file's affair: the value that is there already may have another
 * name, or be an input, a constant, or an output twice; then a copy stands for it. */
static oc_vid output_value(tfl_op *o, tfl_tensor *t)
{
    oc_vid    v = tfl_value(o, t, TFL_FILE);
    oc_value *value = v == OC_VID_NONE ? NULL : &o->im->graph->values[v];
    if (!tfl_ok(o))
        return OC_VID_NONE;
    if (value->is_input || value->is_output || value->data || strcmp(value->name, t->name) != 0)
        v = tfl_emit(o, "Identity", TFL_IN(v), TFL_NO_ATTRS);
    return v;
}

static oc_status read_outputs(tfl_importer *im, const model *m)
{
    flat_vector ids = flat_vec(&m->graph, GRAPH_OUTPUTS, 4);
    oc_graph   *g = im->graph;
    tfl_op      o = {.im = im, .out = ids};
    g->outputs = calloc((size_t)ids.n + 1, sizeof(*g->outputs));
    if (!g->outputs)
        return OC_FAIL(im->err, OC_NOMEM, "outputs");
    for (uint32_t i = 0; i < ids.n; i++, o.out.at += 4, o.out.n--) { /* named by its first */
        int64_t     id = flat_vec_int(&ids, i);
        tfl_tensor *t = id >= 0 && id < im->n_tensors ? &im->tensors[id] : NULL;
        if (!t || !(t->made || t->data) || t->dtype == OC_DTYPE_NONE)
            return OC_FAIL(im->err, OC_FORMAT, "nothing makes output %u (tensor %lld)", i,
                           (long long)id);
        oc_vid v = output_value(&o, t);
        if (!tfl_ok(&o)) {
            oc_error_prefix(im->err, "output %u ('%.80s')", i, t->name);
            return fail_of(im);
        }
        g->values[v].is_output = true;
        if (g->values[v].info.dtype == OC_DTYPE_NONE) /* inference has the last word */
            g->values[v].info = (oc_tensor_info){t->dtype, t->shape};
        g->outputs[g->n_outputs++] = v;
    }
    return g->n_outputs ? OC_OK : OC_FAIL(im->err, OC_FORMAT, "the graph has no outputs");
}

/* ---- operators ---- */

static bool check_tensors(tfl_op *o)
{
    for (uint32_t i = 0; i < o->in.n; i++) {
        const tfl_tensor *t = tfl_in(o, i);
        if (flat_vec_int(&o->in, i) >= (int64_t)o->im->n_tensors)
            tfl_fail(o, OC_FORMAT, "input %u is no tensor", i);
        else if (!tfl_has(o, i) ? i < o->row->n_in_min : t->dtype == OC_DTYPE_NONE)
            tfl_fail(o, OC_UNSUPPORTED, "input %u is left out, or of a type unknown here", i);
        else if (tfl_has(o, i) && !t->made && !t->data && !t->sparse.at)
            tfl_fail(o, OC_FORMAT, "nothing makes its input '%.80s'", t->name);
        else if (t->dtype == OC_I16 && t->scale.n)
            tfl_fail(o, OC_UNSUPPORTED, "input %u is quantised to 16 bits", i);
    }
    for (uint32_t i = 0; i < o->out.n; i++) {
        int64_t id = flat_vec_int(&o->out, i);
        if (id < 0 || id >= (int64_t)o->im->n_tensors || tfl_out(o, i)->dtype == OC_DTYPE_NONE)
            tfl_fail(o, OC_UNSUPPORTED, "output %u is no tensor of a known type", i);
    }
    return tfl_ok(o);
}

static bool check_counts(tfl_op *o)
{
    const tfl_row *r = o->row;
    if (o->in.n < r->n_in_min || (r->n_in_max != TFL_MANY && o->in.n > r->n_in_max))
        tfl_fail(o, OC_FORMAT, "%u inputs", o->in.n);
    if (o->out.n < r->n_out_min || (r->n_out_max != TFL_MANY && o->out.n > r->n_out_max))
        tfl_fail(o, OC_FORMAT, "%u outputs", o->out.n);
    return tfl_ok(o);
}

/* Older files have the code in one byte; where both are there the larger one counts. */
static int32_t code_of(const flat_table *code)
{
    int64_t old = flat_i8(code, CODE_OLD, 0), builtin = flat_i32(code, CODE_BUILTIN, 0);
    return (int32_t)(builtin > old ? builtin : old);
}

static void read_operator(tfl_importer *im, const model *m, const flat_table *t, uint32_t index)
{
    uint64_t    which = flat_uint(t, OP_CODE, 4, 0);
    flat_table  code = flat_vec_table(&m->codes, which < m->codes.n ? (uint32_t)which : 0);
    int32_t     number = code_of(&code);
    char       *custom = text_of(im, &code, CODE_CUSTOM);
    tfl_op      o = {.im = im,
                     .in = flat_vec(t, OP_INPUTS, 4),
                     .out = flat_vec(t, OP_OUTPUTS, 4),
                     .options = flat_sub(t, OP_OPTIONS),
                     .custom = flat_vec(t, OP_CUSTOM, 1)};
    const char *name = number == CUSTOM && custom ? custom : tfl_code_name(number);
    if (!custom)
        tfl_fail(&o, OC_NOMEM, "name");
    else if (which >= m->codes.n)
        tfl_fail(&o, OC_FORMAT, "operator code %llu of %u", (unsigned long long)which, m->codes.n);
    else if (!(o.row = tfl_row_find(number, custom)))
        tfl_fail(&o, OC_UNSUPPORTED, "no such operator here%s",
                 number == CUSTOM ? " (a custom one)" : "");
    else if (check_counts(&o) && check_tensors(&o))
        o.row->lower(&o);
    if (!tfl_ok(&o))
        oc_error_prefix(im->err, "operator %u (%.60s)", index, name);
}

static oc_status read_operators(tfl_importer *im, const model *m)
{
    flat_vector list = flat_vec(&m->graph, GRAPH_OPERATORS, 4);
    for (uint32_t i = 0; i < list.n && fail_of(im) == OC_OK; i++) {
        flat_table t = flat_vec_table(&list, i);
        read_operator(im, m, &t, i);
    }
    return fail_of(im);
}

/* ---- model ---- */

static oc_status read_model(tfl_importer *im, model *m)
{
    flat_table  root = flat_root(&im->flat);
    flat_vector graphs = flat_vec(&root, MODEL_SUBGRAPHS, 4);
    uint64_t    version = flat_uint(&root, MODEL_VERSION, 4, 0);
    m->codes = flat_vec(&root, MODEL_CODES, 4);
    m->buffers = flat_vec(&root, MODEL_BUFFERS, 4);
    m->graph = flat_vec_table(&graphs, 0); /* others belong to control flow */
    if (im->flat.status != OC_OK)
        return im->flat.status;
    if (version != VERSION)
        return OC_FAIL(im->err, OC_UNSUPPORTED, "schema version %llu, only %d is known",
                       (unsigned long long)version, VERSION);
    if (graphs.n == 0)
        return OC_FAIL(im->err, OC_FORMAT, "it holds no graph");
    im->graph->name = text_of(im, &m->graph, GRAPH_NAME);
    return im->graph->name ? OC_OK : OC_FAIL(im->err, OC_NOMEM, "graph");
}

static oc_status read_graph(tfl_importer *im)
{
    model     m;
    oc_status st;
    if ((st = read_model(im, &m)) == OC_OK && (st = read_tensors(im, &m)) == OC_OK &&
        (st = read_inputs(im, &m)) == OC_OK && (st = read_operators(im, &m)) == OC_OK &&
        (st = read_outputs(im, &m)) == OC_OK && (st = oc_graph_sort(im->graph, im->err)) == OC_OK)
        st = oc_graph_verify(im->graph, im->err);
    return st;
}

oc_status oc_tflite_import(const char *name, const oc_bytes *file, oc_graph **out, oc_error *err)
{
    tfl_importer im = {.flat = {.p = file->data, .n = file->n, .err = err}, .err = err};
    oc_status    st;
    im.made_bytes_max = (size_t)1 << 24;
    if (file->n < SIZE_MAX / 32)
        im.made_bytes_max += 16 * file->n;
    if ((st = oc_graph_create(&im.graph, err)) == OC_OK && (st = read_graph(&im)) == OC_OK) {
        *out = im.graph;
        im.graph = NULL;
    }
    if (st != OC_OK)
        oc_error_prefix(err, "%s", name);
    oc_graph_destroy(im.graph);
    free(im.tensors);
    return st;
}

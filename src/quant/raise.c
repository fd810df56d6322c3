/* The operator set raised to 13, or on to 21 (ONNX docs/Changelog.md): attributes that became inputs,
 * operators that others replaced.  What did not change its meaning stays as it is. */
#include <stdio.h>
#include <string.h>

#include "quant/prepare.h"

#define TARGET 13
#define OLDEST 7
#define WIDE 21 /* the first with QuantizeLinear to 16 bits */

typedef struct raise {
    oc_doc   *doc;
    int64_t   from, target;
    uint32_t  at; /* index of the node: adding nodes moves them */
    oc_error *err;
} raise;

typedef oc_status raise_fn(raise *r);

static oc_doc_node *node_of(const raise *r)
{
    return &r->doc->nodes[r->at];
}

static oc_status list_tensor(raise *r, const char *base, const int64_t *x, size_t n,
                             const char **name)
{
    const oc_shape shape = {.rank = 1, .dim[0] = (int64_t)n};
    return q_new_tensor(r->doc, base, OC_I64, &shape, x, name, r->err);
}

static oc_status append_input(raise *r, uint32_t place, const char *name)
{
    const char  *in[16] = {0};
    oc_doc_node *n = node_of(r);
    if (n->n_in > place || place >= 16)
        return OC_FAIL(r->err, OC_FORMAT, "has %u inputs", n->n_in);
    for (uint32_t i = 0; i <= place; i++)
        in[i] = i < n->n_in ? n->in[i] : i == place ? name : "";
    return oc_doc_set_inputs(r->doc, n, in, place + 1, r->err);
}

/* An attribute of integers becomes input `place`. */
static oc_status ints_to_input(raise *r, const char *attr, uint32_t place)
{
    const oc_attr *a = oc_doc_attr_of(node_of(r), attr);
    const char    *name;
    oc_status      st;
    if (!a)
        return OC_OK;
    const int64_t  one = a->i;
    const int64_t *x = a->kind == OC_ATTR_INTS ? a->ints : &one;
    if ((st = list_tensor(r, attr, x, a->kind == OC_ATTR_INTS ? a->n : 1, &name)) == OC_OK &&
        (st = append_input(r, place, name)) == OC_OK)
        oc_doc_drop_attr(node_of(r), attr);
    return st;
}

static oc_status float_to_input(raise *r, const char *attr, float fallback, uint32_t place)
{
    const float    x = oc_doc_float(node_of(r), attr, fallback);
    const oc_shape scalar = {0};
    const char    *name;
    oc_status      st = q_new_tensor(r->doc, attr, OC_F32, &scalar, &x, &name, r->err);
    if (st == OC_OK && (st = append_input(r, place, name)) == OC_OK)
        oc_doc_drop_attr(node_of(r), attr);
    return st;
}

static oc_status raise_axes(raise *r)
{
    return ints_to_input(r, "axes", 1);
}

static oc_status raise_split(raise *r)
{
    return ints_to_input(r, "split", 1);
}

static oc_status raise_top_k(raise *r)
{
    return r->from < 10 ? ints_to_input(r, "k", 1) : OC_OK;
}

static oc_status raise_slice(raise *r)
{
    oc_status st;
    if (r->from >= 10)
        return OC_OK;
    if ((st = ints_to_input(r, "starts", 1)) != OC_OK ||
        (st = ints_to_input(r, "ends", 2)) != OC_OK)
        return st;
    return ints_to_input(r, "axes", 3);
}

static oc_status raise_clip(raise *r)
{
    oc_status st = OC_OK;
    if (r->from >= 11)
        return OC_OK;
    if (oc_doc_attr_of(node_of(r), "min"))
        st = float_to_input(r, "min", 0, 1);
    if (st == OC_OK && oc_doc_attr_of(node_of(r), "max"))
        st = float_to_input(r, "max", 0, 2);
    return st;
}

static oc_status raise_pad(raise *r)
{
    oc_status st;
    if (r->from >= 11)
        return OC_OK;
    if ((st = ints_to_input(r, "pads", 1)) == OC_OK)
        st = float_to_input(r, "value", 0, 2);
    return st;
}

static oc_status set_string(raise *r, const char *name, const char *value)
{
    const oc_attr a = {.name = name, .kind = OC_ATTR_STRING, .n = strlen(value), .s = value};
    return oc_doc_set_attr(r->doc, node_of(r), &a, r->err);
}

/* Resize of opset 10, and Upsample before it: corners lie on corners of pixels, the nearest is the
 * one below. */
static oc_status raise_resize(raise *r)
{
    oc_status   st = OC_OK;
    const char *in[3] = {node_of(r)->in[0], "", node_of(r)->n_in > 1 ? node_of(r)->in[1] : NULL};
    if (r->from >= 11)
        return OC_OK;
    if (!in[2]) {
        const oc_attr *a = oc_doc_attr_of(node_of(r), "scales");
        if (!a || a->kind != OC_ATTR_FLOATS)
            return OC_FAIL(r->err, OC_FORMAT, "has no scales");
        const oc_shape shape = {.rank = 1, .dim[0] = (int64_t)a->n};
        if ((st = q_new_tensor(r->doc, "scales", OC_F32, &shape, a->floats, &in[2], r->err)) !=
            OC_OK)
            return st;
        oc_doc_drop_attr(node_of(r), "scales");
    }
    node_of(r)->op = "Resize";
    if ((st = oc_doc_set_inputs(r->doc, node_of(r), in, 3, r->err)) != OC_OK ||
        (st = set_string(r, "coordinate_transformation_mode", "asymmetric")) != OC_OK)
        return st;
    return set_string(r, "nearest_mode", "floor");
}

static oc_status raise_scatter(raise *r)
{
    node_of(r)->op = "ScatterElements";
    node_of(r)->changed = true;
    return OC_OK;
}

static oc_status raise_dropout(raise *r)
{
    oc_doc_drop_attr(node_of(r), "ratio"); /* it does nothing where nobody trains */
    return OC_OK;
}

static oc_status raise_batch_norm(raise *r)
{
    if (oc_doc_int(node_of(r), "spatial", 1) != 1)
        return OC_FAIL(r->err, OC_UNSUPPORTED, "spatial 0");
    oc_doc_drop_attr(node_of(r), "spatial");
    return OC_OK;
}

/* Softmax over all axes from `axis` on: flattened to two dimensions, and back. */
static oc_status raise_softmax(raise *r)
{
    const int64_t axis = oc_doc_int(node_of(r), "axis", 1), last = -1;
    const char   *x = node_of(r)->in[0], *y = node_of(r)->out[0], *shape, *flat, *done;
    oc_doc_node  *extra;
    oc_status     st;
    if (axis == -1)
        return OC_OK;
    if ((st = oc_doc_name(r->doc, "softmax_shape", &shape, r->err)) != OC_OK ||
        (st = oc_doc_name(r->doc, "softmax_flat", &flat, r->err)) != OC_OK ||
        (st = oc_doc_name(r->doc, "softmax_done", &done, r->err)) != OC_OK ||
        (st = oc_doc_add_node(r->doc, "Shape", &x, 1, &shape, 1, &extra, r->err)) != OC_OK ||
        (st = oc_doc_add_node(r->doc, "Flatten", &x, 1, &flat, 1, &extra, r->err)) != OC_OK)
        return st;
    const oc_attr from = {.name = "axis", .kind = OC_ATTR_INT, .i = axis};
    const oc_attr to = {.name = "axis", .kind = OC_ATTR_INT, .i = last};
    const char   *both[2] = {done, shape};
    if ((st = oc_doc_set_attr(r->doc, extra, &from, r->err)) != OC_OK ||
        (st = oc_doc_add_node(r->doc, "Reshape", both, 2, &y, 1, &extra, r->err)) != OC_OK ||
        (st = oc_doc_set_inputs(r->doc, node_of(r), &flat, 1, r->err)) != OC_OK)
        return st;
    node_of(r)->out[0] = done;
    return oc_doc_set_attr(r->doc, node_of(r), &to, r->err);
}

static oc_status refuse(raise *r)
{
    return OC_FAIL(r->err, OC_UNSUPPORTED,
                   "opset %lld has it in a form without a like in opset %lld", (long long)r->from,
                   (long long)r->target);
}

/* Equal parts have to be counted. */
static oc_status raise_parts(raise *r)
{
    const oc_attr a = {.name = "num_outputs", .kind = OC_ATTR_INT, .i = node_of(r)->n_out};
    if ((node_of(r)->n_in > 1 && *node_of(r)->in[1]) || oc_doc_attr_of(node_of(r), "num_outputs"))
        return OC_OK;
    return oc_doc_set_attr(r->doc, node_of(r), &a, r->err);
}

static oc_status raise_roi_align(raise *r)
{
    return oc_doc_attr_of(node_of(r), "coordinate_transformation_mode")
               ? OC_OK
               : set_string(r, "coordinate_transformation_mode", "output_half_pixel");
}

static oc_status raise_grid_sample(raise *r)
{
    const char *mode = oc_doc_string(node_of(r), "mode", "bilinear");
    return strcmp(mode, "bilinear") == 0  ? set_string(r, "mode", "linear")
           : strcmp(mode, "bicubic") == 0 ? set_string(r, "mode", "cubic")
                                          : OC_OK;
}

static oc_status raise_statistics(raise *r)
{
    return node_of(r)->n_out > 1 ? refuse(r) : OC_OK; /* of training */
}

/* Oldest forms first: a node is rewritten by the first row that fits it. */
static const struct {
    const char *op;
    int64_t     below; /* files of an older opset are rewritten */
    raise_fn   *fn;
} table[] = {
    {"BatchNormalization", 9, raise_batch_norm},
    {"Clip", 11, raise_clip},
    {"Dropout", 12, raise_dropout},
    {"Hardmax", 13, raise_softmax},
    {"LogSoftmax", 13, raise_softmax},
    {"Pad", 11, raise_pad},
    {"ReduceSum", 13, raise_axes},
    {"Resize", 11, raise_resize},
    {"Scan", 9, refuse},
    {"Scatter", 11, raise_scatter},
    {"Slice", 10, raise_slice},
    {"Softmax", 13, raise_softmax},
    {"Split", 13, raise_split},
    {"Squeeze", 13, raise_axes},
    {"TopK", 10, raise_top_k},
    {"Unsqueeze", 13, raise_axes},
    {"Upsample", 10, raise_resize},
    /* from 13 on */
    {"BatchNormalization", 14, raise_statistics},
    {"DFT", 20, refuse},
    {"GridSample", 20, raise_grid_sample},
    {"GroupNormalization", 21, refuse},
    {"ReduceL1", 18, raise_axes},
    {"ReduceL2", 18, raise_axes},
    {"ReduceLogSum", 18, raise_axes},
    {"ReduceLogSumExp", 18, raise_axes},
    {"ReduceMax", 18, raise_axes},
    {"ReduceMean", 18, raise_axes},
    {"ReduceMin", 18, raise_axes},
    {"ReduceProd", 18, raise_axes},
    {"ReduceSumSquare", 18, raise_axes},
    {"RoiAlign", 16, raise_roi_align},
    {"Split", 18, raise_parts},
};

static oc_status raise_node(raise *r)
{
    const oc_doc_node *n = node_of(r);
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (n->attrs[i].opaque && *n->domain == 0)
            return OC_FAIL(r->err, OC_UNSUPPORTED,
                           "holds a graph, written for opset %lld: export with opset %lld or newer",
                           (long long)r->from, (long long)r->target);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (oc_doc_is(n, table[i].op) && r->from < table[i].below && table[i].below <= r->target)
            return table[i].fn(r);
    return OC_OK;
}

static oc_status raise_to(oc_doc *doc, int64_t target, int64_t ir_version, oc_error *err)
{
    raise        r = {.doc = doc, .from = doc->opset, .target = target, .err = err};
    const size_t n = doc->n_nodes;
    for (r.at = 0; r.at < n; r.at++) {
        char      label[80];
        oc_status st;
        if (node_of(&r)->dead)
            continue;
        snprintf(label, sizeof(label), "%s", oc_doc_label(node_of(&r)));
        if ((st = raise_node(&r)) != OC_OK) {
            oc_error_prefix(err, "node '%s' (%s)", label, node_of(&r)->op);
            return st;
        }
    }
    oc_doc_set_opset(doc, target);
    if (doc->ir_version < ir_version) {
        doc->ir_version = ir_version; /* the one that came with the opset */
        doc->ir_changed = true;
    }
    return oc_doc_sort(doc, err);
}

oc_status q_raise_opset(oc_doc *doc, oc_error *err)
{
    if (doc->opset >= TARGET)
        return OC_OK;
    if (doc->opset < OLDEST)
        return OC_FAIL(err, OC_UNSUPPORTED, "opset %lld: export with opset %d or newer",
                       (long long)doc->opset, OLDEST);
    return raise_to(doc, TARGET, 7, err);
}

oc_status q_raise_wide(oc_doc *doc, oc_error *err)
{
    if (doc->opset >= WIDE)
        return OC_OK;
    oc_status st = raise_to(doc, WIDE, 10, err);
    if (st != OC_OK)
        oc_error_prefix(err, "activations of 16 bits need opset %d", WIDE);
    return st;
}

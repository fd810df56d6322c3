#include "ops/conv_geom.h"

#include <string.h>

static oc_status read_list(const oc_node *node, const char *name, size_t want, int64_t least,
                           int64_t fallback, int64_t *out, oc_error *err)
{
    size_t         n;
    const int64_t *v = oc_node_ints(node, name, &n);

    if (v && n != want)
        return OC_FAIL(err, OC_FORMAT, "%s has %zu values, %zu expected", name, n, want);
    for (size_t i = 0; i < want; i++) {
        out[i] = v ? v[i] : fallback;
        if (out[i] < least || out[i] > INT32_MAX)
            return OC_FAIL(err, OC_FORMAT, "%s[%zu] is %lld", name, i, (long long)out[i]);
    }
    return OC_OK;
}

/* Shapes and the attributes that both directions share. */
static oc_status read_common(const oc_node *node, const oc_tensor_info *x, const oc_tensor_info *w,
                             oc_conv_geom *g, oc_error *err)
{
    char      text[2][96];
    oc_status st;

    memset(g, 0, sizeof(*g));
    if (x->shape.rank < 3 || x->shape.rank != w->shape.rank)
        return OC_FAIL(err, OC_FORMAT, "input %s and weights %s: ranks do not fit",
                       oc_shape_text(&x->shape, text[0], sizeof(text[0])),
                       oc_shape_text(&w->shape, text[1], sizeof(text[1])));
    g->dims = x->shape.rank - 2;
    g->n = x->shape.dim[0];
    g->c = x->shape.dim[1];
    for (uint32_t i = 0; i < x->shape.rank; i++)
        if (x->shape.dim[i] < 0 || w->shape.dim[i] < 0)
            return OC_FAIL(err, OC_UNSUPPORTED, "input %s, weights %s: a shape is not known",
                           oc_shape_text(&x->shape, text[0], sizeof(text[0])),
                           oc_shape_text(&w->shape, text[1], sizeof(text[1])));
    for (uint32_t i = 0; i < g->dims; i++) {
        g->in[i] = x->shape.dim[i + 2];
        g->k[i] = w->shape.dim[i + 2];
        if (g->k[i] < 1 || g->k[i] > INT32_MAX || g->in[i] > INT32_MAX)
            return OC_FAIL(err, OC_FORMAT, "axis %u: kernel %lld over input %lld", i,
                           (long long)g->k[i], (long long)g->in[i]);
    }
    int64_t        pads[2 * OC_CONV_DIMS_MAX];
    size_t         n_kernel;
    const int64_t *kernel = oc_node_ints(node, "kernel_shape", &n_kernel);
    if (kernel && (n_kernel != g->dims || memcmp(kernel, g->k, n_kernel * sizeof(*kernel)) != 0))
        return OC_FAIL(err, OC_FORMAT, "kernel_shape is not that of the weights %s",
                       oc_shape_text(&w->shape, text[1], sizeof(text[1])));
    if ((st = read_list(node, "strides", g->dims, 1, 1, g->stride, err)) != OC_OK ||
        (st = read_list(node, "dilations", g->dims, 1, 1, g->dil, err)) != OC_OK ||
        (st = read_list(node, "pads", 2 * (size_t)g->dims, 0, 0, pads, err)) != OC_OK)
        return st;
    for (uint32_t i = 0; i < g->dims; i++) {
        g->pad[i] = pads[i];
        g->pad_end[i] = pads[g->dims + i];
    }
    g->groups = oc_node_int(node, "group", 1);
    if (g->groups < 1 || g->c % g->groups != 0)
        return OC_FAIL(err, OC_FORMAT, "%lld channels in %lld groups", (long long)g->c,
                       (long long)g->groups);
    return OC_OK;
}

static int64_t span(const oc_conv_geom *g, uint32_t i) /* of the dilated kernel */
{
    return (g->k[i] - 1) * g->dil[i] + 1;
}

/* auto_pad of the forward direction: what the output size asks for, the odd one at the end or in
 * front. */
static oc_status auto_pad(const char *mode, oc_conv_geom *g, oc_error *err)
{
    const bool upper = strcmp(mode, "SAME_UPPER") == 0, lower = strcmp(mode, "SAME_LOWER") == 0;

    if (strcmp(mode, "NOTSET") == 0 || mode[0] == 0)
        return OC_OK;
    if (!upper && !lower && strcmp(mode, "VALID") != 0)
        return OC_FAIL(err, OC_FORMAT, "auto_pad is '%s'", mode);
    for (uint32_t i = 0; i < g->dims; i++) {
        int64_t out = (g->in[i] + g->stride[i] - 1) / g->stride[i];
        int64_t need = (out - 1) * g->stride[i] + span(g, i) - g->in[i];
        need = (upper || lower) && need > 0 ? need : 0;
        g->pad[i] = lower ? need - need / 2 : need / 2;
        g->pad_end[i] = need - g->pad[i];
    }
    return OC_OK;
}

oc_status oc_conv_geom_read(const oc_node *node, const oc_tensor_info *x, const oc_tensor_info *w,
                            oc_conv_geom *g, oc_error *err)
{
    oc_status st = read_common(node, x, w, g, err);

    if (st != OC_OK || (st = auto_pad(oc_node_string(node, "auto_pad", "NOTSET"), g, err)) != OC_OK)
        return st;
    g->oc = w->shape.dim[0];
    if (g->oc < 1 || g->oc % g->groups != 0 || w->shape.dim[1] != g->c / g->groups)
        return OC_FAIL(
            err, OC_FORMAT, "weights for %lld -> %lld channels, input has %lld in %lld groups",
            (long long)w->shape.dim[1], (long long)g->oc, (long long)g->c, (long long)g->groups);
    for (uint32_t i = 0; i < g->dims; i++) {
        int64_t room = g->in[i] + g->pad[i] + g->pad_end[i] - span(g, i);
        if (room < 0)
            return OC_FAIL(err, OC_FORMAT,
                           "axis %u: kernel of %lld exceeds the padded input of %lld", i,
                           (long long)span(g, i), (long long)(room + span(g, i)));
        g->out[i] = room / g->stride[i] + 1;
    }
    return OC_OK;
}

oc_status oc_conv_geom_read_transposed(const oc_node *node, const oc_tensor_info *x,
                                       const oc_tensor_info *w, oc_conv_geom *g, oc_error *err)
{
    const char *mode = oc_node_string(node, "auto_pad", "NOTSET");
    const bool  upper = strcmp(mode, "SAME_UPPER") == 0, lower = strcmp(mode, "SAME_LOWER") == 0;
    int64_t     extra[OC_CONV_DIMS_MAX];
    size_t      n_shape;
    oc_status   st = read_common(node, x, w, g, err);

    if (st != OC_OK || (st = read_list(node, "output_padding", g->dims, 0, 0, extra, err)) != OC_OK)
        return st;
    if (g->c < 1 || w->shape.dim[0] != g->c || w->shape.dim[1] < 1)
        return OC_FAIL(err, OC_FORMAT, "weights for %lld channels, input has %lld",
                       (long long)w->shape.dim[0], (long long)g->c);
    if (__builtin_mul_overflow(w->shape.dim[1], g->groups, &g->oc))
        return OC_FAIL(err, OC_FORMAT, "too many channels");
    const int64_t *shape = oc_node_ints(node, "output_shape", &n_shape);
    if (shape && n_shape != g->dims && n_shape != g->dims + 2)
        return OC_FAIL(err, OC_FORMAT, "output_shape has %zu values", n_shape);
    for (uint32_t i = 0; i < g->dims; i++) {
        int64_t full = (g->in[i] - 1) * g->stride[i] + span(g, i) + extra[i];
        if (strcmp(mode, "VALID") == 0)
            g->pad[i] = g->pad_end[i] = 0;
        g->out[i] = shape            ? shape[n_shape - g->dims + i]
                    : upper || lower ? g->in[i] * g->stride[i]
                                     : full - g->pad[i] - g->pad_end[i];
        if (shape || upper || lower) { /* as ONNX says: the odd one at the end, unless SAME_LOWER */
            int64_t total = full - g->out[i];
            total = total > 0 ? total : 0;
            g->pad[i] = lower ? total - total / 2 : total / 2;
            g->pad_end[i] = total - g->pad[i];
        }
        if (g->out[i] < 1 || g->out[i] > INT32_MAX)
            return OC_FAIL(err, OC_FORMAT, "axis %u: output of %lld", i, (long long)g->out[i]);
    }
    return OC_OK;
}

oc_shape oc_conv_geom_shape(const oc_conv_geom *g)
{
    oc_shape s = {.rank = g->dims + 2, .dim = {g->n, g->oc}};
    memcpy(s.dim + 2, g->out, g->dims * sizeof(*g->out));
    return s;
}

double oc_conv_geom_flops(const oc_conv_geom *g, bool transposed)
{
    double f = 2.0 * (double)g->n * (double)g->oc * (double)(g->c / g->groups);

    for (uint32_t i = 0; i < g->dims; i++)
        f *= (double)g->k[i] * (double)(transposed ? g->in[i] : g->out[i]);
    return f;
}

oc_conv_inputs oc_conv_inputs_of(const oc_node *node, uint32_t n_in, bool has_third)
{
    oc_conv_inputs at = {.bias = -1, .add = node->add ? (int)n_in - 1 : -1};

    if (n_in > 2 && at.add != 2 && has_third)
        at.bias = 2;
    return at;
}

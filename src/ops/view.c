/* Reshape, Squeeze, Unsqueeze, Flatten: another shape for the same elements.   ONNX opset 1..
 *
 *   in   data  any type and shape; plain
 *        shape or axes  constant int64 (opset 5 and 13 moved them here from attributes)
 *   out  the same elements in the same order; may be the very memory of the input */
#include "ops/args.h"
#include "ops/move.h"

static oc_status same_elements(const oc_infer *ask, oc_error *err)
{
    size_t have, want;
    char   from[160], to[160];
    if (oc_shape_elements(&ask->in[0].shape, &have) &&
        oc_shape_elements(&ask->out[0].shape, &want) && have == want)
        return OC_OK;
    return OC_FAIL(err, OC_FORMAT, "%s cannot take the shape %s",
                   oc_shape_text(&ask->in[0].shape, from, sizeof(from)),
                   oc_shape_text(&ask->out[0].shape, to, sizeof(to)));
}

/* The integers of input 1, or of the attribute that came before it; *given tells whether there are
 * any. */
static oc_status list_of(const oc_args *a, const char *name, int64_t *out, size_t *n, bool *given,
                         oc_error *err)
{
    *n = 0;
    *given = true;
    if (oc_args_has(a, 1))
        return oc_args_ints(a, 1, name, out, OC_RANK_MAX, n, err);
    size_t         count = 0;
    const int64_t *ints = oc_node_ints(a->node, name, &count);
    if (count > OC_RANK_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "%zu %s, at most %d", count, name, OC_RANK_MAX);
    *given = oc_node_attr(a->node, name) != NULL;
    for (size_t i = 0; i < count; i++)
        out[i] = ints[i];
    *n = count;
    return OC_OK;
}

static oc_status reshape_infer(const oc_infer *ask, oc_error *err)
{
    oc_args         a = oc_args_of_infer(ask);
    const oc_shape *in = &ask->in[0].shape;
    oc_shape        out = {0};
    int64_t         want[OC_RANK_MAX];
    size_t          n = 0, known = 1, total;
    int             open = -1;
    bool            given, zero_stays = oc_node_int(a.node, "allowzero", 0) != 0;
    oc_status       st = oc_shape_known(&ask->in[0], "the input", err);

    if (st != OC_OK || (st = list_of(&a, "shape", want, &n, &given, err)) != OC_OK)
        return st;
    if (!given)
        return OC_FAIL(err, OC_FORMAT, "the new shape is missing");
    out.rank = (uint32_t)n;
    for (uint32_t i = 0; i < out.rank; i++) {
        int64_t d = want[i];
        if (d < -1 || (d == -1 && open >= 0))
            return OC_FAIL(err, OC_FORMAT, "dimension %u of the new shape is %lld", i,
                           (long long)d);
        if (d == 0 && !zero_stays) {
            if (i >= in->rank)
                return OC_FAIL(err, OC_FORMAT,
                               "dimension %u is to be copied from an input of rank %u", i,
                               in->rank);
            d = in->dim[i];
        }
        out.dim[i] = d;
        if (d == -1)
            open = (int)i;
        else if (__builtin_mul_overflow(known, (size_t)d, &known))
            return OC_FAIL(err, OC_FORMAT, "the new shape is too large");
    }
    total = oc_elements(&ask->in[0]);
    if (open >= 0)
        out.dim[open] = known ? (int64_t)(total / known) : 0;
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, out};
    return same_elements(ask, err);
}

/* Marks the axes of a shape of `rank`; each may be named once. */
static oc_status mark_axes(const int64_t *axes, size_t n, uint32_t rank, bool *mark, oc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t  axis;
        oc_status st = oc_axis(axes[i], rank, &axis, err);
        if (st != OC_OK)
            return st;
        if (mark[axis])
            return OC_FAIL(err, OC_FORMAT, "axis %u is named twice", axis);
        mark[axis] = true;
    }
    return OC_OK;
}

static oc_status squeeze_infer(const oc_infer *ask, oc_error *err)
{
    oc_args         a = oc_args_of_infer(ask);
    const oc_shape *in = &ask->in[0].shape;
    oc_shape        out = {0};
    int64_t         axes[OC_RANK_MAX];
    bool            mark[OC_RANK_MAX] = {false}, given;
    size_t          n;
    oc_status       st = list_of(&a, "axes", axes, &n, &given, err);

    if (st != OC_OK || (st = mark_axes(axes, n, in->rank, mark, err)) != OC_OK)
        return st;
    for (uint32_t i = 0; i < in->rank; i++) {
        if (!given && in->dim[i] < 0)
            return oc_shape_known(&ask->in[0], "the input", err);
        if (mark[i] && in->dim[i] != 1)
            return OC_FAIL(err, OC_FORMAT, "dimension %u is %lld, not 1", i, (long long)in->dim[i]);
        if (given ? !mark[i] : in->dim[i] != 1)
            out.dim[out.rank++] = in->dim[i];
    }
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, out};
    return OC_OK;
}

static oc_status unsqueeze_infer(const oc_infer *ask, oc_error *err)
{
    oc_args         a = oc_args_of_infer(ask);
    const oc_shape *in = &ask->in[0].shape;
    oc_shape        out = {0};
    int64_t         axes[OC_RANK_MAX];
    bool            mark[OC_RANK_MAX] = {false}, given;
    size_t          n;
    oc_status       st = list_of(&a, "axes", axes, &n, &given, err);

    if (st != OC_OK)
        return st;
    if (!given)
        return OC_FAIL(err, OC_FORMAT, "axes are missing");
    if (in->rank + n > OC_RANK_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "rank %zu, at most %d", in->rank + n, OC_RANK_MAX);
    out.rank = in->rank + (uint32_t)n;
    if ((st = mark_axes(axes, n, out.rank, mark, err)) != OC_OK)
        return st;
    for (uint32_t i = 0, k = 0; i < out.rank; i++)
        out.dim[i] = mark[i] ? 1 : in->dim[k++];
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, out};
    return OC_OK;
}

static oc_status flatten_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *in = &ask->in[0].shape;
    int64_t         axis = oc_node_int(ask->node, "axis", 1);
    oc_status       st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK)
        return st;
    if (axis < -(int64_t)in->rank || axis > (int64_t)in->rank)
        return OC_FAIL(err, OC_FORMAT, "axis %lld is outside a tensor of rank %u", (long long)axis,
                       in->rank);
    uint32_t at = (uint32_t)(axis < 0 ? axis + in->rank : axis);
    ask->out[0] = (oc_tensor_info){
        ask->in[0].dtype,
        {2, {(int64_t)oc_dims_product(in, 0, at), (int64_t)oc_dims_product(in, at, in->rank)}}};
    return OC_OK;
}

static void view_run(const oc_op_run *r)
{
    if (r->in[0].data != r->out[0].data)
        oc_moves_run(r);
}

#define VIEW(symbol, text, max)           \
    const oc_op oc_op_##symbol = {        \
        .name = text,                     \
        .domain = "",                     \
        .n_in_min = 1,                    \
        .n_in_max = (max),                \
        .n_out_min = 1,                   \
        .n_out_max = 1,                   \
        .flags = OC_OP_VIEW,              \
        .state_size = sizeof(oc_moves),   \
        .infer = symbol##_infer,          \
        .prepare = oc_moves_prepare_copy, \
        .run = view_run,                  \
    }
VIEW(reshape, "Reshape", 2);
VIEW(squeeze, "Squeeze", 2);
VIEW(unsqueeze, "Unsqueeze", 2);
VIEW(flatten, "Flatten", 1);

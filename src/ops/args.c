#include "ops/args.h"

#include <string.h>

oc_args oc_args_of_infer(const oc_infer *ask)
{
    oc_args a = {.node = ask->node, .n_in = ask->n_in};
    for (uint32_t i = 0; i < ask->n_in && i < OC_ARGS_MAX; i++) {
        a.in[i] = &ask->in[i];
        a.data[i] = ask->in_data ? ask->in_data[i] : NULL;
    }
    return a;
}

static oc_args args_of_slots(const oc_node *node, const oc_slot *in, uint32_t n_in)
{
    oc_args a = {.node = node, .n_in = n_in};
    for (uint32_t i = 0; i < n_in && i < OC_ARGS_MAX; i++) {
        a.in[i] = &in[i].info;
        a.data[i] = in[i].data;
    }
    return a;
}

oc_args oc_args_of_prepare(const oc_prepare *p)
{
    return args_of_slots(p->node, p->in, p->n_in);
}

oc_args oc_args_of_layout(const oc_layout_ask *ask)
{
    return args_of_slots(ask->node, ask->in, ask->n_in);
}

bool oc_args_has(const oc_args *a, uint32_t i)
{
    return i < a->n_in && i < OC_ARGS_MAX && a->in[i]->dtype != OC_DTYPE_NONE;
}

oc_status oc_args_ints(const oc_args *a, uint32_t i, const char *what, int64_t *out, size_t max,
                       size_t *n, oc_error *err)
{
    const oc_tensor_info *info = a->in[i];
    size_t                count;
    if (info->dtype != OC_I64 && info->dtype != OC_I32)
        return OC_FAIL(err, OC_FORMAT, "input %u (%s) is %s, must be int64 or int32", i, what,
                       oc_dtype_name(info->dtype));
    if (info->shape.rank > 1)
        return OC_FAIL(err, OC_FORMAT, "input %u (%s) has rank %u, must be a list", i, what,
                       info->shape.rank);
    if (!oc_shape_elements(&info->shape, &count) || (count && !a->data[i]))
        return OC_FAIL(err, OC_DYNAMIC,
                       "input %u (%s) is computed at run time: the output shape depends on it", i,
                       what);
    if (count > max)
        return OC_FAIL(err, OC_FORMAT, "input %u (%s) has %zu elements, at most %zu", i, what,
                       count, max);
    for (size_t k = 0; k < count; k++)
        out[k] = info->dtype == OC_I64 ? ((const int64_t *)a->data[i])[k]
                                       : ((const int32_t *)a->data[i])[k];
    *n = count;
    return OC_OK;
}

oc_status oc_args_int(const oc_args *a, uint32_t i, const char *what, int64_t *out, oc_error *err)
{
    size_t    n = 0;
    oc_status st = oc_args_ints(a, i, what, out, 1, &n, err);
    if (st == OC_OK && n != 1)
        return OC_FAIL(err, OC_FORMAT, "input %u (%s) is empty", i, what);
    return st;
}

oc_status oc_axis(int64_t axis, uint32_t rank, uint32_t *out, oc_error *err)
{
    if (axis < -(int64_t)rank || axis >= (int64_t)rank)
        return OC_FAIL(err, OC_FORMAT, "axis %lld is outside a tensor of rank %u", (long long)axis,
                       rank);
    *out = (uint32_t)(axis < 0 ? axis + rank : axis);
    return OC_OK;
}

oc_status oc_shape_known(const oc_tensor_info *info, const char *what, oc_error *err)
{
    size_t n;
    char   text[160];
    if (info->dtype == OC_DTYPE_NONE)
        return OC_FAIL(err, OC_FORMAT, "%s is missing", what);
    if (!oc_shape_elements(&info->shape, &n))
        return OC_FAIL(err, OC_UNSUPPORTED, "%s has shape %s: not all of it is known", what,
                       oc_shape_text(&info->shape, text, sizeof(text)));
    return OC_OK;
}

size_t oc_dims_product(const oc_shape *shape, uint32_t from, uint32_t to)
{
    size_t n = 1;
    for (uint32_t i = from; i < to; i++)
        n *= (size_t)shape->dim[i];
    return n;
}

size_t oc_elements(const oc_tensor_info *info)
{
    return oc_dims_product(&info->shape, 0, info->shape.rank);
}

void oc_strides(const oc_shape *shape, size_t elem, ptrdiff_t *stride)
{
    ptrdiff_t at = (ptrdiff_t)elem;
    for (uint32_t i = shape->rank; i-- > 0;) {
        stride[i] = at;
        at *= (ptrdiff_t)shape->dim[i];
    }
}

bool oc_can_block(const oc_tensor_info *info)
{
    return (info->dtype == OC_F32 || info->dtype == OC_U8) && info->shape.rank == 4;
}

bool oc_layout_knows(const oc_op *op, const oc_slot *slots, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        if (slots[k].info.dtype == OC_U8 && !(op->flags & OC_OP_NC8_BYTES))
            return false;
    return op->layout != NULL;
}

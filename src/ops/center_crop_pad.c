/* CenterCropPad: axes cut or filled with zeros to given sizes, evenly at both ends.  ONNX opset 18..
 *
 *   in   x any type, shape: constant int64, the new sizes of `axes` (all when left out)
 *   out  the type of x.  An odd element more is cut, or added, at the end. */
#include <string.h>

#include "ops/args.h"
#include "ops/move.h"

static oc_status center_shape(const oc_args *a, oc_shape *out, oc_error *err)
{
    int64_t        size[OC_RANK_MAX];
    size_t         n = 0, n_axes = 0, elements;
    const int64_t *axes = oc_node_ints(a->node, "axes", &n_axes);
    oc_status      st = oc_shape_known(a->in[0], "x", err);
    if (st != OC_OK || (st = oc_args_ints(a, 1, "shape", size, OC_RANK_MAX, &n, err)) != OC_OK)
        return st;
    *out = a->in[0]->shape;
    if (n != (axes ? n_axes : out->rank))
        return OC_FAIL(err, OC_FORMAT, "%zu sizes for %zu axes", n, axes ? n_axes : out->rank);
    for (size_t i = 0; i < n; i++) {
        uint32_t axis = (uint32_t)i;
        if (axes && (st = oc_axis(axes[i], out->rank, &axis, err)) != OC_OK)
            return st;
        if (size[i] < 0)
            return OC_FAIL(err, OC_FORMAT, "a size of %lld", (long long)size[i]);
        out->dim[axis] = size[i];
    }
    if (!oc_shape_elements(out, &elements))
        return OC_FAIL(err, OC_FORMAT, "the result is too large");
    return OC_OK;
}

static oc_status center_infer(const oc_infer *ask, oc_error *err)
{
    oc_args a = oc_args_of_infer(ask);
    ask->out[0].dtype = ask->in[0].dtype;
    return center_shape(&a, &ask->out[0].shape, err);
}

static oc_status center_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *in = &p->in[0].info.shape, *out = &p->out[0].info.shape;
    size_t          elem = oc_dtype_bytes(p->in[0].info.dtype), bytes;
    ptrdiff_t       src[OC_RANK_MAX], dst[OC_RANK_MAX];
    oc_moves       *list = p->state;
    oc_status       st = oc_moves_init(list, p, 2, err);
    if (st != OC_OK)
        return st;
    oc_strides(in, elem, src);
    oc_strides(out, elem, dst);
    if (!oc_tensor_bytes(&p->out[0].info, &bytes))
        return OC_FAIL(err, OC_FORMAT, "the result is too large");
    oc_move *move = oc_moves_add(list, 0, 0, elem);
    for (uint32_t d = 0; d < in->rank; d++) {
        int64_t n = in->dim[d] < out->dim[d] ? in->dim[d] : out->dim[d];
        move->src_at += (ptrdiff_t)((in->dim[d] - n) / 2) * src[d];
        move->dst_at += (ptrdiff_t)((out->dim[d] - n) / 2) * dst[d];
        oc_move_loop(move, (size_t)n, src[d], dst[d]);
    }
    oc_moves_finish(list, p);
    /* zeros first, in a phase of their own */
    uint32_t moves = p->work->n_phases ? p->work->n_phases : 1;
    if (moves != 1)
        return OC_FAIL(err, OC_UNSUPPORTED, "moves in %u phases", moves);
    p->work->phase[1] = p->work->phase[0];
    p->work->phase[0].units = bytes;
    p->work->phase[0].grain = 1 << 18;
    p->work->n_phases = 2;
    return OC_OK;
}

static void center_run(const oc_op_run *r)
{
    if (r->phase == 0)
        memset((char *)r->out[0].data + r->part.begin, 0, r->part.end - r->part.begin);
    else
        oc_moves_run(r);
}

const oc_op oc_op_center_crop_pad = {
    .name = "CenterCropPad",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(oc_moves),
    .infer = center_infer,
    .prepare = center_prepare,
    .run = center_run,
};

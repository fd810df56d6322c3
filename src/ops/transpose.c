/* Transpose: the axes in another order.   ONNX opset 1..
 *
 *   in   any type; f32 of rank 4 also blocked, the output is plain then
 *   out  dim i is dim perm[i] of the input (perm left out: the reverse order) */
#include "ops/args.h"
#include "ops/move.h"

static oc_status read_perm(const oc_node *node, uint32_t rank, uint32_t *perm, oc_error *err)
{
    size_t         n;
    const int64_t *ints = oc_node_ints(node, "perm", &n);
    bool           seen[OC_RANK_MAX] = {false};
    if (ints && n != rank)
        return OC_FAIL(err, OC_FORMAT, "perm has %zu entries, the input rank %u", n, rank);
    for (uint32_t i = 0; i < rank; i++) {
        int64_t axis = ints ? ints[i] : (int64_t)(rank - 1 - i);
        if (axis < 0 || axis >= (int64_t)rank || seen[axis])
            return OC_FAIL(err, OC_FORMAT, "perm[%u] is %lld: not a permutation", i,
                           (long long)axis);
        seen[axis] = true;
        perm[i] = (uint32_t)axis;
    }
    return OC_OK;
}

static oc_status transpose_infer(const oc_infer *ask, oc_error *err)
{
    uint32_t  perm[OC_RANK_MAX];
    oc_status st = read_perm(ask->node, ask->in[0].shape.rank, perm, err);
    if (st != OC_OK)
        return st;
    ask->out[0] = ask->in[0];
    for (uint32_t i = 0; i < ask->in[0].shape.rank; i++)
        ask->out[0].shape.dim[i] = ask->in[0].shape.dim[perm[i]];
    return OC_OK;
}

static bool transpose_layout(oc_layout_ask *ask)
{
    ask->want_in[0] = ask->in[0].layout == OC_LAYOUT_NC8;
    return ask->want_in[0];
}

static void add_plain(oc_moves *list, const oc_prepare *p, const uint32_t *perm)
{
    const oc_shape *out = &p->out[0].info.shape;
    size_t          elem = oc_dtype_bytes(p->in[0].info.dtype);
    ptrdiff_t       src[OC_RANK_MAX], dst[OC_RANK_MAX];
    oc_strides(&p->in[0].info.shape, elem, src);
    oc_strides(out, elem, dst);
    oc_move *m = oc_moves_add(list, 0, 0, elem);
    for (uint32_t i = 0; i < out->rank; i++)
        oc_move_loop(m, (size_t)out->dim[i], src[perm[i]], dst[i]);
}

/* Channels [first, first + n_blocks * lanes): the channel axis is a loop over blocks and one over
 * lanes. */
static void add_blocked(oc_moves *list, const oc_prepare *p, const uint32_t *perm, size_t first,
                        size_t n_blocks, size_t lanes)
{
    const oc_shape *in = &p->in[0].info.shape, *out = &p->out[0].info.shape;
    ptrdiff_t       row = (ptrdiff_t)in->dim[3] * 32, plane = (ptrdiff_t)in->dim[2] * row;
    ptrdiff_t       src[4] = {(ptrdiff_t)(in->dim[1] + 7) / 8 * plane, plane, row, 32}, dst[4];
    if (!n_blocks || !lanes)
        return;
    oc_strides(out, 4, dst);
    oc_move *m = oc_moves_add(list, 0, 0, 4);
    m->src_at = (ptrdiff_t)(first / 8) * plane;
    for (uint32_t i = 0; i < 4; i++) {
        if (perm[i] != 1) {
            oc_move_loop(m, (size_t)out->dim[i], src[perm[i]], dst[i]);
            continue;
        }
        m->dst_at = (ptrdiff_t)first * dst[i];
        oc_move_loop(m, n_blocks, plane, 8 * dst[i]);
        oc_move_loop(m, lanes, 4, dst[i]);
    }
}

static oc_status transpose_prepare(const oc_prepare *p, oc_error *err)
{
    oc_moves *list = p->state;
    uint32_t  perm[OC_RANK_MAX];
    oc_status st = read_perm(p->node, p->in[0].info.shape.rank, perm, err);
    if (st != OC_OK || (st = oc_moves_init(list, p, 2, err)) != OC_OK)
        return st;
    if (p->in[0].layout == OC_LAYOUT_NC8) {
        size_t c = (size_t)p->in[0].info.shape.dim[1];
        add_blocked(list, p, perm, 0, c / 8, 8);
        add_blocked(list, p, perm, c / 8 * 8, 1, c % 8);
    } else {
        add_plain(list, p, perm);
    }
    oc_moves_finish(list, p);
    return OC_OK;
}

const oc_op oc_op_transpose = {
    .name = "Transpose",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(oc_moves),
    .infer = transpose_infer,
    .layout = transpose_layout,
    .prepare = transpose_prepare,
    .run = oc_moves_run,
};

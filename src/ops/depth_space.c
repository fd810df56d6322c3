/* DepthToSpace, SpaceToDepth: a tensor seen with split axes, the axes in another order, joined again.
 *   ONNX opset 1..
 *
 *   in   [N,C,H,W], any type; plain
 *   out  DepthToSpace [N, C/b/b, H*b, W*b], modes DCR and CRD; SpaceToDepth the other way round */
#include <string.h>

#include "ops/args.h"
#include "ops/move.h"

static oc_status read_block(const oc_infer *ask, int64_t *block, oc_error *err)
{
    oc_status st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK)
        return st;
    if (ask->in[0].shape.rank != 4)
        return OC_FAIL(err, OC_FORMAT, "the input has rank %u, must be 4", ask->in[0].shape.rank);
    *block = oc_node_int(ask->node, "blocksize", 0);
    if (*block < 1 || *block > INT32_MAX)
        return OC_FAIL(err, OC_FORMAT, "blocksize %lld", (long long)*block);
    return OC_OK;
}

static oc_status depth_to_space_infer(const oc_infer *ask, oc_error *err)
{
    int64_t        b;
    const int64_t *d = ask->in[0].shape.dim;
    const char    *mode = oc_node_string(ask->node, "mode", "DCR");
    oc_status      st = read_block(ask, &b, err);
    if (st != OC_OK)
        return st;
    if (d[1] % (b * b))
        return OC_FAIL(err, OC_FORMAT, "%lld channels, blocksize %lld", (long long)d[1],
                       (long long)b);
    if (strcmp(mode, "DCR") != 0 && strcmp(mode, "CRD") != 0)
        return OC_FAIL(err, OC_FORMAT, "mode '%s'", mode);
    ask->out[0] =
        (oc_tensor_info){ask->in[0].dtype, {4, {d[0], d[1] / (b * b), d[2] * b, d[3] * b}}};
    return OC_OK;
}

static oc_status space_to_depth_infer(const oc_infer *ask, oc_error *err)
{
    int64_t        b;
    const int64_t *d = ask->in[0].shape.dim;
    oc_status      st = read_block(ask, &b, err);
    if (st != OC_OK)
        return st;
    if (d[2] % b || d[3] % b)
        return OC_FAIL(err, OC_FORMAT, "a picture of %lldx%lld, blocksize %lld", (long long)d[3],
                       (long long)d[2], (long long)b);
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, {4, {d[0], d[1] * b * b, d[2] / b, d[3] / b}}};
    return OC_OK;
}

/* One copy between two views of six dimensions: `from` gives the input's split dims, `order` the
 * order in which the output has them. */
static oc_status prepare_split(const oc_prepare *p, const int64_t *from, const int *order, int rank,
                               oc_error *err)
{
    oc_moves *list = p->state;
    size_t    elem = oc_dtype_bytes(p->in[0].info.dtype);
    ptrdiff_t src[OC_RANK_MAX], dst[OC_RANK_MAX];
    oc_shape  in = {.rank = (uint32_t)rank}, out = in;
    oc_status st = oc_moves_init(list, p, 1, err);
    if (st != OC_OK)
        return st;
    for (int i = 0; i < rank; i++) {
        in.dim[i] = from[i];
        out.dim[i] = from[order[i]];
    }
    oc_strides(&in, elem, src);
    oc_strides(&out, elem, dst);
    oc_move *m = oc_moves_add(list, 0, 0, elem);
    for (int i = 0; i < rank; i++)
        oc_move_loop(m, (size_t)out.dim[i], src[order[i]], dst[i]);
    oc_moves_finish(list, p);
    return OC_OK;
}

static oc_status depth_to_space_prepare(const oc_prepare *p, oc_error *err)
{
    const int64_t *d = p->in[0].info.shape.dim;
    int64_t        b = oc_node_int(p->node, "blocksize", 1), c = d[1] / (b * b);
    if (strcmp(oc_node_string(p->node, "mode", "DCR"), "DCR") == 0)
        return prepare_split(p, (int64_t[]){d[0], b, b, c, d[2], d[3]}, (int[]){0, 3, 4, 1, 5, 2},
                             6, err);
    return prepare_split(p, (int64_t[]){d[0], c, b, b, d[2], d[3]}, (int[]){0, 1, 4, 2, 5, 3}, 6,
                         err);
}

static oc_status space_to_depth_prepare(const oc_prepare *p, oc_error *err)
{
    const int64_t *d = p->in[0].info.shape.dim;
    int64_t        b = oc_node_int(p->node, "blocksize", 1);
    return prepare_split(p, (int64_t[]){d[0], d[1], d[2] / b, b, d[3] / b, b},
                         (int[]){0, 3, 5, 1, 2, 4}, 6, err);
}

const oc_op oc_op_depth_to_space = {
    .name = "DepthToSpace",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(oc_moves),
    .infer = depth_to_space_infer,
    .prepare = depth_to_space_prepare,
    .run = oc_moves_run,
};
const oc_op oc_op_space_to_depth = {
    .name = "SpaceToDepth",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(oc_moves),
    .infer = space_to_depth_infer,
    .prepare = space_to_depth_prepare,
    .run = oc_moves_run,
};

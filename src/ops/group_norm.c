/* InstanceNormalization, GroupNormalization: each channel, or group of neighbouring channels, of each
 * picture is brought to mean 0 and variance 1, then scaled and shifted.
 * ONNX opset 6 (Instance), 18 and 21 (Group: scale and bias per group, then per channel).
 *
 *   in   x            [N,C,D1..Dn], f32
 *        scale, bias  [C], or [num_groups]
 *   out  y            the shape of x; may share x's memory */
#include <string.h>

#include "kernels/f32_affine.h"
#include "ops/args.h"
#include "ops/moments.h"
#include "ops/op.h"

#define GRAIN 16384 /* elements */

typedef struct group_state {
    oc_k_f32_affine_fn *affine;
    oc_k_f32_reduce_fn *reduce;
    float               epsilon;
    size_t              groups, members, plane; /* members: channels of a group */
    bool                per_group;              /* scale and bias */
} group_state;

static int64_t groups_of(const oc_node *node, const oc_shape *x)
{
    return strcmp(node->op_type, "GroupNormalization") == 0 ? oc_node_int(node, "num_groups", 0)
                                                            : x->dim[1];
}

static oc_status group_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *x = &ask->in[0].shape;
    int64_t         groups;

    if (x->rank < 2)
        return OC_FAIL(err, OC_FORMAT, "input has rank %u, at least 2", x->rank);
    groups = groups_of(ask->node, x);
    if (groups < 1 || x->dim[1] % groups)
        return OC_FAIL(err, OC_FORMAT, "%lld channels in %lld groups", (long long)x->dim[1],
                       (long long)groups);
    for (uint32_t i = 0; i < 3; i++)
        if (ask->in[i].dtype != OC_F32)
            return OC_FAIL(err, OC_UNSUPPORTED, "input %u is %s, only float32", i,
                           oc_dtype_name(ask->in[i].dtype));
    for (uint32_t i = 1; i < 3; i++)
        if (ask->in[i].shape.rank != 1 ||
            (ask->in[i].shape.dim[0] != x->dim[1] && ask->in[i].shape.dim[0] != groups) ||
            ask->in[i].shape.dim[0] != ask->in[1].shape.dim[0])
            return OC_FAIL(err, OC_FORMAT, "input %u has not one value per channel or group", i);
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static oc_status group_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    group_state    *s = p->state;

    (void)err;
    s->affine = oc_k_f32_affine(p->isa);
    s->reduce = oc_k_f32_reduce(p->isa);
    s->epsilon = oc_node_float(p->node, "epsilon", 1e-5f);
    s->groups = (size_t)groups_of(p->node, x);
    s->members = (size_t)x->dim[1] / s->groups;
    s->plane = oc_dims_product(x, 2, x->rank);
    s->per_group = p->in[1].info.shape.dim[0] != x->dim[1];
    p->work->phase[0].units = s->plane ? (size_t)x->dim[0] * s->groups : 0;
    p->work->phase[0].grain = GRAIN / (s->plane * s->members + 1) + 1;
    return OC_OK;
}

static void group_run(const oc_op_run *r)
{
    const group_state *s = r->state;
    const float       *scale = r->in[1].data, *bias = r->in[2].data;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const size_t     n = s->members * s->plane;
        const float     *x = (const float *)r->in[0].data + u * n;
        float           *y = (float *)r->out[0].data + u * n;
        const oc_moments m = oc_moments_of(s->reduce, n, x);
        const float      inverse = 1.0f / sqrtf(m.variance + s->epsilon);

        for (size_t i = 0; i < s->members; i++) {
            const size_t group = u % s->groups, c = s->per_group ? group : group * s->members + i;
            const float  a = inverse * scale[c];
            const oc_f32_affine work = {s->plane, OC_OPERAND_ONE, x + i * s->plane, &m.mean,
                                        &a,       &bias[c],       y + i * s->plane};

            s->affine(&work);
        }
    }
}

#define GROUP(symbol, text)                \
    const oc_op oc_op_##symbol = {         \
        .name = text,                      \
        .domain = "",                      \
        .n_in_min = 3,                     \
        .n_in_max = 3,                     \
        .n_out_min = 1,                    \
        .n_out_max = 1,                    \
        .flags = OC_OP_IN_PLACE,           \
        .state_size = sizeof(group_state), \
        .infer = group_infer,              \
        .prepare = group_prepare,          \
        .run = group_run,                  \
    }

GROUP(instance_normalization, "InstanceNormalization");
GROUP(group_normalization, "GroupNormalization");

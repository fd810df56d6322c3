/* BatchNormalization: y = (x - mean) / sqrt(var + epsilon) * scale + B.      ONNX opset 7..
 *
 *   in   x                    [N,C,D1..Dn] (or [N]: one channel), f32
 *        scale, B, mean, var  [C], f32
 *   out  y                    the shape of x; may share x's memory; blocked when x is
 *        running_mean, running_var  [C]; training mode, since opset 14
 *
 * In training mode mean and var are those of x itself (var over all of them, not one less), and
 * running_* = given * momentum + those * (1 - momentum).
 *
 * Passes fold this into convolutions where they can; what remains is computed as it stands. */
#include <math.h>

#include "kernels/f32_affine.h"
#include "ops/args.h"
#include "ops/moments.h"
#include "ops/op.h"

#define GRAIN 32768 /* elements */

typedef struct norm_state {
    oc_k_f32_affine_fn *affine;
    oc_k_f32_reduce_fn *reduce; /* training mode */
    float               epsilon, momentum;
    size_t              batch, channels, plane, blocks;
    bool                blocked, training;
} norm_state;

/* Before opset 14 it was told by the outputs, whose meaning was another. */
static bool trains(const oc_node *node)
{
    return oc_node_int(node, "training_mode", 0) != 0;
}

static oc_status norm_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *x = &ask->in[0].shape;
    const int64_t   channels = x->rank > 1 ? x->dim[1] : 1;

    if (ask->n_out > 1 && (ask->node->opset < 14 || ask->n_out > 3))
        return OC_FAIL(err, OC_UNSUPPORTED, "training mode as before opset 14");
    if (ask->n_out > 1 && !trains(ask->node))
        return OC_FAIL(err, OC_FORMAT, "running mean and variance, but no training_mode");
    for (uint32_t i = 0; i < 5; i++)
        if (ask->in[i].dtype != OC_F32)
            return OC_FAIL(err, OC_UNSUPPORTED, "input %u is %s, only float32", i,
                           oc_dtype_name(ask->in[i].dtype));
    for (uint32_t i = 1; i < 5; i++)
        if (ask->in[i].shape.rank != 1 || ask->in[i].shape.dim[0] != channels)
            return OC_FAIL(err, OC_FORMAT, "input %u has not one value for each of %lld channels",
                           i, (long long)channels);
    ask->out[0] = ask->in[0];
    for (uint32_t i = 1; i < ask->n_out; i++)
        ask->out[i] = ask->in[i + 2];
    return OC_OK;
}

static bool norm_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8 || trains(ask->node))
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static oc_status norm_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    norm_state     *s = p->state;

    (void)err;
    s->affine = oc_k_f32_affine(p->isa);
    s->epsilon = oc_node_float(p->node, "epsilon", 1e-5f);
    s->momentum = oc_node_float(p->node, "momentum", 0.9f);
    s->training = trains(p->node);
    s->reduce = oc_k_f32_reduce(p->isa);
    s->batch = (size_t)(x->rank ? x->dim[0] : 1);
    s->channels = x->rank > 1 ? (size_t)x->dim[1] : 1;
    s->plane = oc_dims_product(x, 2, x->rank);
    s->blocks = (s->channels + 7) / 8;
    s->blocked = p->out[0].layout == OC_LAYOUT_NC8;
    if (s->training) { /* a channel of the whole batch */
        p->work->phase[0].units = s->channels;
        p->work->phase[0].grain = GRAIN / 4 / (s->batch * s->plane + 1) + 1;
        return OC_OK;
    }
    p->work->phase[0].units = s->batch * (s->blocked ? s->blocks : s->channels);
    p->work->phase[0].grain = GRAIN / (s->plane * (s->blocked ? 8 : 1) + 1) + 1;
    return OC_OK;
}

/* Mean and variance of `batch` planes, from those of each: equally large, so the variance of all is
 * the mean of their variances and of the squares by which their means are off. */
static void batch_moments(const norm_state *s, const float *x, double *mean, double *variance)
{
    double sum = 0, squares = 0, inside = 0;

    for (size_t i = 0; i < s->batch; i++)
        sum += (double)oc_moments_of(s->reduce, s->plane, x + i * s->channels * s->plane).mean;
    *mean = sum / (double)s->batch;
    for (size_t i = 0; i < s->batch; i++) {
        const oc_moments m = oc_moments_of(s->reduce, s->plane, x + i * s->channels * s->plane);
        const double     off = (double)m.mean - *mean;

        inside += (double)m.variance;
        squares += off * off;
    }
    *variance = (inside + squares) / (double)s->batch;
}

static void keep_running(const norm_state *s, const oc_op_run *r, uint32_t out, size_t c, double v)
{
    const double given = (double)((const float *)r->in[out + 2].data)[c];
    const double momentum = (double)s->momentum;

    if (out < r->n_out && r->out[out].data)
        ((float *)r->out[out].data)[c] = (float)(given * momentum + v * (1 - momentum));
}

static void train(const norm_state *s, const oc_op_run *r)
{
    const float *scale = r->in[1].data, *bias = r->in[2].data;

    for (size_t c = r->part.begin; c < r->part.end; c++) {
        const float *x = (const float *)r->in[0].data + c * s->plane;
        float       *y = (float *)r->out[0].data + c * s->plane;
        double       mean = 0, variance = 0;

        if (s->batch && s->plane)
            batch_moments(s, x, &mean, &variance);
        keep_running(s, r, 1, c, mean);
        keep_running(s, r, 2, c, variance);
        const float m = (float)mean, b = bias[c];
        const float a = (float)((double)scale[c] / sqrt(variance + (double)s->epsilon));
        for (size_t i = 0; i < s->batch; i++) {
            const size_t  at = i * s->channels * s->plane;
            oc_f32_affine work = {.n = s->plane,
                                  .is = OC_OPERAND_ONE,
                                  .x = x + at,
                                  .m = &m,
                                  .a = &a,
                                  .b = &b,
                                  .y = y + at};

            s->affine(&work);
        }
    }
}

static void norm_run(const oc_op_run *r)
{
    const norm_state *s = r->state;

    if (s->training) {
        train(s, r);
        return;
    }
    const float *scale = r->in[1].data, *bias = r->in[2].data, *mean = r->in[3].data;
    const float *var = r->in[4].data;
    const size_t lanes = s->blocked ? 8 : 1, n = s->plane * lanes;
    const size_t groups = s->blocked ? s->blocks : s->channels;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        float         m[8] = {0}, a[8] = {0}, b[8] = {0}; /* lanes beyond C: (0 - 0) * 0 + 0 */
        oc_f32_affine work = {.n = n,
                              .is = s->blocked ? OC_OPERAND_LANES : OC_OPERAND_ONE,
                              .x = (const float *)r->in[0].data + u * n,
                              .m = m,
                              .a = a,
                              .b = b,
                              .y = (float *)r->out[0].data + u * n};

        for (size_t i = 0, c = u % groups * lanes; i < lanes && c < s->channels; i++, c++) {
            m[i] = mean[c];
            a[i] = scale[c] / sqrtf(var[c] + s->epsilon);
            b[i] = bias[c];
        }
        s->affine(&work);
    }
}

const oc_op oc_op_batch_normalization = {
    .name = "BatchNormalization",
    .domain = "",
    .n_in_min = 5,
    .n_in_max = 5,
    .n_out_min = 1,
    .n_out_max = 5,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(norm_state),
    .infer = norm_infer,
    .layout = norm_layout,
    .prepare = norm_prepare,
    .run = norm_run,
};

/* LRN: y[c] = x[c] / (bias + alpha / size * sum of x[k]^2 for the `size` channels around c)^beta.
 * ONNX opset 1..; Krizhevsky et al. 2012, section 3.3.
 *
 *   in   x  [N,C,D1..Dn], f32
 *   out  y  the shape of x */
#include <math.h>
#include <string.h>

#include "ops/args.h"
#include "ops/op.h"

#define GRAIN 2048 /* elements: a power each */
#define PIXELS 256 /* a unit is this many pixels of a channel */

typedef struct lrn_state {
    float  alpha, beta, bias;
    size_t before, after; /* channels on either side */
    size_t channels, plane, chunks;
} lrn_state;

static oc_status lrn_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->in[0].dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "input is %s, only float32",
                       oc_dtype_name(ask->in[0].dtype));
    if (ask->in[0].shape.rank < 2 || oc_node_int(ask->node, "size", 0) < 1)
        return OC_FAIL(err, OC_FORMAT, "rank %u, size %lld", ask->in[0].shape.rank,
                       (long long)oc_node_int(ask->node, "size", 0));
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static oc_status lrn_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    const int64_t   size = oc_node_int(p->node, "size", 1);
    lrn_state      *s = p->state;

    (void)err;
    s->alpha = oc_node_float(p->node, "alpha", 1e-4f) / (float)size;
    s->beta = oc_node_float(p->node, "beta", 0.75f);
    s->bias = oc_node_float(p->node, "bias", 1.0f);
    s->before = (size_t)(size - 1) / 2;
    s->after = (size_t)size / 2;
    s->channels = (size_t)x->dim[1];
    s->plane = oc_dims_product(x, 2, x->rank);
    s->chunks = (s->plane + PIXELS - 1) / PIXELS;
    p->work->phase[0].units = (size_t)x->dim[0] * s->channels * s->chunks;
    p->work->phase[0].grain = GRAIN / PIXELS;
    return OC_OK;
}

static void lrn_run(const oc_op_run *r)
{
    const lrn_state *s = r->state;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const size_t map = u / s->chunks, c = map % s->channels, at = u % s->chunks * PIXELS;
        const size_t n = s->plane - at < PIXELS ? s->plane - at : PIXELS;
        const size_t first = c < s->before ? 0 : c - s->before;
        const size_t last = s->channels - 1 - c < s->after ? s->channels - 1 : c + s->after;
        const float *x = (const float *)r->in[0].data + map * s->plane + at;
        float       *y = (float *)r->out[0].data + map * s->plane + at;
        float        sum[PIXELS] = {0};

        for (size_t k = first; k <= last; k++) {
            const float *v = x + ((ptrdiff_t)k - (ptrdiff_t)c) * (ptrdiff_t)s->plane;

            for (size_t i = 0; i < n; i++)
                sum[i] += v[i] * v[i];
        }
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] / powf(s->bias + s->alpha * sum[i], s->beta);
    }
}

const oc_op oc_op_lrn = {
    .name = "LRN",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(lrn_state),
    .infer = lrn_infer,
    .prepare = lrn_prepare,
    .run = lrn_run,
};

/* LpNormalization: x over its 1- or 2-norm along an axis (zero stays zero).      ONNX opset 1..
 * MeanVarianceNormalization: (x - mean) / (deviation + 1e-9) over axes.           ONNX opset 9..
 *
 *   in   x  f32
 *   out  y  the shape of x
 *
 * Sums are taken in double: the rows are not contiguous. */
#include <math.h>
#include <string.h>

#include "ops/args.h"
#include "ops/op.h"

#define GRAIN 8192 /* elements */

typedef struct norm_state {
    bool     lp;
    int64_t  p;
    uint32_t n_gone, n_kept;
    size_t   dim[OC_RANK_MAX], step[OC_RANK_MAX]; /* kept first, then those summed over */
    size_t   count;                               /* elements of a group */
} norm_state;

static oc_status norm_infer(const oc_infer *ask, oc_error *err)
{
    const int64_t p = oc_node_int(ask->node, "p", 2);

    if (ask->in[0].dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "input is %s, only float32",
                       oc_dtype_name(ask->in[0].dtype));
    if (p != 1 && p != 2)
        return OC_FAIL(err, OC_FORMAT, "p is %lld, must be 1 or 2", (long long)p);
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static oc_status axes_of(const oc_node *node, uint32_t rank, bool gone[OC_RANK_MAX], oc_error *err)
{
    static const int64_t pictures[] = {0, 2, 3};
    const int64_t        one[1] = {oc_node_int(node, "axis", -1)};
    const bool           lp = strcmp(node->op_type, "LpNormalization") == 0;
    size_t               n = 0;
    const int64_t       *axes = lp ? one : oc_node_ints(node, "axes", &n);

    if (lp || !axes)
        n = lp ? 1 : 3;
    if (!axes)
        axes = pictures;
    for (size_t i = 0; i < n; i++) {
        uint32_t  d = 0;
        oc_status st = oc_axis(axes[i], rank, &d, err);

        if (st != OC_OK)
            return st;
        gone[d] = true;
    }
    return OC_OK;
}

static oc_status norm_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    norm_state     *s = p->state;
    bool            gone[OC_RANK_MAX] = {false};
    size_t          units = 1;
    oc_status       st = axes_of(p->node, x->rank, gone, err);

    if (st != OC_OK)
        return st;
    s->lp = strcmp(p->node->op_type, "LpNormalization") == 0;
    s->p = oc_node_int(p->node, "p", 2);
    s->count = 1;
    for (int want = 0; want < 2; want++)
        for (uint32_t d = 0; d < x->rank; d++) {
            const uint32_t at = s->n_kept + s->n_gone;

            if (gone[d] != (want == 1))
                continue;
            s->dim[at] = (size_t)x->dim[d];
            s->step[at] = oc_dims_product(x, d + 1, x->rank);
            *(want ? &s->n_gone : &s->n_kept) += 1;
            *(want ? &s->count : &units) *= (size_t)x->dim[d];
        }
    p->work->phase[0].units = s->count ? units : 0;
    p->work->phase[0].grain = GRAIN / (s->count + 1) + 1;
    return OC_OK;
}

/* Element i of the dimensions [from, from + n). */
static size_t at_of(const norm_state *s, uint32_t from, uint32_t n, size_t i)
{
    size_t at = 0;

    for (uint32_t d = from + n; d-- > from; i /= s->dim[d])
        at += i % s->dim[d] * s->step[d];
    return at;
}

static void norm_run(const oc_op_run *r)
{
    const norm_state *s = r->state;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const size_t base = at_of(s, 0, s->n_kept, u);
        const float *x = (const float *)r->in[0].data + base;
        float       *y = (float *)r->out[0].data + base;
        double       sum = 0, squares = 0, mean = 0, scale;

        for (size_t i = 0; i < s->count && !s->lp; i++)
            sum += (double)x[at_of(s, s->n_kept, s->n_gone, i)];
        mean = sum / (double)s->count;
        for (size_t i = 0; i < s->count; i++) {
            const double v = (double)x[at_of(s, s->n_kept, s->n_gone, i)] - mean;

            squares += s->lp && s->p == 1 ? fabs(v) : v * v;
        }
        scale = !s->lp      ? sqrt(squares / (double)s->count) + 1e-9
                : s->p == 1 ? squares
                            : sqrt(squares);
        for (size_t i = 0; i < s->count; i++) {
            const size_t at = at_of(s, s->n_kept, s->n_gone, i);

            y[at] = scale == 0 ? 0.0f : (float)(((double)x[at] - mean) / scale);
        }
    }
}

#define NORM(symbol, text)                \
    const oc_op oc_op_##symbol = {        \
        .name = text,                     \
        .domain = "",                     \
        .n_in_min = 1,                    \
        .n_in_max = 1,                    \
        .n_out_min = 1,                   \
        .n_out_max = 1,                   \
        .state_size = sizeof(norm_state), \
        .infer = norm_infer,              \
        .prepare = norm_prepare,          \
        .run = norm_run,                  \
    }

NORM(lp_normalization, "LpNormalization");
NORM(mean_variance_normalization, "MeanVarianceNormalization");

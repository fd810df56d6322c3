/* Det: determinants of square matrices.      ONNX opset 11..
 *
 *   in   x  [...,n,n]; f32, f64 or f16
 *   out  y  [...], the type of x
 *
 * By elimination with row pivots, in double; the determinant of a 0 x 0 matrix is 1. */
#include <math.h>

#include "kernels/any_cast.h"
#include "ops/args.h"
#include "ops/op.h"

typedef struct det_state {
    oc_k_any_cast_fn *load, *store; /* to and from f64 */
    size_t            n, bytes;
} det_state;

static oc_status det_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *x = &ask->in[0].shape;
    const oc_dtype  dtype = ask->in[0].dtype;
    char            text[96];
    oc_status       st = oc_shape_known(&ask->in[0], "x", err);

    if (st != OC_OK)
        return st;
    if (dtype != OC_F32 && dtype != OC_F64 && dtype != OC_F16)
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s", oc_dtype_name(dtype));
    if (x->rank < 2 || x->dim[x->rank - 1] != x->dim[x->rank - 2])
        return OC_FAIL(err, OC_FORMAT, "of %s, which are no square matrices",
                       oc_shape_text(x, text, sizeof(text)));
    ask->out[0] = ask->in[0];
    ask->out[0].shape.rank = x->rank - 2;
    return OC_OK;
}

static oc_status det_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    const oc_dtype  dtype = p->in[0].info.dtype;
    det_state      *s = p->state;

    s->n = (size_t)x->dim[x->rank - 1];
    s->bytes = oc_dtype_bytes(dtype);
    s->load = oc_k_any_cast(dtype, OC_F64);
    s->store = oc_k_any_cast(OC_F64, dtype);
    if (__builtin_mul_overflow(s->n * s->n, sizeof(double), &p->work->scratch_bytes))
        return OC_FAIL(err, OC_NOMEM, "a matrix of %zu x %zu in double", s->n, s->n);
    const double flops = (double)s->n * (double)s->n * (double)s->n;
    p->work->phase[0].units = oc_dims_product(x, 0, x->rank - 2);
    p->work->phase[0].grain = (size_t)(1e5 / (flops + 100)) + 1;
    return OC_OK;
}

static void swap_rows(size_t n, double *a, double *b)
{
    for (size_t i = 0; i < n; i++) {
        const double v = a[i];

        a[i] = b[i];
        b[i] = v;
    }
}

/* Spoils a. */
static double determinant(size_t n, double *a)
{
    double det = 1;

    for (size_t i = 0; i < n; i++) {
        size_t pivot = i;

        for (size_t k = i + 1; k < n; k++)
            if (fabs(a[k * n + i]) > fabs(a[pivot * n + i]))
                pivot = k;
        if (pivot != i) {
            swap_rows(n, a + i * n, a + pivot * n);
            det = -det;
        }
        det *= a[i * n + i];
        if (a[i * n + i] == 0.0)
            return det;
        for (size_t k = i + 1; k < n; k++) {
            const double factor = a[k * n + i] / a[i * n + i];

            for (size_t j = i + 1; j < n; j++)
                a[k * n + j] -= factor * a[i * n + j];
        }
    }
    return det;
}

static void det_run(const oc_op_run *r)
{
    const det_state *s = r->state;
    const size_t     elements = s->n * s->n;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        double *matrix = r->scratch, det;

        s->load(elements, (const char *)r->in[0].data + u * elements * s->bytes, matrix);
        det = determinant(s->n, matrix);
        s->store(1, &det, (char *)r->out[0].data + u * s->bytes);
    }
}

const oc_op oc_op_det = {
    .name = "Det",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(det_state),
    .infer = det_infer,
    .prepare = det_prepare,
    .run = det_run,
};

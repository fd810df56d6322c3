#include "ops/conv_plain.h"

#include <string.h>

#include "kernels/ref/act.h"
#include "tensor/half.h"

static double load(oc_dtype dtype, const void *data, size_t i)
{
    switch (dtype) {
    case OC_F64: return ((const double *)data)[i];
    case OC_F16: return (double)oc_half_to_float(((const oc_half *)data)[i]);
    default: return (double)((const float *)data)[i];
    }
}

static void store(oc_dtype dtype, void *data, size_t i, double v)
{
    switch (dtype) {
    case OC_F64: ((double *)data)[i] = v; break;
    case OC_F16: ((oc_half *)data)[i] = oc_half_from_double(v); break;
    default: ((float *)data)[i] = (float)v; break;
    }
}

static size_t plane_size(const oc_conv_geom *g, const int64_t *dim)
{
    size_t n = 1;
    for (uint32_t i = 0; i < g->dims; i++)
        n *= (size_t)dim[i];
    return n;
}

/* Counts `at` up to the next index of an array of `dims` dimensions. */
static void advance(int64_t *at, const int64_t *dim, uint32_t dims)
{
    for (uint32_t i = dims; i-- > 0;) {
        if (++at[i] < dim[i])
            return;
        at[i] = 0;
    }
}

/* Where the last output axis meets the input under tap kx: output = begin, begin + step, .. < end,
 * input = from, from + in_step, .. */
typedef struct tap_run {
    int64_t begin, end, step, from, in_step;
} tap_run;

static tap_run run_of(const oc_conv_geom *g, bool transposed, uint32_t axis, int64_t k)
{
    const int64_t off = k * g->dil[axis] - g->pad[axis], s = g->stride[axis];
    tap_run       t;

    if (transposed) { /* o = i * s + off */
        int64_t i0 = off >= 0 ? 0 : (-off + s - 1) / s;
        int64_t i1 = off >= g->out[axis] ? 0 : (g->out[axis] - off + s - 1) / s;
        i1 = i1 < g->in[axis] ? i1 : g->in[axis];
        t = (tap_run){i0 * s + off, i1 > i0 ? (i1 - 1) * s + off + 1 : i0 * s + off, s, i0, 1};
    } else { /* i = o * s + off */
        int64_t o0 = off >= 0 ? 0 : (-off + s - 1) / s;
        int64_t o1 = off >= g->in[axis] ? 0 : (g->in[axis] - off + s - 1) / s;
        o1 = o1 < g->out[axis] ? o1 : g->out[axis];
        t = (tap_run){o0, o1 > o0 ? o1 : o0, 1, o0 * s + off, s};
    }
    return t;
}

/* The input index of output index o under tap k on one axis; -1 when there is none. */
static int64_t input_index(const oc_conv_geom *g, bool transposed, uint32_t axis, int64_t o,
                           int64_t k)
{
    int64_t i;

    if (transposed) {
        i = o + g->pad[axis] - k * g->dil[axis];
        if (i < 0 || i % g->stride[axis] != 0)
            return -1;
        i /= g->stride[axis];
    } else {
        i = o * g->stride[axis] - g->pad[axis] + k * g->dil[axis];
    }
    return i >= 0 && i < g->in[axis] ? i : -1;
}

/* sum[] (one row of the last axis) += the taps of one channel. */
static void sum_channel(const oc_conv_plain *p, const void *x, size_t x_at, const void *w,
                        size_t w_at, const int64_t *out_at, double *sum)
{
    const oc_conv_geom *g = &p->geom;
    const uint32_t      last = g->dims - 1;
    int64_t             k[OC_CONV_DIMS_MAX] = {0};
    size_t              taps = plane_size(g, g->k) / (size_t)g->k[last];

    for (size_t t = 0; t < taps; t++, advance(k, g->k, last)) {
        size_t row = 0;
        bool   inside = true;
        for (uint32_t i = 0; i < last && inside; i++) {
            int64_t at = input_index(g, p->transposed, i, out_at[i], k[i]);
            inside = at >= 0;
            row = row * (size_t)g->in[i] + (size_t)at;
        }
        for (int64_t kx = 0; kx < g->k[last] && inside; kx++) {
            double  v = load(p->dtype, w, w_at + t * (size_t)g->k[last] + (size_t)kx);
            tap_run r = run_of(g, p->transposed, last, kx);
            size_t  from = x_at + row * (size_t)g->in[last];
            for (int64_t o = r.begin, i = r.from; o < r.end; o += r.step, i += r.in_step)
                sum[o] += v * load(p->dtype, x, from + (size_t)i);
        }
    }
}

static size_t weights_at(const oc_conv_plain *p, int64_t oc, int64_t c)
{
    const oc_conv_geom *g = &p->geom;
    const int64_t       og = g->oc / g->groups, cg = g->c / g->groups;
    size_t              taps = plane_size(g, g->k);

    if (p->transposed)
        return (size_t)((oc / og * cg + c) * og + oc % og) * taps;
    return (size_t)(oc * cg + c) * taps;
}

static void run_plane(const oc_conv_plain *p, const oc_op_run *r, size_t unit, double *sum)
{
    const oc_conv_geom *g = &p->geom;
    const int64_t       n = (int64_t)unit / g->oc, oc = (int64_t)unit % g->oc;
    const int64_t       cg = g->c / g->groups, c0 = oc / (g->oc / g->groups) * cg;
    const uint32_t      last = g->dims - 1;
    const size_t        width = (size_t)g->out[last], in_plane = plane_size(g, g->in);
    const size_t        rows = plane_size(g, g->out) / width;
    const double        bias = p->at.bias < 0 ? 0.0 : load(p->dtype, r->in[2].data, (size_t)oc);
    int64_t             at[OC_CONV_DIMS_MAX] = {0};

    for (size_t row = 0; row < rows; row++, advance(at, g->out, last)) {
        size_t y = (unit * rows + row) * width;
        for (size_t i = 0; i < width; i++)
            sum[i] = bias + (p->at.add < 0 ? 0.0 : load(p->dtype, r->in[p->at.add].data, y + i));
        for (int64_t c = 0; c < cg; c++)
            sum_channel(p, r->in[0].data, (size_t)(n * g->c + c0 + c) * in_plane, r->in[1].data,
                        weights_at(p, oc, c), at, sum);
        for (size_t i = 0; i < width; i++)
            store(p->dtype, r->out[0].data, y + i,
                  p->act.kind == OC_ACT_NONE ? sum[i]
                                             : (double)oc_act_apply(p->act, (float)sum[i]));
    }
}

void oc_conv_plain_init(oc_conv_plain *plan, const oc_prepare *p, const oc_conv_geom *geom,
                        oc_conv_inputs at, bool transposed)
{
    size_t planes = (size_t)geom->n * (size_t)geom->oc;
    double flops = oc_conv_geom_flops(geom, transposed);

    *plan = (oc_conv_plain){.geom = *geom,
                            .at = at,
                            .act = p->node->act,
                            .dtype = p->in[0].info.dtype,
                            .transposed = transposed};
    p->work->n_phases = 1;
    p->work->phase[0].units = planes;
    double each = planes ? flops / (double)planes : 0;
    p->work->phase[0].grain = each >= 1e5 ? 1 : 1 + (size_t)(1e5 / (each + 1e3));
    p->work->scratch_bytes = (size_t)geom->out[geom->dims - 1] * sizeof(double);
    p->work->flops = flops;
}

void oc_conv_plain_run(const oc_conv_plain *plan, const oc_op_run *r)
{
    for (size_t u = r->part.begin; u < r->part.end; u++)
        run_plane(plan, r, u, r->scratch);
}

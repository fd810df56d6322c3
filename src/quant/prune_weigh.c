/* How much each channel matters. */
#include <math.h>
#include <stdlib.h>

#include "quant/prune.h"

/* ---- scale of batch normalisation ---- */

static oc_status weigh_by_norm(const q_index *x, q_channels *c, oc_error *err)
{
    bool *seen = calloc(c->n + 1, sizeof(*seen));
    bool  any = false;
    if (!seen)
        return OC_FAIL(err, OC_NOMEM, "channels");
    for (size_t i = 0; i < x->doc->n_nodes; i++) {
        const oc_doc_node    *n = &x->doc->nodes[i];
        const oc_tensor_view *scale;
        const uint32_t        v = oc_doc_is(n, "BatchNormalization") ? q_id(x, n->in[0]) : Q_NONE;
        size_t                k;
        if (v == Q_NONE || !c->of[v] || !(scale = q_constant(x, n->in[1])) ||
            scale->info.dtype != OC_F32 || !oc_shape_elements(&scale->info.shape, &k) ||
            k != c->count[v])
            continue;
        for (size_t j = 0; j < k; j++) {
            const uint32_t u = q_unit(c, c->of[v][j]);
            c->importance[u] += (double)fabsf(((const float *)scale->data)[j]);
            seen[u] = any = true;
        }
    }
    for (uint32_t i = 0; i < c->n; i++)
        if (c->unit[i] == i && !seen[i])
            c->importance[i] = INFINITY; /* nothing is known: it goes last */
    free(seen);
    return any ? OC_OK
               : OC_FAIL(err, OC_INVALID,
                         "no batch normalisation behind a channel that could go (exporters fold "
                         "them): --by change");
}

/* ---- what the next layers lose ---- */

/* A layer that mixes the channels of a value: mean square of the weights that read each. */
typedef struct reader {
    uint32_t value;
    double  *weight; /* [channels] sum of squares of its weights */
    double  *energy; /* [channels] sum of squares of the channel */
} reader;

static bool read_weights(const q_index *x, const q_channels *c, const oc_doc_node *n, reader *r)
{
    const bool            gemm = oc_doc_is(n, "Gemm"), up = oc_doc_is(n, "ConvTranspose");
    const oc_tensor_view *w = n->n_in > 1 ? q_constant(x, n->in[1]) : NULL;
    const uint32_t        v = n->n_in ? q_id(x, n->in[0]) : Q_NONE;
    if ((!gemm && !up && !oc_doc_is(n, "Conv")) || !w || w->info.dtype != OC_F32 || v == Q_NONE ||
        !c->of[v] || oc_doc_int(n, "group", 1) != 1)
        return false;
    const size_t k = c->count[v], axis = gemm ? (oc_doc_int(n, "transB", 0) ? 1 : 0) : up ? 0 : 1;
    size_t       all, inner = 1;
    if (w->info.shape.rank < 2 || (size_t)w->info.shape.dim[axis] != k ||
        !oc_shape_elements(&w->info.shape, &all) || !(r->weight = calloc(k + 1, sizeof(double))) ||
        !(r->energy = calloc(k + 1, sizeof(double))))
        return false;
    for (uint32_t d = (uint32_t)axis + 1; d < w->info.shape.rank; d++)
        inner *= (size_t)w->info.shape.dim[d];
    for (size_t i = 0; i < all; i++) {
        const double a = (double)((const float *)w->data)[i];
        r->weight[i / inner % k] += a * a;
    }
    r->value = v;
    return true;
}

static void add_energy(const oc_tensor_view *v, size_t channels, double *energy)
{
    size_t n;
    if (v->info.dtype != OC_F32 || v->info.shape.rank < 2 ||
        (size_t)v->info.shape.dim[1] != channels || !oc_shape_elements(&v->info.shape, &n))
        return;
    size_t inner = 1;
    for (uint32_t d = 2; d < v->info.shape.rank; d++)
        inner *= (size_t)v->info.shape.dim[d];
    const float *x = v->data;
    for (size_t i = 0; i < n; i += inner)
        for (size_t j = 0; j < inner; j++)
            energy[i / inner % channels] += (double)x[i + j] * (double)x[i + j];
}

static oc_status watch(const q_index *x, const q_channels *c, reader *list, size_t n,
                       q_samples *samples, oc_pool *pool, oc_error *err)
{
    const char **names = calloc(n + 1, sizeof(*names));
    q_runner    *runner = NULL;
    oc_status    st = names ? OC_OK : OC_FAIL(err, OC_NOMEM, "names");
    for (size_t i = 0; i < n && names; i++)
        names[i] = x->values[list[i].value].name;
    if (st == OC_OK)
        st = q_runner_create(x->doc, names, n, false, pool, &runner, err);
    for (size_t s = 0; s < q_samples_count(samples) && st == OC_OK; s++) {
        const oc_tensor_view *in, *out;
        if ((st = q_samples_load(samples, s, &in, err)) == OC_OK &&
            (st = q_runner_run(runner, in, &out, err)) == OC_OK)
            for (size_t i = 0; i < n; i++)
                add_energy(&out[i], c->count[list[i].value], list[i].energy);
    }
    q_runner_destroy(runner);
    free(names);
    return st;
}

static oc_status weigh_by_change(const q_index *x, q_channels *c, q_samples *samples, oc_pool *pool,
                                 oc_error *err)
{
    reader   *list = calloc(x->doc->n_nodes + 1, sizeof(*list));
    size_t    n = 0;
    oc_status st = list ? OC_OK : OC_FAIL(err, OC_NOMEM, "layers");
    for (size_t i = 0; i < x->doc->n_nodes && list; i++) {
        if (!x->doc->nodes[i].dead && read_weights(x, c, &x->doc->nodes[i], &list[n])) {
            n++;
        } else {
            free(list[n].weight);
            free(list[n].energy);
            list[n] = (reader){0};
        }
    }
    if (st == OC_OK)
        st = watch(x, c, list, n, samples, pool, err);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        const size_t k = c->count[list[i].value];
        double       all = 0;
        for (size_t j = 0; j < k; j++)
            all += list[i].weight[j] * list[i].energy[j];
        for (size_t j = 0; j < k && all > 0; j++)
            c->importance[q_unit(c, c->of[list[i].value][j])] +=
                list[i].weight[j] * list[i].energy[j] / all;
    }
    for (size_t i = 0; i < n; i++) {
        free(list[i].weight);
        free(list[i].energy);
    }
    free(list);
    return st;
}

oc_status q_channels_weigh(const q_index *index, q_channels *c, q_importance how,
                           q_samples *samples, oc_pool *pool, oc_error *err)
{
    return how == Q_BY_NORM ? weigh_by_norm(index, c, err)
                            : weigh_by_change(index, c, samples, pool, err);
}

#include "quant/refine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX 16  /* looked at */
#define PLACES_MAX 1024 /* of a layer, over all samples */
#define PLACES_MIN 64
#define FLOATS_MAX ((size_t)4 << 20) /* kept of a layer's inputs */
#define INPUTS_MAX 2304              /* weights of an output channel, for rounding */
#define SWEEPS 8
#define DAMPING 0.02 /* of the mean diagonal */

/* One layer's products: y[c] = sum_k w[c][k] x[k], for the c of a group. */
typedef struct product {
    uint32_t layer, value; /* of the input */
    bool     conv;
    size_t   groups, out, inputs; /* out: channels of a group; inputs: k */
    size_t   stride_c, stride_k;  /* of weights[c][k] in memory, inside a group */
    int64_t  kernel[2], stride[2], pad[4], dilation[2];
    bool     same_upper, same_lower;
    float   *x, *rounded; /* [groups][room][inputs]; rounded: while it is fitted */
    size_t   places, room;
    q_params params;
} product;

typedef struct refining {
    q_network *n;
    product   *item;
    size_t     count;
    bool       round, bias;
    uint64_t   random;
} refining;

static uint64_t next_random(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return *s >> 33;
}

static void read_pair(const oc_doc_node *n, const char *name, int64_t *to, size_t count,
                      int64_t fallback)
{
    const oc_attr *a = oc_doc_attr_of(n, name);
    for (size_t i = 0; i < count; i++)
        to[i] = a && a->kind == OC_ATTR_INTS && a->n == count ? a->ints[i] : fallback;
}

static bool describe_conv(const oc_doc_node *n, const oc_tensor_view *w, product *p)
{
    const char *pad = oc_doc_string(n, "auto_pad", "NOTSET");
    if (w->info.shape.rank != 4)
        return false;
    p->conv = true;
    p->groups = (size_t)oc_doc_int(n, "group", 1);
    p->out = (size_t)w->info.shape.dim[0] / p->groups;
    p->kernel[0] = w->info.shape.dim[2];
    p->kernel[1] = w->info.shape.dim[3];
    p->inputs = (size_t)(w->info.shape.dim[1] * p->kernel[0] * p->kernel[1]);
    p->stride_c = p->inputs;
    p->stride_k = 1;
    read_pair(n, "strides", p->stride, 2, 1);
    read_pair(n, "dilations", p->dilation, 2, 1);
    read_pair(n, "pads", p->pad, 4, 0);
    p->same_upper = strcmp(pad, "SAME_UPPER") == 0;
    p->same_lower = strcmp(pad, "SAME_LOWER") == 0;
    return true;
}

static bool describe(q_network *n, uint32_t layer, product *p)
{
    const oc_doc_node    *node = &n->doc->nodes[n->place.layers[layer].node];
    const oc_tensor_view *w = q_constant(&n->index, node->in[1]);
    const uint32_t        v = q_id(&n->index, node->in[0]);
    if (!n->weights[layer].q || v == Q_NONE || !n->place.quantised[v])
        return false;
    *p = (product){.layer = layer, .value = v, .groups = 1, .params = n->params[v]};
    if (oc_doc_is(node, "Conv"))
        return describe_conv(node, w, p);
    if (oc_doc_is(node, "ConvTranspose") || w->info.shape.rank != 2)
        return false;
    const bool turned = oc_doc_is(node, "Gemm") && oc_doc_int(node, "transB", 0);
    p->out = (size_t)w->info.shape.dim[turned ? 0 : 1];
    p->inputs = (size_t)w->info.shape.dim[turned ? 1 : 0];
    p->stride_c = turned ? p->inputs : 1;
    p->stride_k = turned ? 1 : p->out;
    return true;
}

/* ---- inputs at places of the samples ---- */

static void output_size(const product *p, int64_t h, int64_t w, int64_t size[2], int64_t pad[2])
{
    const int64_t in[2] = {h, w};
    for (int d = 0; d < 2; d++) {
        const int64_t reach = (p->kernel[d] - 1) * p->dilation[d] + 1;
        if (p->same_upper || p->same_lower) {
            size[d] = (in[d] + p->stride[d] - 1) / p->stride[d];
            int64_t all = (size[d] - 1) * p->stride[d] + reach - in[d];
            all = all > 0 ? all : 0;
            pad[d] = p->same_upper ? all / 2 : all - all / 2;
        } else {
            pad[d] = p->pad[d];
            size[d] = (in[d] + p->pad[d] + p->pad[d + 2] - reach) / p->stride[d] + 1;
        }
    }
}

static void take_patch(const product *p, const oc_tensor_view *v, size_t group, int64_t image,
                       int64_t y, int64_t x, const int64_t pad[2], float *to)
{
    const int64_t channels = v->info.shape.dim[1], h = v->info.shape.dim[2];
    const int64_t w = v->info.shape.dim[3], per = channels / (int64_t)p->groups;
    const float  *from = v->data;
    size_t        k = 0;
    for (int64_t c = 0; c < per; c++)
        for (int64_t i = 0; i < p->kernel[0]; i++)
            for (int64_t j = 0; j < p->kernel[1]; j++, k++) {
                const int64_t yy = y * p->stride[0] - pad[0] + i * p->dilation[0];
                const int64_t xx = x * p->stride[1] - pad[1] + j * p->dilation[1];
                const int64_t cc = (int64_t)group * per + c;
                to[k] = yy < 0 || yy >= h || xx < 0 || xx >= w
                            ? 0
                            : from[((image * channels + cc) * h + yy) * w + xx];
            }
}

static void take_conv(product *p, const oc_tensor_view *v, size_t want, uint64_t *random)
{
    int64_t size[2], pad[2];
    if (v->info.shape.rank != 4)
        return;
    output_size(p, v->info.shape.dim[2], v->info.shape.dim[3], size, pad);
    if (size[0] < 1 || size[1] < 1)
        return;
    for (size_t i = 0; i < want && p->places < p->room; i++, p->places++) {
        const int64_t image = (int64_t)(next_random(random) % (uint64_t)v->info.shape.dim[0]);
        const int64_t y = (int64_t)(next_random(random) % (uint64_t)size[0]);
        const int64_t x = (int64_t)(next_random(random) % (uint64_t)size[1]);
        for (size_t g = 0; g < p->groups; g++)
            take_patch(p, v, g, image, y, x, pad, p->x + (g * p->room + p->places) * p->inputs);
    }
}

static void take_rows(product *p, const oc_tensor_view *v, size_t want, uint64_t *random)
{
    size_t n;
    if (!oc_shape_elements(&v->info.shape, &n) || n < p->inputs)
        return;
    const size_t rows = n / p->inputs;
    for (size_t i = 0; i < want && i < rows && p->places < p->room; i++, p->places++) {
        const size_t row = rows <= want ? i : next_random(random) % rows;
        memcpy(p->x + p->places * p->inputs, (const float *)v->data + row * p->inputs,
               p->inputs * sizeof(float));
    }
}

static oc_status gather(refining *r, oc_error *err)
{
    q_network   *n = r->n;
    q_runner    *runner = NULL;
    const char **names = calloc(r->count + 1, sizeof(*names));
    const size_t all = q_samples_count(n->samples), use = all < SAMPLES_MAX ? all : SAMPLES_MAX;
    oc_status    st = names ? OC_OK : OC_FAIL(err, OC_NOMEM, "names");
    for (size_t i = 0; i < r->count && names; i++)
        names[i] = n->index.values[r->item[i].value].name;
    if (st == OC_OK)
        st = q_runner_create(n->doc, names, r->count, false, n->options->pool, &runner, err);
    for (size_t s = 0; s < use && st == OC_OK; s++) {
        const oc_tensor_view *in, *out;
        if (n->options->progress &&
            !n->options->progress(n->options->ctx, "layers' inputs", s, use))
            st = OC_FAIL(err, OC_CANCELLED, "stopped");
        if (st == OC_OK && (st = q_samples_load(n->samples, s * all / use, &in, err)) == OC_OK &&
            (st = q_runner_run(runner, in, &out, err)) == OC_OK)
            for (size_t i = 0; i < r->count; i++) {
                product     *p = &r->item[i];
                const size_t want = (p->room - p->places) / (use - s);
                p->conv ? take_conv(p, &out[i], want, &r->random)
                        : take_rows(p, &out[i], want, &r->random);
            }
    }
    q_runner_destroy(runner);
    free(names);
    return st;
}

/* ---- fitting ---- */

typedef struct fitting {
    const product *p;
    const float   *w;
    q_weights     *to;
    size_t         group, top;          /* top: the largest level */
    double        *mean, *mean_rounded; /* of inputs */
    float         *h;                   /* [inputs][inputs]; NULL: no rounding */
    float         *work;                /* [workers][2 * inputs] */
} fitting;

static float scale_of(const fitting *f, size_t channel)
{
    return f->to->scales[f->to->n_scales == 1 ? 0 : channel];
}

static void fill_row(void *ctx, oc_range part, unsigned worker)
{
    const fitting *f = ctx;
    const size_t   k = f->p->inputs;
    const float   *x = f->p->rounded + f->group * f->p->room * k;
    (void)worker;
    for (size_t i = part.begin; i < part.end; i++) {
        float *row = f->h + i * k;
        for (size_t at = 0; at < f->p->places; at++) {
            const float a = x[at * k + i];
            for (size_t j = 0; j < k && (a < 0 || a > 0); j++)
                row[j] += a * x[at * k + j];
        }
    }
}

static void damp(const fitting *f)
{
    const size_t k = f->p->inputs;
    double       sum = 0;
    for (size_t i = 0; i < k; i++)
        sum += (double)f->h[i * k + i];
    const float more = (float)(DAMPING * sum / (double)k);
    for (size_t i = 0; i < k; i++)
        f->h[i * k + i] += more;
}

/* Coordinate descent on one channel: d = s q - w, g = H d. */
static void round_channel(const fitting *f, size_t c, float *d, float *g)
{
    const size_t k = f->p->inputs, channel = f->group * f->p->out + c;
    const size_t base = f->p->conv ? channel * f->p->stride_c : c * f->p->stride_c;
    const float  s = scale_of(f, channel), top = (float)f->top;
    int8_t      *q = f->to->q;
    memset(g, 0, k * sizeof(*g));
    for (size_t i = 0; i < k; i++) {
        const size_t at = base + i * f->p->stride_k;
        d[i] = s * (float)q[at] - f->w[at];
        for (size_t j = 0; j < k; j++)
            g[j] += d[i] * f->h[i * k + j];
    }
    bool moved = true;
    for (int sweep = 0; sweep < SWEEPS && moved; sweep++) {
        moved = false;
        for (size_t i = 0; i < k; i++) {
            const size_t at = base + i * f->p->stride_k;
            const float  exact = f->w[at] / s;
            const float  other = (float)q[at] > exact ? floorf(exact) : ceilf(exact);
            if (other < -top || other > top || fabsf(other - (float)q[at]) < 0.5f)
                continue;
            const float step = s * (other - (float)q[at]);
            if (step * (2 * g[i] + step * f->h[i * k + i]) >= 0)
                continue;
            q[at] = (int8_t)other;
            moved = true;
            for (size_t j = 0; j < k; j++)
                g[j] += step * f->h[i * k + j];
        }
    }
}

static void round_some(void *ctx, oc_range part, unsigned worker)
{
    const fitting *f = ctx;
    float         *d = f->work + 2 * worker * f->p->inputs;
    for (size_t c = part.begin; c < part.end; c++)
        round_channel(f, c, d, d + f->p->inputs);
}

static void means(const fitting *f)
{
    const size_t k = f->p->inputs, from = f->group * f->p->room * k;
    memset(f->mean, 0, k * sizeof(double));
    memset(f->mean_rounded, 0, k * sizeof(double));
    for (size_t at = 0; at < f->p->places; at++)
        for (size_t i = 0; i < k; i++) {
            f->mean[i] += (double)f->p->x[from + at * k + i];
            f->mean_rounded[i] += (double)f->p->rounded[from + at * k + i];
        }
    for (size_t i = 0; i < k; i++) {
        f->mean[i] /= (double)f->p->places;
        f->mean_rounded[i] /= (double)f->p->places;
    }
}

static void correct(const fitting *f)
{
    for (size_t c = 0; c < f->p->out; c++) {
        const size_t channel = f->group * f->p->out + c;
        const size_t base = f->p->conv ? channel * f->p->stride_c : c * f->p->stride_c;
        const double s = (double)scale_of(f, channel);
        double       shift = 0;
        for (size_t i = 0; i < f->p->inputs; i++) {
            const size_t at = base + i * f->p->stride_k;
            shift += s * f->to->q[at] * f->mean_rounded[i] - (double)f->w[at] * f->mean[i];
        }
        f->to->bias[channel] -= (float)shift;
    }
}

static oc_status fit_groups(refining *r, fitting *f, oc_error *err)
{
    const size_t   k = f->p->inputs;
    const unsigned workers = r->n->options->pool ? oc_pool_threads(r->n->options->pool) : 1;
    const bool     round = r->round && k <= INPUTS_MAX;
    f->mean = calloc(k + 1, sizeof(*f->mean));
    f->mean_rounded = calloc(k + 1, sizeof(*f->mean_rounded));
    f->work = calloc((size_t)workers * 2 * k + 1, sizeof(*f->work));
    f->h = round ? calloc(k * k + 1, sizeof(*f->h)) : NULL;
    if (!f->mean || !f->mean_rounded || !f->work || (round && !f->h))
        return OC_FAIL(err, OC_NOMEM, "fitting of %zu inputs", k);
    for (f->group = 0; f->group < f->p->groups; f->group++) {
        if (round) {
            memset(f->h, 0, k * k * sizeof(*f->h));
            oc_pool_run(r->n->options->pool, 0, k, 8, fill_row, f);
            damp(f);
            oc_pool_run(r->n->options->pool, 0, f->p->out, 1, round_some, f);
        }
        means(f);
        if (r->bias)
            correct(f);
    }
    return OC_OK;
}

static oc_status fit(refining *r, product *p, oc_error *err)
{
    q_network            *n = r->n;
    const oc_doc_node    *node = &n->doc->nodes[n->place.layers[p->layer].node];
    const oc_tensor_view *b =
        node->n_in > 2 && *node->in[2] ? q_constant(&n->index, node->in[2]) : NULL;
    fitting      f = {.p = p, .to = &n->weights[p->layer]};
    const size_t channels = p->groups * p->out, all = p->groups * p->room * p->inputs;
    oc_status    st = OC_OK;
    f.w = q_constant(&n->index, node->in[1])->data;
    f.top = (1u << (n->options->format.weight_bits - 1)) - 1;
    if (p->places == 0)
        return OC_OK;
    if (!(p->rounded = malloc((all + 1) * sizeof(float))))
        return OC_FAIL(err, OC_NOMEM, "inputs of layer '%s'", n->place.layers[p->layer].name);
    for (size_t i = 0; i < all; i++)
        p->rounded[i] = q_real(q_level(p->x[i], &p->params), &p->params);
    const bool bias = r->bias && !oc_doc_is(node, "MatMul");
    if (bias && !(f.to->bias = calloc(channels + 1, sizeof(*f.to->bias))))
        return OC_FAIL(err, OC_NOMEM, "bias");
    if (bias && b)
        memcpy(f.to->bias, b->data, channels * sizeof(float));
    const bool keep = r->bias;
    r->bias = bias;
    st = fit_groups(r, &f, err);
    r->bias = keep;
    free(f.mean);
    free(f.mean_rounded);
    free(f.work);
    free(f.h);
    free(p->rounded);
    p->rounded = NULL;
    return st;
}

oc_status q_refine(q_network *n, bool round, bool correct_bias, oc_error *err)
{
    refining  r = {.n = n, .round = round, .bias = correct_bias, .random = 1};
    oc_status st = OC_OK;
    r.item = calloc(n->place.n_layers + 1, sizeof(*r.item));
    if (!r.item)
        return OC_FAIL(err, OC_NOMEM, "layers");
    q_place_decide(&n->index, &n->place);
    st = q_params_assign(&n->index, &n->place, n->ranges, n->wide, &n->options->format, n->params,
                         err);
    for (uint32_t l = 0; l < n->place.n_layers && st == OC_OK; l++) {
        product *p = &r.item[r.count];
        if (!n->place.nodes[n->place.layers[l].node].integer || !describe(n, l, p))
            continue;
        p->room = FLOATS_MAX / (p->groups * p->inputs);
        p->room = p->room > PLACES_MAX ? PLACES_MAX : p->room < PLACES_MIN ? PLACES_MIN : p->room;
        p->x = calloc(p->groups * p->room * p->inputs + 1, sizeof(float));
        r.count++;
        if (!p->x)
            st = OC_FAIL(err, OC_NOMEM, "inputs of layer '%s'", n->place.layers[l].name);
    }
    if (st == OC_OK && r.count)
        st = gather(&r, err);
    for (size_t i = 0; i < r.count && st == OC_OK; i++) {
        if (n->options->progress && !n->options->progress(n->options->ctx, "fitting", i, r.count))
            st = OC_FAIL(err, OC_CANCELLED, "stopped");
        else
            st = fit(&r, &r.item[i], err);
    }
    for (uint32_t i = 0; i < n->place.n_layers; i++) {
        free(r.item[i].x);
        free(r.item[i].rounded);
    }
    free(r.item);
    return st;
}

/* y = s[c] * conv(x) + t[c]: scales go into the weights, offsets into the bias. */
#include <math.h>
#include <string.h>

#include "quant/prepare.h"

/* What a node does to channel c of axis 1: y = s * x + t. */
typedef struct affine {
    float      *s, *t; /* [n]; n = 1: the same for all */
    size_t      n;
    const char *x; /* the value it is done to */
} affine;

/* How a node's weights lie: [outer][channels][inner]. */
typedef struct weights {
    const oc_tensor_view *w, *bias; /* bias may be NULL */
    size_t                channels;
    size_t                inner;      /* elements per channel, when channels are the first axis */
    bool                  transposed; /* channels are the second axis: [rows][channels][inner] */
    size_t                rows;
} weights;

static bool conv_weights(const q_index *x, const oc_doc_node *n, weights *out)
{
    const bool plain = oc_doc_is(n, "Conv"), up = oc_doc_is(n, "ConvTranspose");
    *out = (weights){0};
    if ((!plain && !up) || n->n_in < 2)
        return false;
    out->w = q_constant(x, n->in[1]);
    if (!out->w || out->w->info.dtype != OC_F32 || out->w->info.shape.rank < 3)
        return false;
    if (n->n_in > 2 && *n->in[2] && !(out->bias = q_constant(x, n->in[2])))
        return false;
    size_t total;
    if (!oc_shape_elements(&out->w->info.shape, &total) || total == 0)
        return false;
    if (plain) {
        out->channels = (size_t)out->w->info.shape.dim[0];
        out->inner = total / out->channels;
        return true;
    }
    if (oc_doc_int(n, "group", 1) != 1)
        return false;
    out->transposed = true;
    out->rows = (size_t)out->w->info.shape.dim[0];
    out->channels = (size_t)out->w->info.shape.dim[1];
    out->inner = total / out->channels / out->rows;
    return true;
}

/* Elements of a constant as one number a channel of axis 1, of values of that rank; n = 1 where it is
 * one number. */
static bool per_channel(const oc_tensor_view *v, size_t rank, size_t channels)
{
    size_t n;
    if (!v || v->info.dtype != OC_F32 || !oc_shape_elements(&v->info.shape, &n))
        return false;
    if (n == 1)
        return v->info.shape.rank <= rank;
    /* axis 1 of `rank` is the axis rank - 1 from the end */
    if (n != channels || v->info.shape.rank < rank - 1 || v->info.shape.rank > rank)
        return false;
    return v->info.shape.dim[v->info.shape.rank - (rank - 1)] == (int64_t)channels;
}

static bool alloc_affine(oc_doc *doc, affine *a, size_t n)
{
    a->n = n;
    a->s = oc_arena_alloc(&doc->mem, n, sizeof(float));
    a->t = oc_arena_alloc(&doc->mem, n, sizeof(float));
    return a->s && a->t;
}

static bool norm_affine(oc_doc *doc, const q_index *x, const oc_doc_node *n, size_t channels,
                        affine *a)
{
    const oc_tensor_view *p[4];
    for (uint32_t i = 0; i < 4; i++) {
        size_t have;
        p[i] = n->n_in == 5 ? q_constant(x, n->in[i + 1]) : NULL;
        if (!p[i] || p[i]->info.dtype != OC_F32 || !oc_shape_elements(&p[i]->info.shape, &have) ||
            have != channels)
            return false;
    }
    if (oc_doc_int(n, "training_mode", 0) || !alloc_affine(doc, a, channels))
        return false;
    const float  eps = oc_doc_float(n, "epsilon", 1e-5f);
    const float *scale = p[0]->data, *shift = p[1]->data, *mean = p[2]->data, *var = p[3]->data;
    for (size_t c = 0; c < channels; c++) {
        double s = (double)scale[c] / sqrt((double)var[c] + (double)eps);
        a->s[c] = (float)s;
        a->t[c] = (float)((double)shift[c] - (double)mean[c] * s);
    }
    a->x = n->in[0];
    return true;
}

static bool binary_affine(oc_doc *doc, const q_index *x, const oc_doc_node *n, size_t rank,
                          size_t channels, affine *a)
{
    const bool mul = oc_doc_is(n, "Mul"), add = oc_doc_is(n, "Add"), sub = oc_doc_is(n, "Sub");
    const bool div = oc_doc_is(n, "Div");
    if ((!mul && !add && !sub && !div) || n->n_in != 2)
        return false;
    const oc_tensor_view *k = q_constant(x, n->in[1]);
    a->x = n->in[0];
    if (!k && (mul || add)) {
        k = q_constant(x, n->in[0]);
        a->x = n->in[1];
    }
    size_t have;
    if (!per_channel(k, rank, channels) || !oc_shape_elements(&k->info.shape, &have) ||
        !alloc_affine(doc, a, have))
        return false;
    const float *v = k->data;
    for (size_t c = 0; c < have; c++) {
        a->s[c] = mul ? v[c] : div ? 1 / v[c] : 1;
        a->t[c] = add ? v[c] : sub ? -v[c] : 0;
    }
    return true;
}

static void scale_weights(const weights *w, const affine *a, float *to)
{
    const size_t rows = w->transposed ? w->rows : 1;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < w->channels; c++)
            for (size_t i = 0; i < w->inner; i++)
                to[(r * w->channels + c) * w->inner + i] *= a->s[a->n == 1 ? 0 : c];
}

static oc_status apply(oc_doc *doc, oc_doc_node *conv, const weights *w, const affine *a,
                       oc_error *err)
{
    const oc_shape bias_shape = {.rank = 1, .dim[0] = (int64_t)w->channels};
    const oc_shape shape = w->w->info.shape;
    const char    *names[3] = {conv->in[0]};
    size_t         n;
    float         *weight = q_floats(doc, w->w, &n);
    float         *bias = oc_arena_alloc(&doc->mem, w->channels, sizeof(float));
    oc_status      st;
    if (!weight || !bias)
        return OC_FAIL(err, OC_NOMEM, "weights");
    for (size_t c = 0; c < w->channels; c++) {
        const size_t k = a->n == 1 ? 0 : c;
        bias[c] = (w->bias ? ((const float *)w->bias->data)[c] * a->s[k] : 0) + a->t[k];
    }
    scale_weights(w, a, weight);
    if ((st = q_new_tensor(doc, conv->in[1], OC_F32, &shape, weight, &names[1], err)) != OC_OK ||
        (st = q_new_tensor(doc, conv->n_in > 2 && *conv->in[2] ? conv->in[2] : "bias", OC_F32,
                           &bias_shape, bias, &names[2], err)) != OC_OK)
        return st;
    return oc_doc_set_inputs(doc, conv, names, 3, err);
}

/* Folds the node into the convolution that makes its input, if that is what they are. */
static oc_status fold_node(oc_doc *doc, q_index *x, uint32_t at, bool *done, oc_error *err)
{
    oc_doc_node *n = &doc->nodes[at];
    affine       a = {0};
    weights      w;
    uint32_t     from, producer = Q_NONE;
    for (uint32_t k = 0; k < n->n_in && k < 2 && producer == Q_NONE; k++)
        if ((from = q_id(x, n->in[k])) != Q_NONE && q_only_user(x, from) == at)
            producer = x->values[from].producer;
    if (n->dead || producer == Q_NONE || !conv_weights(x, &doc->nodes[producer], &w))
        return OC_OK;
    const size_t rank = w.w->info.shape.rank;
    if (!(oc_doc_is(n, "BatchNormalization") ? norm_affine(doc, x, n, w.channels, &a)
                                             : binary_affine(doc, x, n, rank, w.channels, &a)))
        return OC_OK;
    oc_doc_node *conv = &doc->nodes[producer];
    if (strcmp(a.x, conv->out[0]) != 0)
        return OC_OK;
    oc_status st = apply(doc, conv, &w, &a, err);
    conv->out[0] = n->out[0];
    conv->changed = true;
    n->dead = true;
    *done = true;
    return st;
}

oc_status q_fold(oc_doc *doc, oc_error *err)
{
    oc_status st = OC_OK;
    bool      done = true;
    while (done && st == OC_OK) {
        q_index x = {0};
        done = false;
        if ((st = q_index_build(doc, &x, err)) != OC_OK)
            return st;
        /* One at a time per convolution: the index tells of the document before the change. */
        for (uint32_t i = 0; i < doc->n_nodes && st == OC_OK; i++) {
            bool folded = false;
            st = fold_node(doc, &x, i, &folded, err);
            done |= folded;
            if (folded) {
                q_index_finish(&x);
                st = st == OC_OK ? q_index_build(doc, &x, err) : st;
            }
        }
        q_index_finish(&x);
    }
    return st == OC_OK ? oc_doc_sweep(doc, err) : st;
}

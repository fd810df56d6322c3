/* What LSTM, GRU and RNN say of themselves: attributes, activations, shapes. */
#include <string.h>
#include <strings.h>

#include "ops/args.h"
#include "ops/recurrent.h"

enum { IN_X, IN_W, IN_R, IN_B, IN_LENGTHS, IN_H, IN_C, IN_P };

typedef struct act_row {
    const char   *name;
    oc_unary_kind kind;
    int           takes; /* how many of alpha, beta */
    float         alpha, beta;
} act_row;

/* Affine and ScaledTanh are the scaled forms of nothing and of Tanh. */
static const act_row act_rows[] = {
    {"Sigmoid", OC_UNARY_SIGMOID, 0, 0, 0},
    {"Tanh", OC_UNARY_TANH, 0, 0, 0},
    {"Relu", OC_UNARY_RELU, 0, 0, 0},
    {"Softsign", OC_UNARY_SOFTSIGN, 0, 0, 0},
    {"Softplus", OC_UNARY_SOFTPLUS, 0, 0, 0},
    {"LeakyRelu", OC_UNARY_LEAKY, 1, 0.01f, 0},
    {"ThresholdedRelu", OC_UNARY_THRESHOLD, 1, 1, 0},
    {"Elu", OC_UNARY_ELU, 1, 1, 0},
    {"HardSigmoid", OC_UNARY_HARDSIGMOID, 2, 0.2f, 0.5f},
    {"ScaledTanh", OC_UNARY_TANH, 2, 1, 1},
    {"Affine", OC_UNARY_FLOATS, 2, 1, 0},
};

/* Parameters are handed out in order to the functions that take some. */
typedef struct act_values {
    const float *alpha, *beta;
    size_t       n_alpha, n_beta;
} act_values;

static float next_value(const float **list, size_t *n, float fallback)
{
    if (*n == 0)
        return fallback;
    --*n;
    return *(*list)++;
}

static oc_status read_act(const char *name, act_values *values, oc_recurrent_act *out,
                          oc_error *err)
{
    const act_row *row = act_rows, *const end = row + sizeof(act_rows) / sizeof(act_rows[0]);

    while (row < end && strcasecmp(row->name, name) != 0)
        row++;
    if (row == end)
        return OC_FAIL(err, OC_UNSUPPORTED, "activation '%.40s'", name);
    const float a = row->takes > 0 ? next_value(&values->alpha, &values->n_alpha, row->alpha) : 0;
    const float b = row->takes > 1 ? next_value(&values->beta, &values->n_beta, row->beta) : 0;
    *out = (oc_recurrent_act){
        .f = {row->kind, (double)a, (double)b}, .slope = 1, .gain = 1, .offset = 0};
    if (row->kind == OC_UNARY_FLOATS) {
        out->linear = true;
        out->gain = a;
        out->offset = b;
    } else if (row->kind == OC_UNARY_TANH && row->takes) {
        out->gain = a;
        out->slope = b;
    }
    return OC_OK;
}

static oc_status read_acts(oc_recurrent *d, const oc_node *node, oc_error *err)
{
    const oc_attr *names = oc_node_attr(node, "activations");
    act_values     values = {0};

    if (names && names->kind == OC_ATTR_STRINGS && names->n != d->dirs * d->n_acts)
        return OC_FAIL(err, OC_FORMAT, "%zu activations, %zu are wanted", names->n,
                       d->dirs * d->n_acts);
    values.alpha = oc_node_floats(node, "activation_alpha", &values.n_alpha);
    values.beta = oc_node_floats(node, "activation_beta", &values.n_beta);
    for (size_t i = 0; i < d->dirs * d->n_acts; i++) {
        const size_t k = i % d->n_acts;
        /* gates are sigmoids, states are tanh: f is the only one of RNN and a gate of the others */
        const char *name = k == 0 && d->n_acts > 1 ? "Sigmoid" : "Tanh";
        oc_status   st;

        if (names && names->kind == OC_ATTR_STRINGS)
            name = names->strings[i];
        if ((st = read_act(name, &values, &d->act[i / d->n_acts][k], err)) != OC_OK)
            return st;
    }
    return OC_OK;
}

static oc_status read_attributes(oc_recurrent *d, const oc_node *node, oc_error *err)
{
    const char *direction = oc_node_string(node, "direction", "forward");

    d->dirs = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    d->reversed = strcmp(direction, "reverse") == 0;
    if (d->dirs == 1 && !d->reversed && strcmp(direction, "forward") != 0)
        return OC_FAIL(err, OC_FORMAT, "direction '%.40s'", direction);
    d->batchwise = oc_node_int(node, "layout", 0) != 0;
    d->input_forget = oc_node_int(node, "input_forget", 0) != 0;
    d->bias_apart = d->parted && oc_node_int(node, "linear_before_reset", 0) != 0;
    d->clip = oc_node_float(node, "clip", 0.0f);
    if (!(d->clip >= 0.0f))
        return OC_FAIL(err, OC_FORMAT, "clip is %g", (double)d->clip);
    return read_acts(d, node, err);
}

/* An input left out is fine; one of another shape is not. */
static oc_status expect(const oc_args *a, uint32_t i, const char *what, oc_dtype dtype,
                        oc_shape want, oc_error *err)
{
    char text[2][96];

    if (!oc_args_has(a, i))
        return OC_OK;
    if (a->in[i]->dtype != dtype)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s is %s, only %s", what,
                       oc_dtype_name(a->in[i]->dtype), oc_dtype_name(dtype));
    if (!oc_shape_equal(&a->in[i]->shape, &want))
        return OC_FAIL(err, OC_FORMAT, "%s is %s, %s is wanted", what,
                       oc_shape_text(&a->in[i]->shape, text[0], sizeof(text[0])),
                       oc_shape_text(&want, text[1], sizeof(text[1])));
    return OC_OK;
}

static oc_status check_inputs(const oc_recurrent *d, const oc_args *a, oc_error *err)
{
    const int64_t  dirs = (int64_t)d->dirs, n = (int64_t)(d->gates * d->hidden);
    const int64_t  input = (int64_t)d->input, hidden = (int64_t)d->hidden;
    const int64_t  batch = (int64_t)d->batch;
    const oc_shape state =
        d->batchwise ? (oc_shape){3, {batch, dirs, hidden}} : (oc_shape){3, {dirs, batch, hidden}};
    oc_status st;

    if ((st = expect(a, IN_W, "W", OC_F32, (oc_shape){3, {dirs, n, input}}, err)) != OC_OK ||
        (st = expect(a, IN_R, "R", OC_F32, (oc_shape){3, {dirs, n, hidden}}, err)) != OC_OK ||
        (st = expect(a, IN_B, "B", OC_F32, (oc_shape){2, {dirs, 2 * n}}, err)) != OC_OK ||
        (st = expect(a, IN_LENGTHS, "sequence_lens", OC_I32, (oc_shape){1, {batch}}, err)) !=
            OC_OK ||
        (st = expect(a, IN_H, "initial_h", OC_F32, state, err)) != OC_OK || !d->has_cell)
        return st;
    if ((st = expect(a, IN_C, "initial_c", OC_F32, state, err)) != OC_OK)
        return st;
    return expect(a, IN_P, "P", OC_F32, (oc_shape){2, {dirs, 3 * hidden}}, err);
}

oc_status oc_recurrent_read(oc_recurrent *d, const oc_args *a, oc_error *err)
{
    const oc_tensor_info *x = a->in[IN_X], *r = a->in[IN_R];
    oc_status             st;

    if ((st = read_attributes(d, a->node, err)) != OC_OK ||
        (st = oc_shape_known(x, "X", err)) != OC_OK || (st = oc_shape_known(r, "R", err)) != OC_OK)
        return st;
    if (x->dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "X is %s, only float32", oc_dtype_name(x->dtype));
    if (x->shape.rank != 3 || r->shape.rank != 3)
        return OC_FAIL(err, OC_FORMAT, "X and R of rank %u and %u, both must be 3", x->shape.rank,
                       r->shape.rank);
    d->seq = (size_t)x->shape.dim[d->batchwise];
    d->batch = (size_t)x->shape.dim[!d->batchwise];
    d->input = (size_t)x->shape.dim[2];
    d->hidden = (size_t)r->shape.dim[2];
    const int64_t told = oc_node_int(a->node, "hidden_size", r->shape.dim[2]);
    if (d->hidden < 1 || told != r->shape.dim[2] || d->hidden > INT64_MAX / 64)
        return OC_FAIL(err, OC_FORMAT, "hidden_size is %lld, R has %lld", (long long)told,
                       (long long)r->shape.dim[2]);
    return check_inputs(d, a, err);
}

oc_status oc_recurrent_infer(oc_recurrent *d, const oc_infer *ask, oc_error *err)
{
    const oc_args a = oc_args_of_infer(ask);
    oc_status     st = oc_recurrent_read(d, &a, err);
    size_t        total;

    if (st != OC_OK)
        return st;
    const int64_t  seq = (int64_t)d->seq, batch = (int64_t)d->batch, dirs = (int64_t)d->dirs;
    const int64_t  hidden = (int64_t)d->hidden;
    const oc_shape y = d->batchwise ? (oc_shape){4, {batch, seq, dirs, hidden}}
                                    : (oc_shape){4, {seq, dirs, batch, hidden}};
    const oc_shape last =
        d->batchwise ? (oc_shape){3, {batch, dirs, hidden}} : (oc_shape){3, {dirs, batch, hidden}};
    if (!oc_shape_elements(&y, &total))
        return OC_FAIL(err, OC_FORMAT, "the result is too large");
    for (uint32_t i = 0; i < ask->n_out; i++)
        ask->out[i] = (oc_tensor_info){.dtype = OC_F32, .shape = i == 0 ? y : last};
    return OC_OK;
}

/* LSTM, GRU and RNN against loops in double that follow ONNX's equations word by word. */
#include "naive.h"

typedef enum kind { LSTM, GRU, RNN } kind;

typedef struct shape {
    kind   kind;
    size_t seq, batch, input, hidden;
    int    direction; /* 0 forward, 1 reverse, 2 bidirectional */
    bool   bias, lengths, initial, peepholes;
    bool   batchwise, before_reset, input_forget, constant;
    float  clip;
    int    acts; /* which list below, 0: defaults */
} shape;

static const size_t gates_of[] = {4, 3, 1};
static const char  *name_of[] = {"LSTM", "GRU", "RNN"};

static size_t dirs_of(const shape *s)
{
    return s->direction == 2 ? 2 : 1;
}

/* ---- activations ---- */

static const char *const listed[][6] = {
    {"HardSigmoid", "LeakyRelu", "ScaledTanh", "Sigmoid", "Affine", "Elu"},
    {"sigmoid", "Softsign", "Softplus", "HardSigmoid", "ThresholdedRelu", "TANH"},
};
static const float alphas[] = {0.3f, 0.1f, 0.8f, 0.7f, 0.6f}, betas[] = {0.4f, 0.9f, 0.2f};

typedef double act_fn(double x, double a, double b);

static double f_sigmoid(double x, double a, double b)
{
    (void)a, (void)b;
    return 1 / (1 + exp(-x));
}
static double f_tanh(double x, double a, double b)
{
    (void)a, (void)b;
    return tanh(x);
}
static double f_hard(double x, double a, double b)
{
    return fmin(1, fmax(0, a * x + b));
}
static double f_leaky(double x, double a, double b)
{
    (void)b;
    return x < 0 ? a * x : x;
}
static double f_scaled(double x, double a, double b)
{
    return a * tanh(b * x);
}
static double f_affine(double x, double a, double b)
{
    return a * x + b;
}
static double f_elu(double x, double a, double b)
{
    (void)b;
    return x < 0 ? a * (exp(x) - 1) : x;
}
static double f_softsign(double x, double a, double b)
{
    (void)a, (void)b;
    return x / (1 + fabs(x));
}
static double f_softplus(double x, double a, double b)
{
    (void)a, (void)b;
    return log1p(exp(x));
}
static double f_threshold(double x, double a, double b)
{
    (void)b;
    return x > a ? x : 0;
}

typedef struct act {
    act_fn *f;
    double  a, b;
} act;

/* What the lists above mean, parameters in order of use. */
static const act wanted[][6] = {
    {{f_hard, 0.3f, 0.4f},
     {f_leaky, 0.1f, 0},
     {f_scaled, 0.8f, 0.9f},
     {f_sigmoid, 0, 0},
     {f_affine, 0.7f, 0.2f},
     {f_elu, 0.6f, 0}},
    {{f_sigmoid, 0, 0},
     {f_softsign, 0, 0},
     {f_softplus, 0, 0},
     {f_hard, 0.3f, 0.4f},
     {f_threshold, 0.1f, 0},
     {f_tanh, 0, 0}},
};

static act act_of(const shape *s, size_t dir, size_t i)
{
    const size_t n = s->kind == LSTM ? 3 : s->kind == GRU ? 2 : 1;

    if (s->acts)
        return wanted[s->acts - 1][dir * n + i];
    return i == 0 && s->kind != RNN ? (act){f_sigmoid, 0, 0} : (act){f_tanh, 0, 0};
}

static double use(const shape *s, size_t dir, size_t i, double x)
{
    const act a = act_of(s, dir, i);

    if (s->clip > 0)
        x = fmin((double)s->clip, fmax(-(double)s->clip, x));
    return a.f(x, a.a, a.b);
}

/* ---- one step ---- */

static double at(const opcase *c, uint32_t in, size_t k)
{
    return c->n_in > in && c->in[in].info.dtype ? naive_f(c, in, k) : 0;
}

/* Row `row` of W (which = 1) or R (2) of a direction, times v. */
static double row_times(const opcase *c, const shape *s, uint32_t which, size_t dir, size_t row,
                        const double *v)
{
    const size_t k = which == 1 ? s->input : s->hidden;
    const size_t first = (dir * gates_of[s->kind] * s->hidden + row) * k;
    double       sum = 0;

    for (size_t i = 0; i < k; i++)
        sum += naive_f(c, which, first + i) * v[i];
    return sum;
}

static double bias(const opcase *c, const shape *s, size_t dir, size_t row, bool of_r)
{
    const size_t n = gates_of[s->kind] * s->hidden;

    return at(c, 3, dir * 2 * n + (of_r ? n : 0) + row);
}

/* X W + H R + both biases */
static double gate(const opcase *c, const shape *s, size_t dir, size_t row, const double *x,
                   const double *h)
{
    return row_times(c, s, 1, dir, row, x) + row_times(c, s, 2, dir, row, h) +
           bias(c, s, dir, row, false) + bias(c, s, dir, row, true);
}

static void step_lstm(const opcase *c, const shape *s, size_t dir, const double *x, const double *h,
                      double *cell, double *next)
{
    const size_t n = s->hidden, p = dir * 3 * n;

    for (size_t k = 0; k < n; k++) {
        const double before = cell[k];
        const double i = use(s, dir, 0, gate(c, s, dir, k, x, h) + at(c, 7, p + k) * before);
        double       f =
            use(s, dir, 0, gate(c, s, dir, 2 * n + k, x, h) + at(c, 7, p + 2 * n + k) * before);

        if (s->input_forget)
            f = 1 - i;
        cell[k] = f * before + i * use(s, dir, 1, gate(c, s, dir, 3 * n + k, x, h));
        const double o =
            use(s, dir, 0, gate(c, s, dir, n + k, x, h) + at(c, 7, p + n + k) * cell[k]);
        const act last = act_of(s, dir, 2);
        next[k] = o * last.f(cell[k], last.a, last.b);
    }
}

static void step_gru(const opcase *c, const shape *s, size_t dir, const double *x, const double *h,
                     double *next)
{
    const size_t n = s->hidden;
    double       z[128], r[128], reset[128];

    for (size_t k = 0; k < n; k++) {
        z[k] = use(s, dir, 0, gate(c, s, dir, k, x, h));
        r[k] = use(s, dir, 0, gate(c, s, dir, n + k, x, h));
        reset[k] = r[k] * h[k];
    }
    for (size_t k = 0; k < n; k++) {
        const size_t row = 2 * n + k;
        double       v = row_times(c, s, 1, dir, row, x) + bias(c, s, dir, row, false);

        if (s->before_reset)
            v += r[k] * (row_times(c, s, 2, dir, row, h) + bias(c, s, dir, row, true));
        else
            v += row_times(c, s, 2, dir, row, reset) + bias(c, s, dir, row, true);
        next[k] = (1 - z[k]) * use(s, dir, 1, v) + z[k] * h[k];
    }
}

static void step_rnn(const opcase *c, const shape *s, size_t dir, const double *x, const double *h,
                     double *next)
{
    for (size_t k = 0; k < s->hidden; k++)
        next[k] = use(s, dir, 0, gate(c, s, dir, k, x, h));
}

/* ---- one sequence, one direction ---- */

static double got(const opcase *c, uint32_t out, size_t k)
{
    return (double)((const float *)c->result[out])[k];
}

static void expect_close(const opcase *c, double want, double value, size_t k)
{
    naive_expect(c, k, want, value, 1e-4, 1e-5);
}

static size_t state_at(const shape *s, size_t dir, size_t b)
{
    return (s->batchwise ? b * dirs_of(s) + dir : dir * s->batch + b) * s->hidden;
}

static void expect_sequence(const opcase *c, const shape *s, size_t dir, size_t b)
{
    const bool   back = s->direction == 1 || dir == 1;
    const size_t first = state_at(s, dir, b), n = s->hidden;
    const size_t length = s->lengths ? (size_t)((const int32_t *)c->plain[4])[b] : s->seq;
    double       h[128], cell[128], next[128], x[128];

    for (size_t k = 0; k < n; k++) {
        h[k] = at(c, 5, first + k);
        cell[k] = s->kind == LSTM ? at(c, 6, first + k) : 0;
    }
    for (size_t i = 0; i < s->seq; i++) {
        const size_t t = i >= length ? i : back ? length - 1 - i : i;
        const size_t from = s->batchwise ? b * s->seq + t : t * s->batch + b;
        const size_t to = s->batchwise ? (b * s->seq + t) * dirs_of(s) + dir
                                       : (t * dirs_of(s) + dir) * s->batch + b;

        for (size_t k = 0; k < s->input; k++)
            x[k] = naive_f(c, 0, from * s->input + k);
        if (i < length && s->kind == LSTM)
            step_lstm(c, s, dir, x, h, cell, next);
        else if (i < length && s->kind == GRU)
            step_gru(c, s, dir, x, h, next);
        else if (i < length)
            step_rnn(c, s, dir, x, h, next);
        for (size_t k = 0; k < n; k++) {
            if (i < length)
                h[k] = next[k];
            expect_close(c, i < length ? h[k] : 0, got(c, 0, to * n + k), to * n + k);
        }
    }
    for (size_t k = 0; k < n; k++) {
        expect_close(c, h[k], got(c, 1, first + k), first + k);
        if (s->kind == LSTM)
            expect_close(c, cell[k], got(c, 2, first + k), first + k);
    }
}

/* ---- cases ---- */

static void small(opcase *c, uint32_t in, double factor)
{
    float *v = c->plain[in];

    for (size_t i = 0; i < opcase_elements(&c->in[in].info); i++)
        v[i] *= (float)factor;
}

static void weights(opcase *c, const shape *s, bool there, oc_shape dims)
{
    if (!there) {
        opcase_absent(c);
        return;
    }
    const uint32_t i = opcase_input(c, OC_F32, dims, NULL);
    c->constant[i] = s->constant;
    /* small enough that what is off in one step does not grow in the next */
    small(c, i, 0.3 / sqrt((double)s->hidden + (double)s->input));
}

static void attributes(opcase *c, const shape *s)
{
    static const char *const directions[] = {"forward", "reverse", "bidirectional"};
    const size_t             n = dirs_of(s) * (s->kind == LSTM ? 3 : s->kind == GRU ? 2 : 1);

    c->node.opset = 14;
    opcase_attr_string(c, "direction", directions[s->direction]);
    opcase_attr_int(c, "hidden_size", (int64_t)s->hidden);
    opcase_attr_int(c, "layout", s->batchwise);
    opcase_attr_int(c, "linear_before_reset", s->before_reset);
    opcase_attr_int(c, "input_forget", s->input_forget);
    if (s->clip > 0)
        opcase_attr_float(c, "clip", s->clip);
    if (!s->acts)
        return;
    oc_attr *a = opcase_attr(c, "activations", OC_ATTR_STRINGS);
    a->strings = listed[s->acts - 1];
    a->n = n;
    a = opcase_attr(c, "activation_alpha", OC_ATTR_FLOATS);
    a->floats = alphas;
    a->n = sizeof(alphas) / sizeof(alphas[0]);
    a = opcase_attr(c, "activation_beta", OC_ATTR_FLOATS);
    a->floats = betas;
    a->n = sizeof(betas) / sizeof(betas[0]);
}

static void inputs(opcase *c, const shape *s)
{
    const int64_t  dirs = (int64_t)dirs_of(s), seq = (int64_t)s->seq, batch = (int64_t)s->batch;
    const int64_t  input = (int64_t)s->input, hidden = (int64_t)s->hidden;
    const int64_t  n = (int64_t)gates_of[s->kind] * hidden;
    const oc_shape state = s->batchwise ? DIMS(batch, dirs, hidden) : DIMS(dirs, batch, hidden);
    int32_t        lengths[64];

    opcase_input(c, OC_F32, s->batchwise ? DIMS(batch, seq, input) : DIMS(seq, batch, input), NULL);
    weights(c, s, true, DIMS(dirs, n, input));
    weights(c, s, true, DIMS(dirs, n, hidden));
    weights(c, s, s->bias, DIMS(dirs, 2 * n));
    for (int i = 0; i < 64; i++)
        lengths[i] = (i * 5 + 2) % (int)(s->seq + 1); /* 0 among them */
    if (s->lengths)
        opcase_input(c, OC_I32, DIMS(batch), lengths);
    else
        opcase_absent(c);
    for (int i = 0; i < (s->kind == LSTM ? 2 : 1); i++) {
        if (s->initial)
            small(c, opcase_input(c, OC_F32, state, NULL), 0.2);
        else
            opcase_absent(c);
    }
    if (s->kind == LSTM)
        weights(c, s, s->peepholes, DIMS(dirs, 3 * hidden));
}

static void check(const shape *s)
{
    EACH_ISA(isa)
    {
        opcase c;

        opcase_begin(&c, "", name_of[s->kind], isa);
        attributes(&c, s);
        inputs(&c, s);
        opcase_run(&c, s->kind == LSTM ? 3 : 2);
        for (size_t dir = 0; dir < dirs_of(s); dir++)
            for (size_t b = 0; b < s->batch; b++)
                expect_sequence(&c, s, dir, b);
        opcase_end(&c);
    }
}

static void test_directions(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++)
        for (int direction = 0; direction < 3; direction++)
            for (int rest = 0; rest < 4; rest++)
                check(&(shape){.kind = (kind)k,
                               .seq = 5,
                               .batch = 8,
                               .input = 7,
                               .hidden = 11,
                               .direction = direction,
                               .bias = rest > 0,
                               .initial = rest > 1,
                               .lengths = rest > 1,
                               .batchwise = rest == 3,
                               .constant = rest % 2 == 0});
}

static void test_long_sequences(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) /* longer than what is multiplied ahead */
        for (int direction = 0; direction < 3; direction += 2)
            check(&(shape){.kind = (kind)k,
                           .seq = k == RNN ? 400 : 130,
                           .batch = 1,
                           .input = 9,
                           .hidden = 100,
                           .direction = direction,
                           .bias = true,
                           .constant = true});
    check(&(shape){.kind = LSTM,
                   .seq = 180,
                   .batch = 5,
                   .input = 3,
                   .hidden = 17,
                   .direction = 2,
                   .lengths = true,
                   .constant = true});
}

static void test_lstm_forms(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++)
        check(&(shape){.kind = LSTM,
                       .seq = 4,
                       .batch = 3,
                       .input = 8,
                       .hidden = 16,
                       .direction = 2,
                       .bias = true,
                       .initial = true,
                       .constant = true,
                       .peepholes = i & 1,
                       .input_forget = i & 2,
                       .clip = i & 4 ? 0.3f : 0.0f,
                       .batchwise = i & 8});
}

static void test_gru_forms(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        check(&(shape){.kind = GRU,
                       .seq = 4,
                       .batch = 3,
                       .input = 8,
                       .hidden = 13,
                       .direction = 2,
                       .bias = i & 4,
                       .initial = true,
                       .constant = true,
                       .before_reset = i & 1,
                       .clip = i & 2 ? 0.3f : 0.0f});
}

static void test_activations(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++)
        for (int acts = 1; acts < 3; acts++)
            check(&(shape){.kind = (kind)k,
                           .seq = 4,
                           .batch = 3,
                           .input = 6,
                           .hidden = 9,
                           .direction = 2,
                           .bias = true,
                           .initial = true,
                           .constant = true,
                           .acts = acts});
}

static void refused(shape s, const char *name, int64_t value, const char *text)
{
    opcase c;

    opcase_begin(&c, "", name_of[s.kind], OC_ISA_NONE);
    attributes(&c, &s);
    inputs(&c, &s);
    for (uint32_t i = 0; i < c.node.n_attrs; i++)
        if (strcmp(c.attr[i].name, name) == 0) {
            if (text)
                c.attr[i].s = text;
            else
                c.attr[i].i = value;
        }
    if (strcmp(name, "W") == 0)
        c.in[1].info.shape.dim[2]++;
    assert_true(opcase_infer(&c, 1) == OC_FORMAT);
    assert_true(c.err.message[0] != 0);
    opcase_end(&c);
}

static void test_refused(void **state)
{
    const shape s = {.kind = GRU, .seq = 2, .batch = 3, .input = 4, .hidden = 5};

    (void)state;
    refused(s, "direction", 0, "sideways");
    refused(s, "hidden_size", 6, NULL);
    refused(s, "W", 0, NULL);
}

/* Statistics of the batch go into the result and, with momentum, into the running ones. */
static void test_batch_norm_training(void **state)
{
    const double momentum = 0.7, n = 4 * 15;

    (void)state;
    EACH_ISA(isa)
    {
        opcase c;

        opcase_begin(&c, "", "BatchNormalization", isa);
        c.node.opset = 15;
        opcase_attr_int(&c, "training_mode", 1);
        opcase_attr_float(&c, "momentum", 0.7f);
        opcase_input(&c, OC_F32, DIMS(4, 5, 3, 5), NULL);
        for (int i = 0; i < 4; i++)
            opcase_input(&c, OC_F32, DIMS(5), NULL);
        c.offer_blocked[0] = true;
        opcase_run(&c, 3);
        for (size_t ch = 0; ch < 5; ch++) {
            double mean = 0, variance = 0;

            for (size_t k = 0; k < 60; k++)
                mean += naive_f(&c, 0, (k / 15 * 5 + ch) * 15 + k % 15) / n;
            for (size_t k = 0; k < 60; k++) {
                const double off = naive_f(&c, 0, (k / 15 * 5 + ch) * 15 + k % 15) - mean;

                variance += off * off / n;
            }
            for (size_t k = 0; k < 60; k++) {
                const size_t i = (k / 15 * 5 + ch) * 15 + k % 15;

                expect_close(&c,
                             (naive_f(&c, 0, i) - mean) / sqrt(variance + 1e-5) *
                                     naive_f(&c, 1, ch) +
                                 naive_f(&c, 2, ch),
                             got(&c, 0, i), i);
            }
            expect_close(&c, naive_f(&c, 3, ch) * momentum + mean * (1 - momentum), got(&c, 1, ch),
                         ch);
            expect_close(&c, naive_f(&c, 4, ch) * momentum + variance * (1 - momentum),
                         got(&c, 2, ch), ch);
        }
        opcase_end(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directions),          cmocka_unit_test(test_long_sequences),
        cmocka_unit_test(test_lstm_forms),          cmocka_unit_test(test_gru_forms),
        cmocka_unit_test(test_activations),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_batch_norm_training),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Attention and RotaryEmbedding against plain loops in double. */
#include "naive.h"
#include "opcase.h"

enum { B = 2, Q_HEADS = 6, QUERIES = 5, KEYS = 7, WIDTH = 8, V_WIDTH = 11 };

typedef struct attention_case {
    size_t kv_heads, past;
    bool   inside, causal, masked, as_bool, valid;
    float  cap;
} attention_case;

static const attention_case attention_cases[] = {
    {6, 0, .inside = false},
    {6, 0, .inside = true},
    {2, 0, .masked = true},
    {3, 0, .inside = true, .masked = true, .as_bool = true},
    {6, 0, .causal = true},
    {2, 3, .causal = true, .masked = true},
    {6, 4, .inside = true},
    {1, 0, .valid = true},
    {6, 0, .valid = true, .causal = true},
    {6, 2, .cap = 1.5f, .masked = true, .as_bool = true},
};

static const int64_t valid_keys[B] = {6, KEYS};

/* Element (b, h, i, d) of an input of `heads` heads and `n` rows. */
static double at(const opcase *c, uint32_t in, bool inside, size_t heads, size_t n, size_t width,
                 size_t b, size_t h, size_t i, size_t d)
{
    return naive_f(c, in,
                   inside ? ((b * n + i) * heads + h) * width + d
                          : ((b * heads + h) * n + i) * width + d);
}

/* Key (or value: in = 2) j of a head, feature d. */
static double joined(const opcase *c, const attention_case *k, uint32_t in, size_t width, size_t b,
                     size_t h, size_t j, size_t d)
{
    if (j < k->past)
        return at(c, in + 3, false, k->kv_heads, k->past, width, b, h, j, d);
    return at(c, in, k->inside, k->kv_heads, KEYS, width, b, h, j - k->past, d);
}

static bool hidden(const opcase *c, const attention_case *k, size_t b, size_t i, size_t j)
{
    const size_t total = KEYS + k->past;

    if (k->valid && (int64_t)j >= valid_keys[b])
        return true;
    if (k->causal && k->valid && (int64_t)j > (int64_t)i + valid_keys[b] - QUERIES)
        return true;
    if (k->causal && !k->valid && j > i + k->past)
        return true;
    return k->as_bool && !((const uint8_t *)c->plain[3])[i * total + j];
}

static double wanted(const opcase *c, const attention_case *k, size_t b, size_t h, size_t i,
                     size_t d)
{
    const size_t total = KEYS + k->past, kv = h / (Q_HEADS / k->kv_heads);
    double       sum = 0, y = 0;

    for (size_t j = 0; j < total; j++) {
        double score = 0;

        for (size_t f = 0; f < WIDTH; f++)
            score += at(c, 0, k->inside, Q_HEADS, QUERIES, WIDTH, b, h, i, f) *
                     joined(c, k, 1, WIDTH, b, kv, j, f);
        score /= sqrt((double)WIDTH);
        if (k->cap > 0)
            score = (double)k->cap * tanh(score / (double)k->cap);
        if (k->masked && !k->as_bool)
            score += naive_f(c, 3, i * total + j);
        if (hidden(c, k, b, i, j))
            continue;
        sum += exp(score);
        y += exp(score) * joined(c, k, 2, V_WIDTH, b, kv, j, d);
    }
    return y / sum;
}

static void rows_in(opcase *c, bool inside, int64_t heads, int64_t n, int64_t width)
{
    opcase_input(c, OC_F32, inside ? DIMS(B, n, heads * width) : DIMS(B, heads, n, width), NULL);
}

static void attention_begin(opcase *c, const attention_case *k, oc_isa isa)
{
    const int64_t kv = (int64_t)k->kv_heads, past = (int64_t)k->past, total = KEYS + past;
    uint8_t       mask[QUERIES * 16];

    for (size_t i = 0; i < sizeof(mask); i++)
        mask[i] = i % 3 != 1;
    opcase_begin(c, "", "Attention", isa);
    if (k->inside) {
        opcase_attr_int(c, "q_num_heads", Q_HEADS);
        opcase_attr_int(c, "kv_num_heads", kv);
    }
    if (k->causal)
        opcase_attr_int(c, "is_causal", 1);
    if (k->cap > 0)
        opcase_attr_float(c, "softcap", k->cap);
    rows_in(c, k->inside, Q_HEADS, QUERIES, WIDTH);
    rows_in(c, k->inside, kv, KEYS, WIDTH);
    rows_in(c, k->inside, kv, KEYS, V_WIDTH);
    if (k->masked)
        opcase_input(c, k->as_bool ? OC_BOOL : OC_F32, DIMS(QUERIES, total),
                     k->as_bool ? mask : NULL);
    else
        opcase_absent(c);
    if (k->past) {
        rows_in(c, false, kv, past, WIDTH);
        rows_in(c, false, kv, past, V_WIDTH);
    } else {
        opcase_absent(c);
        opcase_absent(c);
    }
    if (k->valid)
        opcase_input(c, OC_I64, DIMS(B), valid_keys);
}

static void test_attention(void **state)
{
    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < sizeof(attention_cases) / sizeof(attention_cases[0]); i++) {
        const attention_case *k = &attention_cases[i];
        const size_t          total = KEYS + k->past;
        opcase                c;

        attention_begin(&c, k, isa);
        opcase_run(&c, 3);
        for (size_t e = 0; e < B * Q_HEADS * QUERIES * V_WIDTH; e++) {
            const size_t d = e % V_WIDTH, q = e / V_WIDTH % QUERIES;
            const size_t h = e / V_WIDTH / QUERIES % Q_HEADS, b = e / V_WIDTH / QUERIES / Q_HEADS;
            const size_t to = k->inside ? ((b * QUERIES + q) * Q_HEADS + h) * V_WIDTH + d : e;

            naive_expect(&c, to, wanted(&c, k, b, h, q, d), (double)naive_out(&c)[to], 1e-5, 1e-5);
        }
        for (size_t e = 0; e < B * k->kv_heads * total * WIDTH; e++)
            naive_expect(&c, e,
                         joined(&c, k, 1, WIDTH, e / WIDTH / total / k->kv_heads,
                                e / WIDTH / total % k->kv_heads, e / WIDTH % total, e % WIDTH),
                         (double)((const float *)c.result[1])[e], 0, 0);
        opcase_end(&c);
    }
}

/* Scores as they are, after the cap, after the mask, after the softmax. */
static void test_attention_scores(void **state)
{
    (void)state;
    for (int mode = 0; mode < 4; mode++) {
        const float q[2] = {3, 4}, k[4] = {1, 2, -1, 0.5f}, v[2] = {1, 2}, mask[2] = {0, -INFINITY};
        const double product = 11 * sqrt(0.5), capped = 2 * tanh(product / 2);
        const double want[4] = {product, capped, capped, 1};
        opcase       c;

        opcase_begin(&c, "", "Attention", OC_ISA_NONE);
        opcase_attr_int(&c, "qk_matmul_output_mode", mode);
        opcase_attr_float(&c, "softcap", 2);
        opcase_input(&c, OC_F32, DIMS(1, 1, 1, 2), q);
        opcase_input(&c, OC_F32, DIMS(1, 1, 2, 2), k);
        opcase_input(&c, OC_F32, DIMS(1, 1, 2, 1), v);
        opcase_input(&c, OC_F32, DIMS(2), mask);
        opcase_run(&c, 4);
        assert_true(naive_out(&c)[0] == 1.0f);
        naive_expect(&c, 0, want[mode], (double)((const float *)c.result[3])[0], 1e-6, 0);
        if (mode == 2)
            assert_true(((const float *)c.result[3])[1] == -INFINITY);
        if (mode == 3)
            assert_true(((const float *)c.result[3])[1] == 0.0f);
        opcase_end(&c);
    }
}

static void refuse_attention(oc_shape q, oc_shape k, oc_shape v, int64_t heads,
                             const oc_shape *mask)
{
    opcase c;

    opcase_begin(&c, "", "Attention", OC_ISA_NONE);
    opcase_attr_int(&c, "q_num_heads", heads);
    opcase_attr_int(&c, "kv_num_heads", heads);
    opcase_input(&c, OC_F32, q, NULL);
    opcase_input(&c, OC_F32, k, NULL);
    opcase_input(&c, OC_F32, v, NULL);
    if (mask)
        opcase_input(&c, OC_F32, *mask, NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_FORMAT);
    opcase_end(&c);
}

static void test_attention_refuses(void **state)
{
    const oc_shape q = DIMS(1, 2, 3, 4), long_mask = DIMS(3, 6), other_mask = DIMS(4, 5);

    (void)state;
    refuse_attention(q, DIMS(1, 2, 5, 3), DIMS(1, 2, 5, 4), 2, NULL); /* width */
    refuse_attention(q, DIMS(1, 2, 5, 4), DIMS(1, 2, 6, 4), 2, NULL); /* keys, values */
    refuse_attention(q, DIMS(1, 3, 5, 4), DIMS(1, 3, 5, 4), 2, NULL); /* 2 heads of 3 */
    refuse_attention(q, DIMS(1, 0, 5, 4), DIMS(1, 0, 5, 4), 2, NULL); /* of none */
    refuse_attention(q, DIMS(1, 2, 0, 4), DIMS(1, 2, 0, 4), 2, NULL); /* no key */
    refuse_attention(q, DIMS(1, 5, 8), DIMS(1, 5, 8), 2, NULL);       /* ranks */
    refuse_attention(DIMS(1, 3, 8), DIMS(1, 5, 8), DIMS(1, 5, 8), 0, NULL);
    refuse_attention(DIMS(1, 3, 8), DIMS(1, 5, 8), DIMS(1, 5, 8), 3, NULL);
    refuse_attention(q, DIMS(1, 2, 5, 4), DIMS(1, 2, 5, 4), 2, &long_mask);
    refuse_attention(q, DIMS(1, 2, 5, 4), DIMS(1, 2, 5, 4), 2, &other_mask);
}

static void test_rotary(void **state)
{
    enum { N = 5, HEADS = 3, D = 10, POSITIONS = 9 };
    const int64_t ids[2 * N] = {3, 8, 0, 1, 1, 7, 6, 5, 4, 2};

    (void)state;
    for (int form = 0; form < 8; form++) {
        const bool    pairs = form & 1, inside = form & 2, listed = form & 4;
        const int64_t turning = form > 4 ? 6 : D, half = turning / 2;
        const size_t  turn = (size_t)turning, h2 = turn / 2;
        opcase        c;

        opcase_begin(&c, "", "RotaryEmbedding", OC_ISA_NONE);
        opcase_attr_int(&c, "interleaved", pairs);
        opcase_attr_int(&c, "num_heads", HEADS);
        if (turning < D)
            opcase_attr_int(&c, "rotary_embedding_dim", turning);
        opcase_input(&c, OC_F32, inside ? DIMS(2, N, HEADS * D) : DIMS(2, HEADS, N, D), NULL);
        for (int i = 0; i < 2; i++)
            opcase_input(&c, OC_F32, listed ? DIMS(POSITIONS, half) : DIMS(2, N, half), NULL);
        if (listed)
            opcase_input(&c, OC_I64, DIMS(2, N), ids);
        opcase_run(&c, 1);
        for (size_t e = 0; e < 2 * N * HEADS * D; e++) {
            const size_t d = e % D, b = e / D / HEADS / N, rest = e / D % (HEADS * N);
            const size_t place = b * N + (inside ? rest / HEADS : rest % N);
            const size_t row = listed ? (size_t)ids[place] : place;
            const size_t i = pairs ? d / 2 : d % h2, first = pairs ? d % 2 == 0 : d < h2;
            const size_t other = pairs ? (first ? e + 1 : e - 1) : first ? e + h2 : e - h2;
            double       want = naive_f(&c, 0, e);

            if (d < turn)
                want = want * naive_f(&c, 1, row * h2 + i) +
                       (first ? -1 : 1) * naive_f(&c, 0, other) * naive_f(&c, 2, row * h2 + i);
            naive_expect(&c, e, want, (double)naive_out(&c)[e], 1e-6, 1e-5);
        }
        opcase_end(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attention),
        cmocka_unit_test(test_attention_scores),
        cmocka_unit_test(test_attention_refuses),
        cmocka_unit_test(test_rotary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Gemm and MatMul against loops in double. */
#include "opcase.h"

#include <math.h>

#include "kernels/ref/act.h"

static uint32_t seed = 88172645u;

static int64_t pick(int64_t lo, int64_t hi)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return lo + (int64_t)(seed % (uint32_t)(hi - lo + 1));
}

static void compare(const opcase *c, const double *want, size_t n, double most, const char *what)
{
    const float *got = c->result[0];
    assert_int_equal(n, opcase_elements(&c->out[0].info));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(want[i] - (double)got[i]) <= 2e-6 * most + 1e-7))
            fail_msg("%s, isa %x: [%zu] want %g got %g", what, (unsigned)c->isa, i, want[i],
                     (double)got[i]);
}

typedef struct gemm_case {
    int64_t m, n, k;
    bool    ta, tb, constant, c_constant, add;
    int     c; /* 0 none, 1 [N], 2 [1,N], 3 [M,1], 4 [M,N], 5 scalar */
    float   alpha, beta;
    oc_act  act;
    int     isa;
} gemm_case;

static void check_gemm(const gemm_case *t)
{
    static opcase c;
    opcase_begin(&c, "", "Gemm", opcase_isa(t->isa));
    opcase_attr_int(&c, "transA", t->ta);
    opcase_attr_int(&c, "transB", t->tb);
    opcase_attr_float(&c, "alpha", t->alpha);
    opcase_attr_float(&c, "beta", t->beta);
    c.node.act = t->act;
    c.node.add = t->add;
    opcase_input(&c, OC_F32, t->ta ? DIMS(t->k, t->m) : DIMS(t->m, t->k), NULL);
    opcase_input(&c, OC_F32, t->tb ? DIMS(t->n, t->k) : DIMS(t->k, t->n), NULL);
    c.constant[1] = t->constant;
    const oc_shape shapes[6] = {{0},           DIMS(t->n),       DIMS(1, t->n),
                                DIMS(t->m, 1), DIMS(t->m, t->n), {0}};
    if (t->c) {
        opcase_input(&c, OC_F32, shapes[t->c], NULL);
        c.constant[2] = t->c_constant;
    }
    uint32_t add = t->add ? opcase_input(&c, OC_F32, DIMS(t->m, t->n), NULL) : 0;
    opcase_run(&c, 1);
    double      *want = calloc((size_t)(t->m * t->n), sizeof(*want)), most = 0;
    const float *a = c.plain[0], *b = c.plain[1], *cc = c.plain[2];
    for (int64_t i = 0; i < t->m; i++)
        for (int64_t j = 0; j < t->n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < t->k; k++)
                sum += (double)a[t->ta ? k * t->m + i : i * t->k + k] *
                       (double)b[t->tb ? j * t->k + k : k * t->n + j];
            sum *= (double)t->alpha;
            const int64_t at[6] = {0, j, j, i, i * t->n + j, 0};
            if (t->c)
                sum += (double)t->beta * (double)cc[at[t->c]];
            if (t->add)
                sum += (double)((const float *)c.plain[add])[i * t->n + j];
            most = fmax(most, fabs(sum));
            want[i * t->n + j] =
                t->act.kind == OC_ACT_NONE ? sum : (double)oc_act_apply(t->act, (float)sum);
        }
    char what[128];
    snprintf(what, sizeof(what), "Gemm %lldx%lldx%lld ta %d tb %d constant %d c %d act %d",
             (long long)t->m, (long long)t->n, (long long)t->k, t->ta, t->tb, t->constant, t->c,
             (int)t->act.kind);
    compare(&c, want, (size_t)(t->m * t->n), most, what);
    free(want);
    opcase_end(&c);
}

static void gemm_random(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        gemm_case t = {.m = i % 5 ? pick(1, 40) : 1,
                       .n = pick(1, 90),
                       .k = pick(1, 70),
                       .ta = pick(0, 3) == 0,
                       .tb = pick(0, 1),
                       .constant = pick(0, 1),
                       .c_constant = pick(0, 1),
                       .add = pick(0, 3) == 0,
                       .c = (int)pick(0, 5),
                       .alpha = pick(0, 1) ? 1.0f : 0.5f,
                       .beta = pick(0, 1) ? 1.0f : -2.0f,
                       .act = {(oc_act_kind)pick(0, OC_ACT_MISH), 0.2f, 0.5f},
                       .isa = i & 1};
        check_gemm(&t);
    }
    gemm_case large = {.m = 150,
                       .n = 700,
                       .k = 300,
                       .constant = true,
                       .c = 1,
                       .c_constant = true,
                       .alpha = 1,
                       .beta = 1,
                       .isa = 1};
    check_gemm(&large);
    large.constant = false;
    large.m = 1;
    check_gemm(&large);
}

/* Element of a matrix in a tensor whose batch dimensions broadcast to batch[]. */
static double element(const float *x, const oc_shape *s, const int64_t *at, uint32_t rank,
                      int64_t row, int64_t col)
{
    size_t index = 0;
    for (uint32_t i = 0; i + 2 < s->rank; i++) {
        int64_t p = at[i + rank - (s->rank - 2)];
        index = index * (size_t)s->dim[i] + (size_t)(s->dim[i] == 1 ? 0 : p);
    }
    index = index * (size_t)s->dim[s->rank - 2] + (size_t)row;
    return (double)x[index * (size_t)s->dim[s->rank - 1] + (size_t)col];
}

static void check_matmul(oc_shape a, oc_shape b, bool constant, int isa, oc_act act)
{
    static opcase c;
    opcase_begin(&c, "", "MatMul", opcase_isa(isa));
    c.node.act = act;
    opcase_input(&c, OC_F32, a, NULL);
    opcase_input(&c, OC_F32, b, NULL);
    c.constant[1] = constant;
    opcase_run(&c, 1);
    oc_shape a2 = a, b2 = b; /* vectors as matrices */
    if (a.rank == 1)
        a2 = (oc_shape){2, {1, a.dim[0]}};
    if (b.rank == 1)
        b2 = (oc_shape){2, {b.dim[0], 1}};
    uint32_t rank = a2.rank > b2.rank ? a2.rank - 2 : b2.rank - 2;
    int64_t  batch[OC_RANK_MAX], at[OC_RANK_MAX] = {0}, count = 1;
    for (uint32_t i = 0; i < rank; i++) {
        int64_t da = i + a2.rank - 2 >= rank ? a2.dim[i + a2.rank - 2 - rank] : 1;
        int64_t db = i + b2.rank - 2 >= rank ? b2.dim[i + b2.rank - 2 - rank] : 1;
        batch[i] = da == 1 ? db : da;
        count *= batch[i];
    }
    int64_t m = a2.dim[a2.rank - 2], n = b2.dim[b2.rank - 1], k = a2.dim[a2.rank - 1];
    double *want = calloc((size_t)(count * m * n) + 1, sizeof(*want)), most = 0;
    for (int64_t p = 0; p < count; p++) {
        int64_t left = p;
        for (uint32_t i = rank; i-- > 0; left /= batch[i])
            at[i] = left % batch[i];
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++) {
                double sum = 0;
                for (int64_t q = 0; q < k; q++)
                    sum += element(c.plain[0], &a2, at, rank, i, q) *
                           element(c.plain[1], &b2, at, rank, q, j);
                most = fmax(most, fabs(sum));
                want[(p * m + i) * n + j] = (double)oc_act_apply(act, (float)sum);
            }
    }
    compare(&c, want, (size_t)(count * m * n), most, "MatMul");
    assert_int_equal(c.out[0].info.shape.rank, rank + (a.rank > 1) + (b.rank > 1));
    free(want);
    opcase_end(&c);
}

static void matmul_shapes(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        const int64_t m = pick(1, 30), n = pick(1, 50), k = pick(1, 40), p = pick(1, 3),
                      q = pick(1, 3);
        const bool   constant = i & 1;
        const int    isa = i >> 1 & 1;
        const oc_act act = {i % 3 ? OC_ACT_NONE : OC_ACT_SILU, 0, 0};
        check_matmul(DIMS(m, k), DIMS(k, n), constant, isa, act);
        check_matmul(DIMS(p, q, m, k), DIMS(p, q, k, n), constant, isa, act);
        check_matmul(DIMS(p, q, m, k), DIMS(k, n), constant, isa, act);
        check_matmul(DIMS(p, 1, m, k), DIMS(q, k, n), constant, isa, act);
        check_matmul(DIMS(m, k), DIMS(p, 1, k, n), constant, isa, act);
        check_matmul(DIMS(k), DIMS(q, k, n), constant, isa, act);
        check_matmul(DIMS(q, m, k), DIMS(k), constant, isa, act);
        check_matmul(DIMS(k), DIMS(k), constant, isa, act);
    }
}

static void other_types(void **state)
{
    static opcase c;
    (void)state;
    const int32_t a[4] = {1, -2, 3, 2000000000}, b[4] = {5, 6, -7, 8};
    opcase_begin(&c, "", "MatMul", opcase_isa(1));
    opcase_input(&c, OC_I32, DIMS(2, 2), a);
    opcase_input(&c, OC_I32, DIMS(2, 2), b);
    opcase_run(&c, 1);
    const int32_t want[4] = {19, -10, (int32_t)(15u - 7u * 2000000000u),
                             (int32_t)(18u + 8u * 2000000000u)};
    assert_memory_equal(c.result[0], want, sizeof(want));
    opcase_end(&c);
    const double da[2] = {1, 1e-12}, db[2] = {1, 1};
    opcase_begin(&c, "", "Gemm", opcase_isa(1));
    opcase_attr_int(&c, "transB", 1);
    opcase_input(&c, OC_F64, DIMS(1, 2), da);
    opcase_input(&c, OC_F64, DIMS(1, 2), db);
    opcase_run(&c, 1);
    assert_true(((const double *)c.result[0])[0] == 1.0 + 1e-12);
    opcase_end(&c);
}

static void refuse(const char *op, oc_dtype type, oc_shape a, oc_shape b, oc_status want)
{
    static opcase c;
    opcase_begin(&c, "", op, opcase_isa(1));
    opcase_input(&c, type, a, NULL);
    opcase_input(&c, type, b, NULL);
    assert_int_equal(opcase_infer(&c, 1), want);
    assert_true(c.err.message[0] != 0);
    opcase_end(&c);
}

static void malformed(void **state)
{
    (void)state;
    refuse("MatMul", OC_F32, DIMS(2, 3), DIMS(4, 2), OC_FORMAT);
    refuse("MatMul", OC_F32, DIMS(2, 2, 3), DIMS(3, 3, 2), OC_FORMAT);
    refuse("MatMul", OC_F32, (oc_shape){0}, DIMS(3, 2), OC_FORMAT);
    refuse("MatMul", OC_BOOL, DIMS(2, 3), DIMS(3, 2), OC_UNSUPPORTED);
    refuse("Gemm", OC_F32, DIMS(2, 3), DIMS(4, 2), OC_FORMAT);
    refuse("Gemm", OC_F32, DIMS(1, 2, 3), DIMS(3, 2), OC_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gemm_random),
                                       cmocka_unit_test(matmul_shapes),
                                       cmocka_unit_test(other_types), cmocka_unit_test(malformed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

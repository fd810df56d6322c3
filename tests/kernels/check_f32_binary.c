#include "ck.h"
#include "kernels/f32_binary.h"

static size_t floats_of(oc_operand is, size_t n)
{
    return is == OC_OPERAND_FULL    ? n
           : is == OC_OPERAND_EACH8 ? (n + 7) / 8
           : is == OC_OPERAND_LANES ? 8
                                    : 1;
}

static void check_one(oc_k_f32_binary_fn *kernel, oc_f32_binary work)
{
    float *a = ck_floats(floats_of(work.a_is, work.n), CK_EDGES);
    float *b = ck_floats(floats_of(work.b_is, work.n), CK_EDGES);
    float *want = ck_floats(work.n, CK_JUNK), *got = ck_floats(work.n, CK_JUNK);

    work.a = a;
    work.b = b;
    work.y = want;
    oc_k_f32_binary__ref(&work);
    work.y = got;
    kernel(&work);
    if (!ck_same(want, got, work.n, 0))
        ck_fail("kind=%d a=%d b=%d n=%zu", work.kind, work.a_is, work.b_is, work.n);
    if (work.a_is == OC_OPERAND_FULL) {
        work.y = a;
        kernel(&work);
        if (!ck_same(want, a, work.n, 0))
            ck_fail("kind=%d a=%d b=%d n=%zu in place", work.kind, work.a_is, work.b_is, work.n);
    }
}

static void check(oc_k_f32_binary_fn *kernel)
{
    const size_t  n = 8192;
    oc_f32_binary work = {.kind = OC_BINARY_ADD, .n = n};

    for (int kind = 0; kind <= OC_BINARY_POW; kind++)
        for (int a = 0; a < 4; a++)
            for (int b = 0; b < 4; b++)
                for (size_t k = 1; k <= 43; k++)
                    check_one(kernel, (oc_f32_binary){.kind = (oc_binary_kind)kind,
                                                      .n = k,
                                                      .a_is = (oc_operand)a,
                                                      .b_is = (oc_operand)b});
    work.a = ck_floats(n, CK_PLAIN);
    work.b = ck_floats(n, CK_PLAIN);
    work.y = ck_floats(n, CK_JUNK);
    CK_BENCH_WORK("add 8192", n, n * 12, kernel(&work));
    work.b_is = OC_OPERAND_LANES;
    work.kind = OC_BINARY_MUL;
    CK_BENCH_WORK("mul by lanes 8192", n, n * 8, kernel(&work));
}

int main(int argc, char **argv)
{
    ck_begin("f32_binary", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_binary__##name);
#include "kernels/f32_binary.inc"
#undef OC_K
    return ck_end();
}

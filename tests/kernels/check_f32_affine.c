#include "ck.h"
#include "kernels/f32_affine.h"

static void check_one(oc_k_f32_affine_fn *kernel, oc_operand is, size_t n)
{
    const size_t  m = is == OC_OPERAND_FULL ? n : is == OC_OPERAND_LANES ? (n < 8 ? n : 8) : 1;
    oc_f32_affine work = {.n = n,
                          .is = is,
                          .x = ck_floats(n, CK_UNIT),
                          .m = ck_floats(m, CK_UNIT),
                          .a = ck_floats(m, CK_UNIT),
                          .b = ck_floats(m, CK_UNIT)};
    float        *want = ck_floats(n, CK_JUNK), *got = ck_floats(n, CK_JUNK);

    work.y = want;
    oc_k_f32_affine__ref(&work);
    work.y = got;
    kernel(&work);
    if (!ck_close(want, got, n, 1e-6)) /* one rounding less with a fused multiply-add */
        ck_fail("is=%d n=%zu", is, n);
    work.y = (float *)ck_copy(work.x, n * sizeof(float));
    work.x = work.y;
    kernel(&work);
    if (!ck_same(got, work.y, n, 0))
        ck_fail("is=%d n=%zu in place", is, n);
}

static void check(oc_k_f32_affine_fn *kernel)
{
    for (int is = OC_OPERAND_FULL; is <= OC_OPERAND_LANES; is++)
        for (size_t n = 1; n <= 67; n++)
            check_one(kernel, (oc_operand)is, n);
}

int main(int argc, char **argv)
{
    ck_begin("f32_affine", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_affine__##name);
#include "kernels/f32_affine.inc"
#undef OC_K
    return ck_end();
}

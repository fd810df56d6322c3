#include <math.h>
#include <string.h>

#include "ck.h"
#include "kernels/f32_dot.h"

/* The reference sums in double; what 8 lanes of floats lose on the way to a sum of n products is
 * at most (n/8 + 8) roundings of the sum of their sizes. */
static void check_one(oc_k_f32_dot_fn *kernel, size_t rows, size_t n, size_t stride)
{
    float *x = ck_floats(n, CK_UNIT), *y = ck_floats((rows - 1) * stride + n, CK_UNIT);
    float *want = ck_floats(rows, CK_JUNK), *got = ck_floats(rows, CK_JUNK);

    oc_k_f32_dot__ref(rows, n, x, y, stride, want);
    kernel(rows, n, x, y, stride, got);
    for (size_t r = 0; r < rows; r++) {
        double size = 0;

        for (size_t i = 0; i < n; i++)
            size += fabs((double)x[i] * (double)y[r * stride + i]);
        if (!(fabs((double)want[r] - (double)got[r]) <= ((double)n / 8 + 8) * 0x1p-24 * size))
            ck_fail("rows=%zu n=%zu stride=%zu: row %zu is %.9g, expected %.9g", rows, n, stride, r,
                    (double)got[r], (double)want[r]);
    }
}

/* The same row in every place must give the same bits, and one NaN spoil its own row only. */
static void check_places(oc_k_f32_dot_fn *kernel, size_t n)
{
    enum { ROWS = 11 };
    float *x = ck_floats(n, CK_UNIT), *row = ck_floats(n, CK_UNIT),
          *y = ck_floats(ROWS * n, CK_UNIT);
    float        got[ROWS], alone;
    const size_t bad = ck_rand_in(0, ROWS - 1);

    for (size_t r = 0; r < ROWS; r++)
        memcpy(y + r * n, row, n * sizeof(*y));
    kernel(1, n, x, row, n, &alone);
    kernel(ROWS, n, x, y, n, got);
    for (size_t r = 0; r < ROWS; r++)
        if (memcmp(&got[r], &alone, sizeof(alone)) != 0)
            ck_fail("n=%zu: row %zu is %.9g, alone %.9g", n, r, (double)got[r], (double)alone);
    y[bad * n + ck_rand_in(0, n - 1)] = NAN;
    kernel(ROWS, n, x, y, n, got);
    for (size_t r = 0; r < ROWS; r++)
        if (isnan(got[r]) != (r == bad))
            ck_fail("n=%zu: NaN in row %zu, row %zu is %g", n, bad, r, (double)got[r]);
}

static void check(oc_k_f32_dot_fn *kernel)
{
    float *x, *y, *out;

    for (size_t n = 1; n <= 67; n++)
        for (size_t rows = 1; rows <= 9; rows++) {
            check_one(kernel, rows, n, n);
            check_one(kernel, rows, n, n + ck_rand_in(1, 9));
        }
    for (size_t n = 1; n <= 67; n++)
        check_places(kernel, n);
    check_one(kernel, 5, 1000, 1000);
    check_one(kernel, 3, 65536, 65536);
    x = ck_floats(256, CK_UNIT);
    y = ck_floats(256 * 1024, CK_UNIT);
    out = ck_floats(1024, CK_JUNK);
    kernel(0, 256, x, y, 256, out);
    CK_BENCH_WORK("1024 x 256", 2 * 256 * 1024, 4 * 256 * 1024, kernel(1024, 256, x, y, 256, out));
}

int main(int argc, char **argv)
{
    ck_begin("f32_dot", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_dot__##name);
#include "kernels/f32_dot.inc"
#undef OC_K
    return ck_end();
}

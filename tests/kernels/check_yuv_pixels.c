#include <math.h>
#include <string.h>

#include "ck.h"
#include "kernels/yuv_pixels.h"

/* Random matrices, some of them far beyond 0..255 so that both clamps are met. */
static oc_yuv_pixels random_how(void)
{
    oc_yuv_pixels         h = {.n_out = ck_rand() % 2 ? 3 : 1, .interleaved = ck_rand() % 2};
    static const oc_dtype kinds[] = {OC_F32, OC_U8, OC_I32};

    h.kind = kinds[ck_rand() % 3];
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++)
            h.m[k][c] = (float)ck_rand_in(0, 400) / 100.0f - 2;
        h.off[k] = (float)ck_rand_in(0, 200) - 100;
        h.mean[k] = (float)ck_rand_in(0, 255);
        h.scale[k] = h.kind == OC_F32 ? 1.0f / 64 : 1;
    }
    return h;
}

static double value(const oc_yuv_pixels *h, const void *p, size_t i)
{
    return h->kind == OC_F32  ? (double)((const float *)p)[i]
           : h->kind == OC_U8 ? ((const uint8_t *)p)[i]
                              : ((const int32_t *)p)[i];
}

static void check_one(oc_k_yuv_pixels_fn *kernel, size_t n)
{
    oc_yuv_pixels h = random_how();
    size_t        whole = (n + 7) & ~(size_t)7, bytes = h.kind == OC_U8 ? 1 : 4;
    const float  *c[3];
    void         *want[3], *got[3];
    size_t        planes = h.interleaved ? 1 : h.n_out, each = h.interleaved ? n * h.n_out : n;

    for (int k = 0; k < 3; k++) {
        float *row = ck_floats(whole, CK_UNIT);
        for (size_t i = 0; i < whole; i++)
            row[i] = (row[i] + 1) * 127.5f;
        c[k] = row;
        want[k] = ck_bytes((size_t)k < planes ? each * bytes : 1, CK_JUNK);
        got[k] = ck_bytes((size_t)k < planes ? each * bytes : 1, CK_JUNK);
    }
    oc_k_yuv_pixels__ref(n, c, &h, want);
    kernel(n, c, &h, got);
    /* sums in another order: a rounding of 1000 or so; integers may fall to the other side of .5 */
    double limit = h.kind == OC_F32 ? 1e-5 : 1;
    for (size_t p = 0; p < planes; p++) {
        for (size_t i = 0; i < each; i++) {
            if (fabs(value(&h, want[p], i) - value(&h, got[p], i)) > limit) {
                ck_fail("n=%zu %s %s, plane %zu element %zu: want %g, got %g", n,
                        oc_dtype_bytes(h.kind) == 1 ? "u8" : "32 bits",
                        h.interleaved ? "interleaved" : "planar", p, i, value(&h, want[p], i),
                        value(&h, got[p], i));
                return;
            }
        }
    }
}

/* Exact values: what is whole stays whole, ties go to even, both ends are clamped. */
static void check_exact(oc_k_yuv_pixels_fn *kernel)
{
    static const float   in[16] = {0, 1, 2.5f, 3.5f, 254.5f, 255, 100, 77.25f,
                                   0, 1, 2.5f, 3.5f, 254.5f, 255, 100, 77.25f};
    static const uint8_t bytes[8] = {0, 1, 2, 4, 254, 255, 100, 77};
    const float *const   c[3] = {in, in, in};
    oc_yuv_pixels        h = {.m = {{1}}, .scale = {1, 1, 1}, .n_out = 1, .kind = OC_U8};
    uint8_t              u8[8];
    int32_t              i32[8];
    float                f32[8];

    kernel(8, c, &h, (void *[3]){u8});
    if (!ck_same_bytes(bytes, u8, 8))
        ck_fail("bytes are not rounded to nearest even");
    h.kind = OC_F32;
    kernel(8, c, &h, (void *[3]){f32});
    if (!ck_same(in, f32, 8, 0))
        ck_fail("floats change on the way");
    h.kind = OC_I32;
    h.mean[0] = 3;
    h.scale[0] = 1e9f; /* beyond 2^31 on both sides */
    kernel(8, c, &h, (void *[3]){i32});
    if (i32[0] != INT32_MIN || i32[5] != 2147483520)
        ck_fail("int32: %d %d", i32[0], i32[5]);
    h.kind = OC_U8;
    kernel(8, c, &h, (void *[3]){u8});
    if (u8[0] != 0 || u8[5] != 255)
        ck_fail("uint8 is not clamped: %d %d", u8[0], u8[5]);
}

static void check(oc_k_yuv_pixels_fn *kernel)
{
    for (size_t n = 1; n <= 67; n++)
        for (int i = 0; i < 24; i++)
            check_one(kernel, n);
    check_exact(kernel);

    const float *c[3] = {ck_floats(512, CK_UNIT), ck_floats(512, CK_UNIT), ck_floats(512, CK_UNIT)};
    oc_yuv_pixels h = {.m = {{1, 0, 1.4f}, {1, -.3f, -.7f}, {1, 1.7f, 0}},
                       .scale = {1, 1, 1},
                       .n_out = 3,
                       .interleaved = true,
                       .kind = OC_F32};
    void         *out[3] = {ck_floats(3 * 512, CK_JUNK)};
    CK_BENCH_WORK("512 f32 interleaved", 0, 24 * 512, kernel(512, c, &h, out));
    h.interleaved = false;
    out[1] = ck_floats(512, CK_JUNK);
    out[2] = ck_floats(512, CK_JUNK);
    CK_BENCH_WORK("512 f32 planar", 0, 24 * 512, kernel(512, c, &h, out));
}

int main(int argc, char **argv)
{
    ck_begin("yuv_pixels", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_yuv_pixels__##name);
#include "kernels/yuv_pixels.inc"
#undef OC_K
    return ck_end();
}

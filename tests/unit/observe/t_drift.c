/* Spreads and their distances against figures worked out by hand; pictures; references that are damaged. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/drift_file.h"
#include "observe/picture.h"

static void spreads(void **state)
{
    oc_spread a = {0}, b = {0};
    (void)state;
    assert_true(oc_spread_psi(&a, &b) == 0 && oc_spread_ks(&a, &b) == 0);
    /* centres of bins: whole values in one bin each */
    for (int i = 0; i < 1000; i++) {
        oc_spread_add(&a, 0, 24, 2.5 + (i % 2));
        oc_spread_add(&b, 0, 24, 3.5 + (i % 2));
    }
    assert_true(a.bin[2] == 500 && a.bin[3] == 500 && a.n == 1000);
    assert_true(fabs(oc_spread_ks(&a, &b) - 0.5) < 1e-12);
    /* bins 2 and 4 differ: shares 500.5 and .5 of 1012 */
    const double p = 500.5 / 1012, q = 0.5 / 1012;
    assert_true(fabs(oc_spread_psi(&a, &b) - 2 * (p - q) * log(p / q)) < 1e-12);
    assert_true(oc_spread_psi(&a, &a) == 0);
    /* between two centres: shared; beyond the ends: at the ends; NaN: nowhere */
    oc_spread c = {0};
    oc_spread_add(&c, 0, 24, 3.0);
    oc_spread_add(&c, 0, 24, -100);
    oc_spread_add(&c, 0, 24, 1e9);
    oc_spread_add(&c, 0, 24, NAN);
    assert_true(c.bin[2] == 0.5 && c.bin[3] == 0.5 && c.bin[0] == 1 && c.bin[23] == 1 && c.n == 3);
}

static oc_picture_facts look(int (*value)(int x, int y), oc_pixel_format format)
{
    oc_frame *f;
    oc_error  err;
    assert_int_equal(oc_frame_create(format, 64, 48, &f, &err), OC_OK);
    for (int y = 0; y < 48; y++)
        for (int x = 0; x < 64; x++) {
            const int v = value(x, y);
            uint8_t  *row = f->plane[0] + (ptrdiff_t)y * f->stride[0];
            if (format == OC_PIXEL_RGB24)
                memset(row + 3 * x, v, 3);
            else if (format == OC_PIXEL_UYVY)
                row[2 * x + 1] = (uint8_t)v;
            else
                row[x] = (uint8_t)v;
        }
    const oc_picture_facts facts = oc_picture_look(f);
    oc_frame_unref(f);
    return facts;
}

static int flat(int x, int y)
{
    (void)x;
    (void)y;
    return 77;
}
static int checks(int x, int y)
{
    return (x + y) % 2 ? 200 : 100;
}
static int ramp(int x, int y)
{
    (void)y;
    return x * 2;
}

static void pictures(void **state)
{
    static const oc_pixel_format formats[] = {OC_PIXEL_GRAY8, OC_PIXEL_RGB24, OC_PIXEL_UYVY};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        oc_picture_facts f = look(flat, formats[i]);
        assert_true(f.brightness == 77 && f.contrast == 0 && f.sharpness == 0);
        f = look(checks, formats[i]); /* the Laplacian is +-400 */
        assert_true(fabs(f.brightness - 150) < 1 && fabs(f.contrast - 50) < 0.1);
        assert_true(fabs(f.sharpness - log2(1 + 400.0 * 400)) < 0.01);
        f = look(ramp, formats[i]); /* even slopes have no edges */
        assert_true(f.sharpness < 1e-9 && f.contrast > 10);
    }
}

static void references(void **state)
{
    static oc_drift_reference r, *back;
    char                      path[] = "/tmp/drift.XXXXXX", text[1 << 16];
    oc_error                  err;
    size_t                    n;
    (void)state;
    close(mkstemp(path));
    snprintf(r.stream, sizeof(r.stream), "door");
    snprintf(r.detector, sizeof(r.detector), "centernet");
    r.window_s = 30;
    r.learned_s = 300;
    for (int f = 0; f < OC_FEATURES; f++)
        for (int i = 0; i < 100 + f; i++)
            oc_spread_add(&r.spread[f], 0, 1, i / 107.0);
    r.psi[1] = 0.125;
    assert_int_equal(oc_drift_file_write(path, &r, 1, &err), OC_OK);
    if (oc_drift_file_read(path, &back, &n, &err) != OC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(n, 1);
    assert_string_equal(back->stream, "door");
    assert_true(back->psi[1] == 0.125 && back->learned_s == 300);
    for (int f = 0; f < OC_FEATURES; f++)
        assert_true(oc_spread_psi(&back->spread[f], &r.spread[f]) < 1e-12);
    free(back);

    FILE        *in = fopen(path, "r");
    const size_t bytes = fread(text, 1, sizeof(text) - 1, in);
    fclose(in);
    for (size_t cut = 0; cut + 2 < bytes; cut += 97) { /* every prefix is refused */
        FILE *out = fopen(path, "w");
        fwrite(text, 1, cut, out);
        fclose(out);
        assert_int_equal(oc_drift_file_read(path, &back, &n, &err), OC_FORMAT);
    }
    static const char *const bad[] = {
        "[]", "{\"version\":2,\"streams\":{}}", "{\"version\":1}",
        "{\"version\":1,\"streams\":{\"a\":{\"detector\":\"x\",\"window_s\":-1,\"learned_s\":1}}}",
        "{\"version\":1,\"streams\":{\"a\":{\"detector\":\"x\",\"window_s\":9,\"learned_s\":1}}}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        FILE *out = fopen(path, "w");
        fputs(bad[i], out);
        fclose(out);
        assert_int_equal(oc_drift_file_read(path, &back, &n, &err), OC_FORMAT);
        assert_non_null(strstr(err.message, path));
    }
    unlink(path);
    assert_int_equal(oc_drift_file_read(path, &back, &n, &err), OC_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads),
        cmocka_unit_test(pictures),
        cmocka_unit_test(references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

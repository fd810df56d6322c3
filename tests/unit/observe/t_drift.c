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

#include "observe/drift.h"
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
    char                      path[] = "/tmp/drift.XXXXXX", text[1 << 17];
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
    r.n_embeddings = 1;
    snprintf(r.embedding[0].recogniser, sizeof(r.embedding[0].recogniser), "person");
    snprintf(r.embedding[0].network, sizeof(r.embedding[0].network), "retail-0287");
    r.embedding[0].ks = 0.25;
    for (int i = 0; i < OC_PROJECTIONS; i++)
        for (int k = 0; k < 50; k++)
            oc_spread_add(&r.embedding[0].spread[i], -4, 4, i / 8.0 - 1);
    assert_int_equal(oc_drift_file_write(path, &r, 1, &err), OC_OK);
    if (oc_drift_file_read(path, &back, &n, &err) != OC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(n, 1);
    assert_string_equal(back->stream, "door");
    assert_true(back->psi[1] == 0.125 && back->learned_s == 300);
    for (int f = 0; f < OC_FEATURES; f++)
        assert_true(oc_spread_psi(&back->spread[f], &r.spread[f]) < 1e-12);
    assert_int_equal(back->n_embeddings, 1);
    assert_string_equal(back->embedding[0].network, "retail-0287");
    assert_true(back->embedding[0].ks == 0.25);
    for (int i = 0; i < OC_PROJECTIONS; i++)
        assert_memory_equal(&back->embedding[0].spread[i], &r.embedding[0].spread[i],
                            sizeof(oc_spread));
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

/* ---- embeddings ---- */

static uint64_t seed;
static float    normal(void) /* nearly: twelve uniform ones */
{
    float sum = -6;
    for (int i = 0; i < 12; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        sum += (float)(seed >> 40) / 16777216.0f;
    }
    return sum;
}

static void projections(void **state)
{
    float  x[300], y[300];
    double a[OC_PROJECTIONS], b[OC_PROJECTIONS], sum = 0, squares = 0;
    (void)state;
    seed = 1;
    for (int k = 0; k < 2000; k++) {
        for (int i = 0; i < 300; i++)
            x[i] = normal();
        assert_true(oc_project(x, 300, a));
        for (int i = 0; i < OC_PROJECTIONS; i++) {
            sum += a[i];
            squares += a[i] * a[i];
        }
    }
    /* of random directions: mean 0, variance 1, within four standard errors */
    const double n = 2000.0 * OC_PROJECTIONS;
    assert_true(fabs(sum / n) < 4 / sqrt(n));
    assert_true(fabs(squares / n - 1) < 4 * sqrt(2 / n));
    for (int i = 0; i < 300; i++)
        y[i] = 1000 * x[i]; /* the length does not count */
    assert_true(oc_project(y, 300, b));
    for (int i = 0; i < OC_PROJECTIONS; i++)
        assert_true(fabs(a[i] - b[i]) < 1e-5);
    /* of one element the sign alone is left, and all directions see it */
    assert_true(oc_project((const float[]){-3}, 1, a));
    for (int i = 0; i < OC_PROJECTIONS; i++)
        assert_true(fabs(a[i]) == 1);
    memset(x, 0, sizeof(x));
    assert_false(oc_project(x, 300, a));
    x[7] = NAN;
    assert_false(oc_project(x, 300, a));
    x[7] = INFINITY;
    assert_false(oc_project(x, 300, a));
}

typedef struct heard {
    int  began, ended;
    char feature[80];
} heard;

static void hear(void *ctx, const oc_drift_told *told)
{
    heard *h = ctx;
    h->began += told->firing;
    h->ended += !told->firing;
    snprintf(h->feature, sizeof(h->feature), "%s", told->feature);
}

typedef struct seen { /* a stream of one grey frame over and over */
    oc_pipeline_config config;
    oc_observed_stream info;
    oc_frame          *frame;
    void              *stream;
} seen;

static void see(seen *s, const oc_observer *o)
{
    oc_error err;
    memset(s, 0, sizeof(*s));
    s->config.detect.network = "centernet";
    s->config.n_recognise = 2;
    s->config.recognise[0] = (oc_recognise_config){
        .name = "words", .kind = OC_RECOGNISE_TEXT, .network = "ppocr-v4-rec"};
    s->config.recognise[1] = (oc_recognise_config){
        .name = "person", .kind = OC_RECOGNISE_GALLERY, .network = "retail-0287"};
    s->info = (oc_observed_stream){.name = "door", .config = &s->config};
    assert_int_equal(oc_frame_create(OC_PIXEL_GRAY8, 32, 32, &s->frame, &err), OC_OK);
    memset(s->frame->plane[0], 90, (size_t)(s->frame->stride[0] * 32));
    if (o->opened(o->ctx, &s->info, &s->stream, &err) != OC_OK)
        fail_msg("%s", err.message);
}

/* Frames from `from` to `to`, ten a second, three embeddings each: noise about a direction that is
 * turned by `turn`. */
static void go(seen *s, const oc_observer *o, double from, double to, float turn)
{
    const oc_objects  none = {0};
    const oc_decision decision = {0};
    float             x[64];
    for (double t = from; t < to; t += 0.1) {
        for (int k = 0; k < 3; k++) {
            for (int i = 0; i < 64; i++)
                x[i] = normal() + (i % 2 ? 1 : 1 + turn);
            o->embedded(s->stream, "person", x, 64);
            o->embedded(s->stream, "nobody", x, 64);
        }
        const oc_observed_frame f = {
            .frame = s->frame, .decision = &decision, .objects = &none, .time_s = t};
        o->completed(s->stream, &f);
    }
}

static void embeddings(void **state)
{
    char      path[] = "/tmp/drift.XXXXXX";
    heard     h = {0};
    oc_drift *d;
    oc_error  err;
    seen      s;
    (void)state;
    close(mkstemp(path));
    seed = 2;
    const oc_drift_options learn = {.learn = path, .window_s = 12},
                           hold = {.reference = path, .told = hear, .ctx = &h};
    assert_int_equal(oc_drift_create(&learn, &d, &err), OC_OK);
    see(&s, oc_drift_observer(d));
    go(&s, oc_drift_observer(d), 0, 300, 0);
    if (oc_drift_write(d, &err) != OC_OK)
        fail_msg("%s", err.message);
    oc_drift_destroy(d);
    oc_frame_unref(s.frame);

    assert_int_equal(oc_drift_create(&hold, &d, &err), OC_OK);
    see(&s, oc_drift_observer(d));
    const oc_observer *o = oc_drift_observer(d);
    go(&s, o, 0, 300, 0);
    assert_int_equal(h.began, 0);
    go(&s, o, 300, 330, -2); /* the other way */
    assert_int_equal(h.began, 1);
    assert_string_equal(h.feature, "embedding of person");
    go(&s, o, 330, 360, 0);
    assert_true(h.began == 1 && h.ended == 1);
    go(&s, o, 0, 30, -2); /* a source that begins anew is watched on */
    assert_int_equal(h.began, 2);
    oc_drift_destroy(d);
    oc_frame_unref(s.frame);

    /* another network's embeddings are not to be compared */
    assert_int_equal(oc_drift_create(&hold, &d, &err), OC_OK);
    o = oc_drift_observer(d);
    s.config.recognise[1].network = "retail-0288";
    assert_int_equal(o->opened(o->ctx, &s.info, &s.stream, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "retail-0287"));
    oc_drift_destroy(d);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads),     cmocka_unit_test(pictures),   cmocka_unit_test(references),
        cmocka_unit_test(projections), cmocka_unit_test(embeddings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

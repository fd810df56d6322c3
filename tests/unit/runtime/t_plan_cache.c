/* Plans that are made when they are missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/choice.h"
#include "runtime/plan_cache.h"
#include "support/onnx_text.h"

static char          folder[] = "/tmp/t_plan_cache_XXXXXX";
static char          cached[64], model_path[64];
static oc_plan_cache cache = {.folder = cached, .bytes_max = 1 << 30};

static void make_model(float first)
{
    static const int64_t open_shape[] = {-1, 8, -1, -1}, wdims[] = {16, 8, 3, 3};
    static float         w[16 * 8 * 9];
    pb                  *g = pb_new();
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++)
        w[i] = (float)((i * 37) % 101) / 101.0f - 0.5f;
    w[0] = first;
    onnx_port(g, 11, "x", 1, 4, open_shape);
    onnx_tensor_raw(g, "w", 1, 4, wdims, w, sizeof(w));
    onnx_node(g, "Conv", "x w", "y", NULL);
    onnx_port(g, 12, "y", 1, 4, open_shape);
    pb *m = onnx_model(g, 14);
    unlink(model_path); /* a new file: what is mapped stays as it is */
    FILE *f = fopen(model_path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(m->data, 1, m->n, f), m->n);
    assert_int_equal(fclose(f), 0);
    free(m);
}

/* The first output of a run over ones. */
static float ask(int64_t side, oc_plan_cache_seen *seen)
{
    oc_port            shape = {.name = "x", .info = {OC_F32, {4, {1, 8, side, side}}}};
    oc_session_options o = OC_SESSION_OPTIONS_INIT;
    oc_session        *s = NULL;
    oc_tensor_view     in = {.info = shape.info}, out = {0};
    oc_error           err = {0};
    o.shapes = &shape;
    o.n_shapes = 1;
    if (oc_plan_cache_open(&cache, model_path, &o, &s, seen, &err) != OC_OK)
        fail_msg("%s", err.message);
    in.data = oc_session_input_buffer(s, 0);
    for (int64_t i = 0; i < 8 * side * side; i++)
        ((float *)in.data)[i] = 1;
    assert_int_equal(oc_session_run(s, &in, 1, &out, 1, &err), OC_OK);
    float first = ((const float *)out.data)[0];
    oc_session_destroy(s);
    return first;
}

/* Files of the cache; the path of one of them. */
static size_t count(char *path, size_t n)
{
    DIR           *d = opendir(cached);
    struct dirent *e;
    size_t         found = 0;
    while (d && (e = readdir(d)))
        if (strstr(e->d_name, ".ocplan")) {
            found++;
            if (path)
                assert_true((size_t)snprintf(path, n, "%s/%s", cached, e->d_name) < n);
        }
    if (d)
        closedir(d);
    return found;
}

static int clean(void **state)
{
    char path[200];
    (void)state;
    while (count(path, sizeof(path)))
        assert_int_equal(unlink(path), 0);
    rmdir(cached);
    cache.bytes_max = 1 << 30;
    return 0;
}

static void the_second_start_is_served(void **state)
{
    oc_plan_cache_seen seen;
    (void)state;
    make_model(0.25f);
    float first = ask(8, &seen);
    assert_false(seen.served);
    assert_string_equal(seen.note, "");
    assert_int_equal(count(NULL, 0), 1);
    assert_true(ask(8, &seen) == first);
    assert_true(seen.served);
    (void)ask(9, &seen); /* another shape: a plan of its own */
    assert_false(seen.served);
    assert_int_equal(count(NULL, 0), 2);
}

static void what_does_not_fit_is_made_anew(void **state)
{
    oc_plan_cache_seen seen;
    char               path[200];
    (void)state;
    make_model(0.25f);
    float first = ask(8, &seen);
    make_model(5.0f); /* the same path, other weights */
    float other = ask(8, &seen);
    assert_true(other != first);
    assert_false(seen.served);
    assert_non_null(strstr(seen.note, "made anew: "));
    assert_int_equal(count(path, sizeof(path)), 1);
    assert_true(ask(8, &seen) == other);
    assert_true(seen.served);
    assert_int_equal(truncate(path, 100), 0);
    assert_true(ask(8, &seen) == other);
    assert_non_null(strstr(seen.note, "made anew: "));
    assert_true(ask(8, &seen) == other);
    assert_true(seen.served);
}

/* Bytes of all plans, which look as if they were last used long ago from now on. */
static uint64_t age_all(void)
{
    static const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    DIR                         *d = opendir(cached);
    struct dirent               *e;
    uint64_t                     sum = 0;
    assert_non_null(d);
    while ((e = readdir(d))) {
        struct stat about;
        if (!strstr(e->d_name, ".ocplan"))
            continue;
        assert_int_equal(fstatat(dirfd(d), e->d_name, &about, 0), 0);
        assert_int_equal(utimensat(dirfd(d), e->d_name, long_ago, 0), 0);
        sum += (uint64_t)about.st_size;
    }
    closedir(d);
    return sum;
}

static void it_does_not_grow_without_end(void **state)
{
    oc_plan_cache_seen seen;
    make_model(0.25f);
    (void)ask(8, &seen);
    (void)ask(9, &seen);
    (void)ask(10, &seen);
    const uint64_t three = age_all();
    assert_int_equal(clean(state), 0);
    cache.bytes_max = three - 1;
    (void)ask(8, &seen);
    (void)ask(9, &seen);
    assert_int_equal(count(NULL, 0), 2);
    (void)age_all();
    (void)ask(8, &seen); /* used again: 9 goes first */
    assert_true(seen.served);
    (void)ask(10, &seen);
    assert_int_equal(count(NULL, 0), 2);
    (void)ask(8, &seen);
    assert_true(seen.served);
    (void)ask(10, &seen);
    assert_true(seen.served);
    cache.bytes_max = 1; /* the newest stays */
    (void)ask(11, &seen);
    assert_int_equal(count(NULL, 0), 1);
    (void)ask(11, &seen);
    assert_true(seen.served);
}

static void no_folder_is_no_failure(void **state)
{
    const char        *before = cache.folder;
    oc_plan_cache_seen seen;
    (void)state;
    make_model(0.25f);
    cache.folder = model_path; /* a file */
    (void)ask(8, &seen);
    assert_false(seen.served);
    assert_true(seen.note[0] != 0);
    cache.folder = before;
}

static void tuned_kernels_are_refused(void **state)
{
    oc_session_options o = OC_SESSION_OPTIONS_INIT;
    oc_plan_cache_seen seen;
    oc_session        *s = NULL;
    oc_tune           *tune = NULL;
    oc_error           err = {0};
    (void)state;
    assert_int_equal(oc_tune_create(&tune, &err), OC_OK);
    o.tune = tune;
    assert_int_equal(oc_plan_cache_open(&cache, model_path, &o, &s, &seen, &err), OC_INVALID);
    o.tune = NULL;
    assert_int_equal(oc_plan_cache_open(&cache, "/no/such.onnx", &o, &s, &seen, &err), OC_IO);
    assert_null(s);
    oc_tune_destroy(tune);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_second_start_is_served, clean),
        cmocka_unit_test_teardown(what_does_not_fit_is_made_anew, clean),
        cmocka_unit_test_teardown(it_does_not_grow_without_end, clean),
        cmocka_unit_test_teardown(no_folder_is_no_failure, clean),
        cmocka_unit_test_teardown(tuned_kernels_are_refused, clean),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(cached, sizeof(cached), "%s/around/plans", folder);
    snprintf(model_path, sizeof(model_path), "%s/m.onnx", folder);
    int  failed = cmocka_run_group_tests(tests, NULL, NULL);
    char around[64];
    snprintf(around, sizeof(around), "%s/around", folder);
    unlink(model_path);
    rmdir(cached);
    rmdir(around);
    rmdir(folder);
    return failed;
}

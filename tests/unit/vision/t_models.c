/* Networks in common: read once while somebody uses them, anew when the file has changed. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vision/models.h"

#define NETWORK OC_SOURCE_DIR "/tests/fuzz/corpus/onnx/good-small"

static void copy(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE       *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    size_t n = fread(bytes, 1, sizeof(bytes), in);
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
}

static oc_model *take(oc_models *m, const char *path)
{
    oc_model *model = NULL;
    oc_error  err = {0};
    if (oc_models_take(m, path, &model, &err) != OC_OK)
        fail_msg("%s", err.message);
    return model;
}

static void one_for_all_users(void **state)
{
    (void)state;
    oc_models *m;
    assert_int_equal(oc_models_create(&m, NULL), OC_OK);
    oc_model *a = take(m, NETWORK), *b = take(m, NETWORK);
    assert_ptr_equal(a, b);
    assert_int_equal(oc_models_count(m), 1);
    oc_models_give(m, a);
    assert_int_equal(oc_models_count(m), 1);
    oc_models_give(m, b);
    assert_int_equal(oc_models_count(m), 0);
    oc_models_give(m, NULL);
    oc_models_destroy(m);
}

static void a_changed_file_is_another_network(void **state)
{
    (void)state;
    oc_models *m;
    char       path[] = "/tmp/oc_models_XXXXXX";
    int        fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    copy(NETWORK, path);
    assert_int_equal(oc_models_create(&m, NULL), OC_OK);
    oc_model *a = take(m, path);
    unlink(path);
    copy(NETWORK, path);
    const struct timespec later[2] = {{.tv_sec = 2000000000}, {.tv_sec = 2000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, later, 0), 0);
    oc_model *b = take(m, path);
    assert_ptr_not_equal(a, b);
    assert_int_equal(oc_models_count(m), 2);
    oc_models_give(m, a);
    oc_models_give(m, b);
    oc_models_destroy(m);
    unlink(path);
}

static void what_is_not_there(void **state)
{
    (void)state;
    oc_models *m;
    oc_model  *model = NULL;
    oc_error   err = {0};
    assert_int_equal(oc_models_create(&m, NULL), OC_OK);
    assert_int_not_equal(oc_models_take(m, "/no/such/network.onnx", &model, &err), OC_OK);
    assert_non_null(strstr(err.message, "/no/such/network.onnx"));
    assert_null(model);
    assert_int_equal(oc_models_count(m), 0);
    oc_models_destroy(m);
}

static void *take_and_give(void *arg)
{
    for (int i = 0; i < 200; i++)
        oc_models_give(arg, take(arg, NETWORK));
    return NULL;
}

static void from_several_threads(void **state)
{
    (void)state;
    oc_models *m;
    pthread_t  thread[4];
    assert_int_equal(oc_models_create(&m, NULL), OC_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_and_give, m), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(oc_models_count(m), 0);
    oc_models_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_for_all_users),
        cmocka_unit_test(a_changed_file_is_another_network),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(from_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

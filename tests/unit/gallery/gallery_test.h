/* gallery_test.h -- a folder for files, embeddings made of numbers, galleries made in one line. */
#ifndef TESTS_GALLERY_TEST_H
#define TESTS_GALLERY_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gallery/gallery.h"

#define SHA_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA_B "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char folder[] = "/tmp/oc_galleryXXXXXX", path[64];

static inline void remove_files(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".next"};
    char                     name[96];
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        if (unlink(name) != 0)
            rmdir(name);
    }
}

static inline int group_setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/g.db", folder);
    return 0;
}

static inline int group_teardown(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
}

static inline int test_setup(void **state)
{
    (void)state;
    remove_files();
    return 0;
}

#define must(call)                                                   \
    do {                                                             \
        oc_error err_ = {0}, *err = &err_;                           \
        if ((call) != OC_OK)                                         \
            fail_msg("%s:%d: %s", __FILE__, __LINE__, err->message); \
    } while (0)

/* The call fails with `status`, naming `what`. */
#define must_fail(status_, what, call)                                                  \
    do {                                                                                \
        oc_error err_ = {0}, *err = &err_;                                              \
        assert_int_equal(call, status_);                                                \
        if (!strstr(err->message, what))                                                \
            fail_msg("%s:%d: '%s' lacks '%s'", __FILE__, __LINE__, err->message, what); \
    } while (0)

static inline oc_gallery *make(size_t length, oc_gallery_rules rules)
{
    oc_gallery            *g = NULL;
    const oc_gallery_model model = {"tiny", SHA_A, length};
    must(oc_gallery_create(path, &model, &rules, &g, err));
    return g;
}

static inline oc_gallery *reopen(bool write)
{
    oc_gallery *g = NULL;
    must(oc_gallery_open(path, write, NULL, &g, err));
    return g;
}

static inline void enrol(oc_gallery *g, const char *label, const float *embedding)
{
    const oc_gallery_item item = {label, embedding, "here.jpg"};
    must(oc_gallery_enrol(g, &item, 1, false, err));
}

#endif

/* media_test.h -- what these tests share: a scratch folder, pictures with a pattern. */
#ifndef MEDIA_TEST_H
#define MEDIA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/frame.h"
#include "media/source.h"

#define assert_ok(call)                                                \
    do {                                                               \
        oc_error  mt_err = {0}, *err = &mt_err;                        \
        oc_status mt_st = (call);                                      \
        if (mt_st != OC_OK)                                            \
            fail_msg("%s: %s", oc_status_name(mt_st), mt_err.message); \
    } while (0)

/* The call fails with that status and a message that holds `words`. */
#define assert_fails(status, words, call)                                          \
    do {                                                                           \
        oc_error  mt_err = {0}, *err = &mt_err;                                    \
        oc_status mt_st = (call);                                                  \
        if (mt_st != (status) || !strstr(mt_err.message, (words)))                 \
            fail_msg("want %s '%s', got %s '%s'", oc_status_name(status), (words), \
                     oc_status_name(mt_st), mt_err.message);                       \
    } while (0)

static char mt_folder[64];

static inline int mt_setup(void **state)
{
    (void)state;
    snprintf(mt_folder, sizeof(mt_folder), "/tmp/ocellus-test-XXXXXX");
    return mkdtemp(mt_folder) ? 0 : -1;
}

static inline int mt_teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", mt_folder);
    return system(command);
}

/* A path in the scratch folder; one of eight buffers. */
static inline const char *mt_path(const char *name)
{
    static char text[8][256];
    static int  next;

    next = (next + 1) % 8;
    snprintf(text[next], sizeof(text[0]), "%s/%s", mt_folder, name);
    return text[next];
}

static inline void mt_write(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* The whole file, for free(). */
static inline uint8_t *mt_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    fclose(f);
    return bytes;
}

/* The first part of a file as another one. */
static inline void mt_cut(const char *from, const char *to, double share)
{
    size_t   n;
    uint8_t *bytes = mt_read(from, &n);

    mt_write(to, bytes, (size_t)((double)n * share));
    free(bytes);
}

static inline uint32_t mt_rand(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Every byte of every plane random; smooth: soft waves instead, so that lossy coding keeps them. */
static inline oc_frame *mt_frame(oc_pixel_format format, int w, int h, uint32_t seed, bool smooth)
{
    oc_frame *f = NULL;

    assert_ok(oc_frame_create(format, w, h, &f, err));
    for (int p = 0; p < 3; p++) {
        size_t n = oc_pixel_row_bytes(format, p, w), rows = oc_pixel_rows(format, p, h);
        for (size_t y = 0; y < rows; y++)
            for (size_t x = 0; x < n; x++)
                f->plane[p][y * (size_t)f->stride[p] + x] =
                    smooth ? (uint8_t)(60 + (x * 2 + y * 3 + seed * 7 + (size_t)p * 40) % 120)
                           : (uint8_t)mt_rand(&seed);
    }
    return f;
}

static inline bool mt_same(const oc_frame *a, const oc_frame *b)
{
    if (a->format != b->format || a->width != b->width || a->height != b->height)
        return false;
    for (int p = 0; p < 3; p++) {
        size_t n = oc_pixel_row_bytes(a->format, p, a->width);
        size_t rows = oc_pixel_rows(a->format, p, a->height);
        for (size_t y = 0; y < rows; y++)
            if (memcmp(a->plane[p] + (ptrdiff_t)y * a->stride[p],
                       b->plane[p] + (ptrdiff_t)y * b->stride[p], n) != 0)
                return false;
    }
    return true;
}

static inline oc_input *mt_open(const char *url, const char *format, int w, int h)
{
    oc_source_options o = {
        .struct_size = sizeof(o), .url = url, .format = format, .width = w, .height = h};
    oc_input *in = NULL;

    assert_ok(oc_input_open(&o, &in, err));
    return in;
}

/* Reads to the end; how it ended and its message are left in *end. */
static inline uint64_t mt_count(oc_input *in, oc_error *end)
{
    oc_frame *f;
    uint64_t  n = 0;
    int64_t   last = -1;

    memset(end, 0, sizeof(*end));
    for (;;) {
        oc_status st = oc_input_read(in, &f, end);
        if (st != OC_OK) {
            end->status = st;
            return n;
        }
        assert_int_equal(f->index, n);
        assert_true(f->pts_ns > last);
        if (n == 0)
            assert_int_equal(f->pts_ns, 0);
        last = f->pts_ns;
        oc_frame_unref(f);
        n++;
    }
}

#endif

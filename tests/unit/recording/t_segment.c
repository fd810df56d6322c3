/* Blocks in a file: whole, torn, damaged, of a newer version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recording/segment.h"

static unsigned char file[4096];
static size_t        n_file, begins[8];

static void add(oc_block_kind kind, const char *text, uint64_t lost)
{
    static uint64_t number;
    if (n_file == 0) {
        oc_segment_head(file);
        n_file = OC_SEGMENT_HEAD_BYTES;
        number = 0;
    }
    begins[number] = n_file;
    memcpy(file + n_file + OC_BLOCK_HEAD_BYTES, text, strlen(text));
    oc_block_seal(file + n_file, kind, strlen(text), lost, number++);
    n_file += OC_BLOCK_HEAD_BYTES + strlen(text);
}

static void make(void)
{
    n_file = 0;
    add(OC_BLOCK_INFO, "{}", 0);
    add(OC_BLOCK_STATE, "a state", 0);
    add(OC_BLOCK_FRAME, "a frame with its pixels", 3);
    add(OC_BLOCK_DONE, "times", 3);
}

/* Reads all; gives back how many blocks there were, and how it ended. */
static unsigned read_all(size_t n, oc_segment *s, oc_status *end, oc_error *err)
{
    oc_block       b;
    unsigned       count = 0;
    unsigned char *exact = malloc(n ? n : 1);
    memcpy(exact, file, n);
    *err = (oc_error){0};
    *end = oc_segment_open("f", exact, n, s, err);
    while (*end == OC_OK && (*end = oc_segment_next(s, true, &b, err)) == OC_OK)
        count++;
    free(exact);
    return count;
}

static void gives_back_what_was_put_in(void **state)
{
    oc_segment s;
    oc_block   b;
    oc_error   err = {0};
    (void)state;
    make();
    add(OC_BLOCK_SEALED, "", 3);
    assert_int_equal(oc_segment_open("f", file, n_file, &s, &err), OC_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(oc_segment_next(&s, true, &b, &err), OC_OK);
        assert_true(b.number == (uint64_t)i && b.at == begins[i]);
        assert_int_equal(b.lost, i < 2 ? 0 : 3);
        if (i == 2)
            assert_memory_equal(b.data, "a frame with its pixels", b.n);
    }
    assert_int_equal(oc_segment_next(&s, true, &b, &err), OC_END);
    assert_int_equal(oc_segment_next(&s, true, &b, &err), OC_END);
    assert_true(s.sealed && !s.torn);
    assert_string_equal(oc_block_name(OC_BLOCK_FRAME), "frame");
}

static void a_torn_tail_is_left_out(void **state)
{
    oc_segment s;
    oc_status  end;
    oc_error   err;
    (void)state;
    make();
    for (size_t n = 0; n < n_file; n++) {
        unsigned whole = 0;
        for (int i = 1; i < 4; i++)
            whole += begins[i] <= n;
        unsigned count = read_all(n, &s, &end, &err);
        if (n == 0) { /* nothing at all is no segment's beginning either: it is one all the same */
            assert_int_equal(count, 0);
            continue;
        }
        assert_int_equal(end, OC_END);
        assert_true(s.torn);
        assert_int_equal(count, whole);
        bool between =
            n <= OC_SEGMENT_HEAD_BYTES || n == begins[1] || n == begins[2] || n == begins[3];
        assert_int_equal(*s.torn_text == '\0', between);
    }
}

static void damage_names_its_place(void **state)
{
    oc_segment s;
    oc_status  end;
    oc_error   err;
    (void)state;
    make();
    for (size_t i = 8; i < n_file; i++) {
        file[i] ^= 0x10;
        unsigned count = read_all(n_file, &s, &end, &err);
        file[i] ^= 0x10;
        if (i < OC_SEGMENT_HEAD_BYTES) {
            assert_true(end == OC_FORMAT || end == OC_UNSUPPORTED);
            continue;
        }
        /* in the last block nothing tells damage from a tail that was not written */
        unsigned in = 0;
        while (in + 1 < 4 && begins[in + 1] <= i)
            in++;
        assert_int_equal(count, in);
        assert_int_equal(end, in == 3 ? OC_END : OC_FORMAT);
        if (in < 3) {
            char place[32];
            snprintf(place, sizeof(place), "f:%zu: damaged", begins[in]);
            assert_non_null(strstr(err.message, place));
        }
    }
    add(OC_BLOCK_SEALED, "", 3); /* the end is known: damage before it is damage */
    file[begins[3] + 41] ^= 1;
    read_all(n_file, &s, &end, &err);
    assert_int_equal(end, OC_FORMAT);
    file[begins[3] + 41] ^= 1;
    file[n_file++] = 'x';
    read_all(n_file, &s, &end, &err);
    assert_int_equal(end, OC_FORMAT);
    assert_non_null(strstr(err.message, "behind the end"));
}

static void a_block_left_out_is_noticed(void **state)
{
    oc_segment s;
    oc_status  end;
    oc_error   err;
    (void)state;
    make();
    memmove(file + begins[1], file + begins[2], n_file - begins[2]);
    n_file -= begins[2] - begins[1];
    assert_int_equal(read_all(n_file, &s, &end, &err), 1);
    assert_int_equal(end, OC_FORMAT);
    assert_non_null(strstr(err.message, "block 2 where 1 should be"));
}

static void a_newer_version_is_refused(void **state)
{
    oc_segment s;
    oc_error   err = {0};
    (void)state;
    make();
    file[8] = OC_RECORDING_VERSION + 1;
    assert_int_equal(oc_segment_open("f", file, n_file, &s, &err), OC_UNSUPPORTED);
    assert_non_null(strstr(err.message, "newer version"));
    file[8] = 0;
    assert_int_equal(oc_segment_open("f", file, n_file, &s, &err), OC_FORMAT);
    assert_int_equal(oc_segment_open("f", (const unsigned char *)"OCELREX\nxxxxxxxx", 16, &s, &err),
                     OC_FORMAT);
}

static void without_pixels_frames_are_not_summed(void **state)
{
    oc_segment s;
    oc_block   b;
    oc_error   err = {0};
    (void)state;
    make();
    file[begins[2] + 45] ^= 1;
    assert_int_equal(oc_segment_open("f", file, n_file, &s, &err), OC_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(oc_segment_next(&s, false, &b, &err), OC_OK);
    assert_int_equal(oc_segment_next(&s, false, &b, &err), OC_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_put_in),
        cmocka_unit_test(a_torn_tail_is_left_out),
        cmocka_unit_test(damage_names_its_place),
        cmocka_unit_test(a_block_left_out_is_noticed),
        cmocka_unit_test(a_newer_version_is_refused),
        cmocka_unit_test(without_pixels_frames_are_not_summed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

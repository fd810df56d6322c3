/* What goes into a spool comes out in order, the cheapest goes first when it is full, and damage
 * of every kind is told by name. */
#include "spool_test.h"

#include <fcntl.h>

static void order_and_numbers(void **state)
{
    (void)state;
    forget_spool();
    oc_spool *s = open_spool(0, NULL);
    char      identity[17], id[OC_SPOOL_ID_BYTES];
    snprintf(identity, sizeof(identity), "%s", oc_spool_identity(s));
    for (uint64_t i = 0; i < 30; i++)
        put_row(s, i, (oc_priority)(i * 7 % 3), 100);
    must(oc_spool_commit(s, 0, e));
    seen *all = look(s);
    assert_int_equal(all->count, 30);
    for (size_t i = 0; i < 30; i++) {
        assert_int_equal(all->n[i], i);
        assert_int_equal(all->priority[i], i * 7 % 3);
        assert_true(i == 0 || all->number[i] > all->number[i - 1]);
    }
    uint64_t last = all->number[29];
    oc_spool_id(s, last, id);
    assert_memory_equal(id, identity, 16);
    /* all taken, opened again: numbers go on */
    for (size_t i = 0; i < 30; i++)
        must(oc_spool_remove(s, all->number[i], (oc_priority)all->priority[i], e));
    must(oc_spool_commit(s, 0, e));
    assert_int_equal(look(s)->count, 0);
    oc_spool_close(s);
    s = open_spool(0, NULL);
    assert_string_equal(oc_spool_identity(s), identity);
    assert_true(put_row(s, 30, OC_PRIORITY_LOW, 100) > last);
    oc_spool_close(s); /* not committed */
    s = open_spool(0, NULL);
    assert_int_equal(look(s)->count, 0);
    oc_spool_close(s);
}

static void cheapest_goes_first(void **state)
{
    (void)state;
    forget_spool();
    enum { N = 3000, BYTES = 300 };
    oc_spool      *s = open_spool(256 << 10, NULL);
    oc_spool_stats stats;
    for (uint64_t i = 0; i < N; i++) {
        put_row(s, i,
                i % 10 == 0 ? OC_PRIORITY_HIGH
                : i % 2     ? OC_PRIORITY_LOW
                            : OC_PRIORITY_NORMAL,
                BYTES);
        if (i % 20 == 19)
            must(oc_spool_commit(s, 0, e));
    }
    must(oc_spool_commit(s, 0, e));
    oc_spool_stats_get(s, &stats);
    seen *all = look(s);
    assert_true(stats.bytes_used <= 256 << 10);
    assert_true(stats.bytes_used > 200 << 10); /* the room is used */
    assert_int_equal(all->count, stats.rows);
    assert_int_equal(stats.rows + stats.evicted[0] + stats.evicted[1] + stats.evicted[2], N);
    assert_int_equal(stats.evicted[OC_PRIORITY_HIGH], 0);
    assert_true(stats.evicted[OC_PRIORITY_LOW] >= N / 2 - 60);
    /* within a priority the newest are there, without a hole */
    uint64_t expect = N;
    for (size_t i = all->count; i-- > 0;)
        if (all->priority[i] == OC_PRIORITY_NORMAL) {
            expect -= expect % 10 == 2 ? 4 : expect == N ? 2 : 2;
            if (expect % 10 == 0)
                expect -= 2;
            assert_int_equal(all->n[i], expect);
        }
    oc_spool_close(s);
    struct stat file;
    assert_int_equal(stat(spool_path, &file), 0);
    assert_true(file.st_size <= (256 << 10) + (64 << 10));
}

static void rows_on_their_way_stay(void **state)
{
    (void)state;
    forget_spool();
    oc_spool *s = open_spool(64 << 10, NULL);
    uint64_t  keep = 0;
    for (uint64_t i = 0; i < 20; i++)
        keep = put_row(s, i, OC_PRIORITY_LOW, 1000);
    must(oc_spool_commit(s, keep, e));
    for (uint64_t i = 20; i < 400; i++)
        put_row(s, i, OC_PRIORITY_HIGH, 1000);
    must(oc_spool_commit(s, keep, e));
    seen *all = look(s);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(all->n[i], i);
    assert_int_equal(all->n[all->count - 1], 399);
    assert_true(all->count < 80);
    oc_spool_close(s);
}

static bool see_reason(void *ctx, const oc_spool_item *item)
{
    snprintf(ctx, 100, "%s", item->reason);
    return true;
}

static void aside(void **state)
{
    (void)state;
    forget_spool();
    oc_spool      *s = open_spool(0, NULL);
    oc_spool_stats stats;
    char           reason[100] = "";
    uint64_t       n = 0;
    put_row(s, 1, OC_PRIORITY_NORMAL, 100);
    oc_spool_item item = {.number = put_row(s, 2, OC_PRIORITY_HIGH, 100),
                          .priority = OC_PRIORITY_HIGH,
                          .stream = "door",
                          .type = "crossed",
                          .reason = "answered 422"};
    char          body[200];
    item.n_body = make_body(body, 100, 2);
    item.body = body;
    must(oc_spool_set_aside(s, &item, true, e));
    must(oc_spool_commit(s, 0, e));
    assert_int_equal(look(s)->count, 1);
    must(oc_spool_each_aside(s, see_reason, reason, e));
    assert_string_equal(reason, "answered 422");
    must(oc_spool_requeue(s, &n, e));
    assert_int_equal(n, 1);
    seen *all = look(s);
    assert_int_equal(all->count, 2);
    assert_int_equal(all->n[1], 2);
    oc_spool_stats_get(s, &stats);
    assert_int_equal(stats.aside, 0);
    /* no more than so many are kept */
    for (uint64_t i = 0; i < OC_SPOOL_ASIDE_MAX + 5; i++) {
        item.number = put_row(s, 3, OC_PRIORITY_HIGH, 100);
        must(oc_spool_set_aside(s, &item, true, e));
    }
    must(oc_spool_commit(s, 0, e));
    oc_spool_stats_get(s, &stats);
    assert_int_equal(stats.aside, OC_SPOOL_ASIDE_MAX);
    assert_int_equal(stats.aside_lost, 5);
    must(oc_spool_purge(s, true, true, &n, e));
    assert_int_equal(n, OC_SPOOL_ASIDE_MAX + 2);
    assert_int_equal(look(s)->count, 0);
    oc_spool_close(s);
}

static void one_process_at_a_time(void **state)
{
    (void)state;
    forget_spool();
    oc_spool              *s = open_spool(0, NULL), *second = NULL;
    const oc_spool_options o = {0};
    oc_error               err = {0};
    assert_int_equal(oc_spool_open(spool_path, &o, &second, &err), OC_BUSY);
    assert_non_null(strstr(err.message, "another process has this spool open"));
    oc_spool_close(s);
}

/* ---- damage ---- */

static void fill(void)
{
    forget_spool();
    oc_spool *s = open_spool(0, NULL);
    for (uint64_t i = 0; i < 500; i++)
        put_row(s, i, (oc_priority)(i % 3), 400);
    must(oc_spool_commit(s, 0, e));
    oc_spool_close(s);
}

static void refuses(oc_status want, const char *words)
{
    const oc_spool_options o = {0};
    oc_spool              *s = NULL;
    oc_error               err = {0}, why = {0};
    char                   damaged[128];
    oc_status              st = oc_spool_open(spool_path, &o, &s, &err);
    if (st != want || !strstr(err.message, words) || !strstr(err.message, spool_path))
        fail_msg("want %s with '%s', got %s: %s", oc_status_name(want), words, oc_status_name(st),
                 err.message);
    /* moved aside, and the next one works */
    must(oc_spool_open_anyway(spool_path, &o, &s, &why, e));
    assert_int_equal(why.status, want);
    put_row(s, 1, OC_PRIORITY_LOW, 100);
    must(oc_spool_commit(s, 0, e));
    assert_int_equal(look(s)->count, 1);
    oc_spool_close(s);
    snprintf(damaged, sizeof(damaged), "%s.damaged", spool_path);
    assert_int_equal(access(damaged, F_OK), 0);
}

static void overwrite(off_t at, const char *bytes, size_t n)
{
    int fd = open(spool_path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), n);
    close(fd);
}

static void damage(void **state)
{
    (void)state;
    struct stat       file;
    static const char zeros[4096];
    fill();
    assert_int_equal(stat(spool_path, &file), 0);
    assert_int_equal(truncate(spool_path, file.st_size / 2), 0); /* cut at a page */
    refuses(OC_FORMAT, "spool is damaged");
    fill();
    assert_int_equal(truncate(spool_path, 1000), 0); /* and within the first */
    refuses(OC_FORMAT, "spool is damaged");
    fill();
    overwrite(0, "not a database at all", 21);
    refuses(OC_FORMAT, "spool is damaged");
    fill();
    overwrite(file.st_size / 8192 * 4096, zeros, 4096); /* a page of the tree */
    refuses(OC_FORMAT, "spool is damaged");
    fill();
    overwrite(60, "\0\0\0\2", 4); /* user_version */
    refuses(OC_UNSUPPORTED, "a spool of version 2, this program knows 1");
}

/* Each byte of the file, overwritten: nothing crashes, nothing wrong comes out (see_row compares
 * every body), and a row that is missing is counted or the file refused. */
static void flips(void **state)
{
    (void)state;
    fill();
    struct stat file;
    assert_int_equal(stat(spool_path, &file), 0);
    char *whole = malloc((size_t)file.st_size);
    int   fd = open(spool_path, O_RDONLY);
    assert_int_equal(read(fd, whole, (size_t)file.st_size), file.st_size);
    close(fd);
    unsigned refused = 0, counted = 0;
    for (off_t at = 100; at < file.st_size; at += 997) {
        forget_spool();
        fd = open(spool_path, O_RDWR | O_CREAT, 0600);
        assert_int_equal(write(fd, whole, (size_t)file.st_size), file.st_size);
        char flipped = (char)(whole[at] ^ 0x5A);
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        close(fd);
        const oc_spool_options o = {0};
        oc_spool              *s = NULL;
        oc_error               err = {0};
        if (oc_spool_open(spool_path, &o, &s, &err) != OC_OK) {
            refused++;
            continue;
        }
        static seen    all;
        oc_spool_stats stats;
        all.count = 0;
        if (oc_spool_each(s, 0, see_row, &all, &err) != OC_OK) {
            refused++;
        } else {
            oc_spool_stats_get(s, &stats);
            assert_int_equal(all.count + stats.damaged, 500);
            all.count = 0; /* looked at again, a bad row is not another one */
            must(oc_spool_each(s, 0, see_row, &all, e));
            oc_spool_stats_get(s, &stats);
            assert_int_equal(all.count + stats.damaged, 500);
            counted += stats.damaged > 0;
            put_row(s, 1, OC_PRIORITY_LOW, 100); /* the bad row goes with the next commit */
            must(oc_spool_commit(s, 0, e));
            oc_spool_stats_get(s, &stats);
            assert_int_equal(stats.rows, all.count + 1);
        }
        oc_spool_close(s);
    }
    free(whole);
    assert_true(counted > 50);
    print_message("one byte changed: %u files refused, %u with a row left out\n", refused, counted);
}

static void somebody_elses(void **state)
{
    (void)state;
    sqlite3               *db;
    const oc_spool_options o = {0};
    oc_spool              *s = NULL;
    oc_error               why = {0}, err = {0};
    forget_spool();
    assert_int_equal(sqlite3_open(spool_path, &db), SQLITE_OK);
    sqlite3_exec(db, "CREATE TABLE gallery(x)", NULL, NULL, NULL);
    sqlite3_close(db);
    /* not ours to move */
    assert_int_equal(oc_spool_open_anyway(spool_path, &o, &s, &why, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "is an SQLite file, but not a spool"));
    assert_int_equal(oc_spool_open("/nonexistent/s.db", &o, &s, &err), OC_IO);
    const oc_spool_options looking = {.look = true};
    forget_spool();
    assert_int_equal(oc_spool_open(spool_path, &looking, &s, &err), OC_IO);
    assert_int_not_equal(access(spool_path, F_OK), 0);
}

/* ---- a full disk ---- */

static int full_after; /* writes that still work; < 0: all do */

static int maybe_full(void *ctx, const char *path, const void *bytes, int n, int64_t offset)
{
    (void)ctx;
    (void)path;
    (void)bytes;
    (void)n;
    (void)offset;
    return full_after == 0 ? SQLITE_FULL : (full_after -= full_after > 0, SQLITE_OK);
}

static void full_disk(void **state)
{
    (void)state;
    const oc_spool_tap tap = {.write = maybe_full};
    for (int after = 0; after < 40; after++) {
        forget_spool();
        full_after = -1;
        oc_spool *s = open_spool(0, &tap);
        for (uint64_t i = 0; i < 100; i++)
            put_row(s, i, (oc_priority)(i % 3), 400);
        must(oc_spool_commit(s, 0, e));
        full_after = after;
        oc_error  err = {0};
        oc_status st = OC_OK;
        for (uint64_t i = 100; i < 200 && st == OC_OK; i++) {
            char          body[500];
            uint64_t      number;
            oc_spool_item item = {
                .priority = OC_PRIORITY_LOW, .stream = "door", .type = "crossed", .body = body};
            item.n_body = make_body(body, 400, i);
            st = oc_spool_put(s, &item, &number, &err);
        }
        if (st == OC_OK)
            st = oc_spool_commit(s, 0, &err);
        size_t want = st == OC_OK ? 200 : 100;
        if (st != OC_OK) {
            assert_int_equal(st, OC_IO);
            assert_non_null(strstr(err.message, "full"));
        }
        assert_int_equal(look(s)->count, want);
        full_after = -1;
        put_row(s, 300, OC_PRIORITY_HIGH, 400);
        must(oc_spool_commit(s, 0, e));
        assert_int_equal(look(s)->count, want + 1);
        oc_spool_close(s);
        s = open_spool(0, NULL);
        assert_int_equal(look(s)->count, want + 1);
        oc_spool_close(s);
    }
}

static void bytes_per_event(void **state)
{
    (void)state;
    static const int groups[] = {1, 10, 100};
    for (size_t g = 0; g < 3; g++) {
        forget_spool();
        oc_spool      *s = open_spool(0, NULL);
        oc_spool_stats stats;
        for (uint64_t i = 0; i < 2000; i++) {
            uint64_t number = put_row(s, i, OC_PRIORITY_NORMAL, 300);
            if (i % (uint64_t)groups[g] == (uint64_t)groups[g] - 1)
                must(oc_spool_commit(s, number, e));
        }
        oc_spool_stats_get(s, &stats);
        print_message("events of 300 bytes, %3d a commit: %5.0f bytes written an event\n",
                      groups[g], (double)stats.bytes_written / 2000);
        /* a page and its header to the log, and its part of a folding: at most two pages a commit,
         * one an event, in groups less */
        assert_true((double)stats.bytes_written / 2000 < 3.5 * 4120 / groups[g] + 3 * 420);
        oc_spool_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_numbers),
        cmocka_unit_test(cheapest_goes_first),
        cmocka_unit_test(rows_on_their_way_stay),
        cmocka_unit_test(aside),
        cmocka_unit_test(one_process_at_a_time),
        cmocka_unit_test(damage),
        cmocka_unit_test(flips),
        cmocka_unit_test(somebody_elses),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(bytes_per_event),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}

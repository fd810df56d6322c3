/* Power cuts: every write and sync of a spool's life is recorded, and for every prefix of that
 * sequence the files are rebuilt as a disk could have left them: only what was synced, all of it,
 * or a part of the unsynced writes, whole or torn.  The spool must open without damage and hold all
 * that had been committed, nothing twice, nothing half. */
#include "spool_test.h"

#include <fcntl.h>

enum { OPS_MAX = 40000, FILES = 3, EVENTS_MAX = 4000 };

typedef enum op_kind { OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_REMOVE } op_kind;

typedef struct op {
    op_kind kind;
    int     file;
    int64_t at, n; /* write: offset, bytes; truncate: size */
    char   *bytes;
    int     committed; /* commits that had come back before */
} op;

static op  ops[OPS_MAX];
static int n_ops, commits;

/* What each commit left: first and last+1 of the events there. */
static struct {
    int low, high;
} after[EVENTS_MAX];

static int file_of(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, "-wal") == 0       ? 1
           : n > 8 && strcmp(path + n - 8, "-journal") == 0 ? 2
                                                            : 0;
}

static op *note(op_kind kind, const char *path)
{
    assert_true(n_ops < OPS_MAX);
    op *o = &ops[n_ops++];
    *o = (op){.kind = kind, .file = file_of(path), .committed = commits};
    return o;
}

static int note_write(void *ctx, const char *path, const void *bytes, int n, int64_t at)
{
    (void)ctx;
    op *o = note(OP_WRITE, path);
    o->at = at;
    o->n = n;
    o->bytes = malloc((size_t)n);
    memcpy(o->bytes, bytes, (size_t)n);
    return SQLITE_OK;
}

static void note_truncate(void *ctx, const char *path, int64_t size)
{
    (void)ctx;
    note(OP_TRUNCATE, path)->at = size;
}

static void note_sync(void *ctx, const char *path)
{
    (void)ctx;
    note(OP_SYNC, path);
}

static void note_remove(void *ctx, const char *path)
{
    (void)ctx;
    note(OP_REMOVE, path);
}

/* Puts, takes away, opens again, makes room; the log is folded several times on the way. */
static void record(void)
{
    const oc_spool_tap tap = {NULL, note_write, note_truncate, note_sync, note_remove};
    uint64_t           number[EVENTS_MAX];
    int                low = 0, high = 0;
    for (int opening = 0; opening < 4; opening++) {
        oc_spool *s = open_spool(0, &tap);
        for (int c = 0; c < 40; c++) {
            for (int k = 0; k < 1 + c % 13; k++, high++)
                number[high] = put_row(s, (uint64_t)high, OC_PRIORITY_NORMAL,
                                       100 + (size_t)(high * 37 % 1500));
            for (; low < high - 60; low++)
                must(oc_spool_remove(s, number[low], OC_PRIORITY_NORMAL, e));
            must(oc_spool_commit(s, 0, e));
            commits++;
            after[commits].low = low;
            after[commits].high = high;
        }
        oc_spool_close(s);
    }
}

/* ---- rebuilding ---- */

typedef enum keep { KEEP_SYNCED, KEEP_ALL, KEEP_SOME, KEEP_TORN } keep;

static uint32_t lot = 1;

static uint32_t draw(void)
{
    lot ^= lot << 13;
    lot ^= lot >> 17;
    return lot ^= lot << 5;
}

static void apply(const op *o, int *fd, const char *path, bool torn)
{
    if (o->kind == OP_REMOVE) {
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        unlink(path);
        return;
    }
    if (*fd < 0)
        *fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(*fd >= 0);
    if (o->kind == OP_WRITE) {
        int64_t n = torn ? (int64_t)(draw() % (uint32_t)o->n) & ~INT64_C(511) : o->n;
        assert_int_equal(pwrite(*fd, o->bytes, (size_t)n, o->at), n);
    } else {
        assert_int_equal(ftruncate(*fd, o->at), 0);
    }
}

/* Files as after `n` operations and a cut.  A file of which nothing was synced is not there. */
static void rebuild(int n, keep how)
{
    static const char *const tails[FILES] = {"", "-wal", "-journal"};
    for (int f = 0; f < FILES; f++) {
        char path[128];
        int  synced = -1, fd = -1;
        snprintf(path, sizeof(path), "%s%s", spool_path, tails[f]);
        unlink(path);
        for (int i = 0; i < n; i++)
            if (ops[i].file == f && (ops[i].kind == OP_SYNC || ops[i].kind == OP_REMOVE))
                synced = i;
        for (int i = 0; i < n; i++) {
            if (ops[i].file != f || ops[i].kind == OP_SYNC)
                continue;
            if (i < synced || ops[i].kind == OP_REMOVE || how == KEEP_ALL)
                apply(&ops[i], &fd, path, false);
            else if (how == KEEP_SOME && draw() % 2)
                apply(&ops[i], &fd, path, false);
            else if (how == KEEP_TORN && draw() % 3)
                apply(&ops[i], &fd, path, ops[i].kind == OP_WRITE && draw() % 2);
        }
        if (fd >= 0)
            close(fd);
    }
}

static void check(int n, keep how)
{
    const oc_spool_options o = {0};
    oc_spool              *s = NULL;
    oc_error               err = {0};
    int                    least = n > 0 ? ops[n - 1].committed : 0;
    if (oc_spool_open(spool_path, &o, &s, &err) != OC_OK)
        fail_msg("cut after %d operations, kept %d: %s", n, how, err.message);
    seen *all = look(s);
    /* it is the state after some commit, that of the last one that came back or a later one */
    int match = -1;
    for (int c = least; c <= commits && match < 0; c++)
        if ((int)all->count == after[c].high - after[c].low &&
            (all->count == 0 || (int)all->n[0] == after[c].low))
            match = c;
    if (match < 0 || match > least + 1)
        fail_msg("cut after %d operations, kept %d: %zu events from %llu, commit %d wants %d from "
                 "%d",
                 n, how, all->count, all->count ? (unsigned long long)all->n[0] : 0, least,
                 after[least].high - after[least].low, after[least].low);
    for (size_t i = 0; i < all->count; i++)
        assert_int_equal(all->n[i], (uint64_t)after[match].low + i);
    oc_spool_close(s);
}

static void every_prefix(void **state)
{
    (void)state;
    record();
    const char *words = getenv("OC_LONG");
    int         step = words && *words == '1' ? 1 : 29, cuts = 0, syncs = 0;
    for (int i = 0; i < n_ops; i++)
        syncs += ops[i].kind == OP_SYNC;
    for (int n = 0; n <= n_ops; n++) {
        /* all of them around syncs, where a mistake would sit, else every so many */
        bool near = n > 0 && (ops[n - 1].kind == OP_SYNC || (n < n_ops && ops[n].kind == OP_SYNC));
        if (n % step != 0 && !(near && n % 4 == 0))
            continue;
        for (int how = KEEP_SYNCED; how <= KEEP_TORN; how++) {
            rebuild(n, (keep)how);
            check(n, (keep)how);
            cuts++;
        }
    }
    print_message("%d operations, %d syncs, %d commits; %d cuts\n", n_ops, syncs, commits, cuts);
    assert_true(cuts > 200);
    for (int i = 0; i < n_ops; i++)
        free(ops[i].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_prefix)};
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}

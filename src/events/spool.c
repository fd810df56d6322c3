/* Rows of a spool: in, out, aside, and away when space runs out. */
#include "events/spool.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/xxh64.h"
#include "events/spool_state.h"

#define EACH_SQL "SELECT k, stream, type, body, sum FROM event WHERE k > ?1 AND k <= ?2 ORDER BY k"

static const char *const statements[OC_SPOOL_SQLS] = {
    [OC_SPOOL_PUT] = "INSERT INTO event VALUES(?1, ?2, ?3, ?4, ?5)",
    [OC_SPOOL_REMOVE] = "DELETE FROM event WHERE k = ?1",
    [OC_SPOOL_EACH0] = EACH_SQL,
    [OC_SPOOL_EACH1] = EACH_SQL,
    [OC_SPOOL_EACH2] = EACH_SQL,
    [OC_SPOOL_EACH_ASIDE] = "SELECT k, stream, type, body, sum, reason FROM aside ORDER BY at",
    [OC_SPOOL_ASIDE] =
        "INSERT INTO aside(k, stream, type, body, sum, reason) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [OC_SPOOL_ASIDE_OLDEST] = "DELETE FROM aside WHERE at = (SELECT min(at) FROM aside)",
    [OC_SPOOL_LOWEST] = "SELECT k FROM event WHERE (k & ?1) > ?2 ORDER BY k LIMIT 16",
    [OC_SPOOL_PAGES] = "PRAGMA page_count",
    [OC_SPOOL_FREE] = "PRAGMA freelist_count",
};

oc_status oc_spool_failed(oc_spool *s, int rc, const char *doing, oc_error *err)
{
    const char *says = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
    switch (rc & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table that is not there */
        return OC_FAIL(err, OC_FORMAT, "%s: spool is damaged (%s): %.200s", s->path, doing, says);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return OC_FAIL(err, OC_BUSY, "%s: another process has this spool open", s->path);
    case SQLITE_NOMEM: return OC_FAIL(err, OC_NOMEM, "%s: out of memory", s->path);
    default: return OC_FAIL(err, OC_IO, "%s: %s: %.200s", s->path, doing, says);
    }
}

oc_status oc_spool_exec(oc_spool *s, const char *sql, const char *doing, oc_error *err)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OC_OK : oc_spool_failed(s, rc, doing, err);
}

oc_status oc_spool_exec_int(oc_spool *s, const char *sql, int64_t *out, oc_error *err)
{
    sqlite3_stmt *q = NULL;
    oc_status     st = OC_OK;
    int           rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    else
        st = oc_spool_failed(s, rc, "reading it", err);
    sqlite3_finalize(q);
    return st;
}

oc_status oc_spool_stmt(oc_spool *s, oc_spool_sql sql, sqlite3_stmt **out, oc_error *err)
{
    sqlite3_stmt **q = &s->stmt[sql];
    int            rc = SQLITE_OK;
    if (*q)
        sqlite3_reset(*q);
    else
        rc = sqlite3_prepare_v3(s->db, statements[sql], -1, SQLITE_PREPARE_PERSISTENT, q, NULL);
    *out = *q;
    return rc == SQLITE_OK ? OC_OK : oc_spool_failed(s, rc, "asking it", err);
}

void oc_spool_roll_back(oc_spool *s)
{
    if (s->db && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    if (s->open)
        s->now = s->before;
    s->open = false;
}

static oc_status begin(oc_spool *s, oc_error *err)
{
    if (s->open)
        return OC_OK;
    oc_status st = oc_spool_exec(s, "BEGIN IMMEDIATE", "beginning", err);
    if (st == OC_OK) {
        s->before = s->now;
        s->open = true;
    }
    return st;
}

/* Steps a statement that gives no row; rolls back when it fails. */
static oc_status run(oc_spool *s, sqlite3_stmt *q, const char *doing, oc_error *err)
{
    oc_status st = OC_OK;
    int       rc = sqlite3_step(q);
    if (rc != SQLITE_DONE)
        st = oc_spool_failed(s, rc, doing, err);
    sqlite3_reset(q);
    if (st != OC_OK)
        oc_spool_roll_back(s);
    return st;
}

/* A statement that changes something, within a transaction. */
static oc_status change(oc_spool *s, oc_spool_sql sql, sqlite3_stmt **out, oc_error *err)
{
    oc_status st = oc_spool_stmt(s, sql, out, err);
    if (st != OC_OK)
        oc_spool_roll_back(s);
    return st;
}

static int64_t key_of(uint64_t number, oc_priority priority)
{
    return (int64_t)priority << OC_SPOOL_NUMBER_BITS | (int64_t)number;
}

static uint64_t sum_of(int64_t key, const oc_spool_item *item)
{
    return oc_xxh64(item->body, item->n_body) + 3 * oc_xxh64(item->stream, strlen(item->stream)) +
           5 * oc_xxh64(item->type, strlen(item->type)) + 7 * (uint64_t)key;
}

static void bind(sqlite3_stmt *q, int64_t key, const oc_spool_item *item)
{
    sqlite3_bind_int64(q, 1, key);
    sqlite3_bind_text(q, 2, item->stream, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, item->type, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(q, 4, item->body, item->n_body, SQLITE_STATIC);
    sqlite3_bind_int64(q, 5, (int64_t)sum_of(key, item));
}

const char *oc_spool_identity(const oc_spool *s)
{
    return s->identity;
}

void oc_spool_id(const oc_spool *s, uint64_t number, char id[OC_SPOOL_ID_BYTES])
{
    snprintf(id, OC_SPOOL_ID_BYTES, "%s-%llu", s->identity, (unsigned long long)number);
}

uint64_t oc_spool_number(oc_spool *s)
{
    return s->number++;
}

oc_status oc_spool_put(oc_spool *s, const oc_spool_item *item, uint64_t *number, oc_error *err)
{
    sqlite3_stmt *q;
    oc_status     st = begin(s, err);
    if (st != OC_OK)
        return st;
    assert((unsigned)item->priority < OC_PRIORITIES);
    if ((st = change(s, OC_SPOOL_PUT, &q, err)) != OC_OK)
        return st;
    *number = oc_spool_number(s); /* not given again, whatever becomes of the row */
    bind(q, key_of(*number, item->priority), item);
    if ((st = run(s, q, "writing", err)) == OC_OK)
        s->now.rows++;
    return st;
}

static oc_status remove_key(oc_spool *s, int64_t key, oc_error *err)
{
    sqlite3_stmt *q;
    oc_status     st = change(s, OC_SPOOL_REMOVE, &q, err);
    if (st != OC_OK)
        return st;
    sqlite3_bind_int64(q, 1, key);
    if ((st = run(s, q, "removing", err)) == OC_OK)
        s->now.rows -= (uint64_t)sqlite3_changes(s->db);
    return st;
}

oc_status oc_spool_remove(oc_spool *s, uint64_t number, oc_priority priority, oc_error *err)
{
    oc_status st = begin(s, err);
    return st == OC_OK ? remove_key(s, key_of(number, priority), err) : st;
}

static oc_status drop_oldest_aside(oc_spool *s, oc_error *err)
{
    sqlite3_stmt *q;
    oc_status     st = change(s, OC_SPOOL_ASIDE_OLDEST, &q, err);
    if (st == OC_OK && (st = run(s, q, "removing", err)) == OC_OK) {
        s->now.aside--;
        s->now.aside_lost++;
    }
    return st;
}

oc_status oc_spool_set_aside(oc_spool *s, const oc_spool_item *item, bool row, oc_error *err)
{
    sqlite3_stmt *q;
    oc_status     st = row ? oc_spool_remove(s, item->number, item->priority, err) : begin(s, err);
    if (st != OC_OK || (st = change(s, OC_SPOOL_ASIDE, &q, err)) != OC_OK)
        return st;
    bind(q, key_of(item->number, item->priority), item);
    sqlite3_bind_text(q, 6, item->reason ? item->reason : "", -1, SQLITE_STATIC);
    if ((st = run(s, q, "setting aside", err)) != OC_OK)
        return st;
    s->now.aside++;
    return s->now.aside > OC_SPOOL_ASIDE_MAX ? drop_oldest_aside(s, err) : OC_OK;
}

/* ---- space ---- */

static oc_status read_int(oc_spool *s, oc_spool_sql sql, int64_t *out, oc_error *err)
{
    sqlite3_stmt *q;
    oc_status     st = oc_spool_stmt(s, sql, &q, err);
    if (st != OC_OK)
        return st;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    else
        st = oc_spool_failed(s, rc, "measuring", err);
    sqlite3_reset(q);
    return st;
}

oc_status oc_spool_measure(oc_spool *s, oc_error *err)
{
    int64_t   pages = 0, unused = 0;
    oc_status st = read_int(s, OC_SPOOL_PAGES, &pages, err);
    if (st == OC_OK)
        st = read_int(s, OC_SPOOL_FREE, &unused, err);
    if (st == OC_OK)
        s->bytes_used = (uint64_t)((pages - unused) * s->page_bytes);
    return st;
}

/* The oldest of the lowest priority, a few at a time.  *n: how many went. */
static oc_status evict(oc_spool *s, uint64_t keep, size_t *n, oc_error *err)
{
    int64_t       key[16];
    sqlite3_stmt *q;
    oc_status     st = oc_spool_stmt(s, OC_SPOOL_LOWEST, &q, err);
    *n = 0;
    if (st != OC_OK)
        return st;
    sqlite3_bind_int64(q, 1, OC_SPOOL_NUMBER_MASK);
    sqlite3_bind_int64(q, 2, (int64_t)keep);
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && *n < 16)
        key[(*n)++] = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        return oc_spool_failed(s, rc, "making room", err);
    for (size_t i = 0; i < *n && st == OC_OK; i++)
        if ((st = remove_key(s, key[i], err)) == OC_OK)
            s->now.evicted[key[i] >> OC_SPOOL_NUMBER_BITS & 3]++;
    return st;
}

static oc_status make_room(oc_spool *s, uint64_t keep, oc_error *err)
{
    oc_status st;
    size_t    n;
    while ((st = oc_spool_measure(s, err)) == OC_OK && s->bytes_used > s->bytes_max) {
        if (s->now.aside > 0) {
            if ((st = drop_oldest_aside(s, err)) != OC_OK)
                return st;
            continue;
        }
        if ((st = evict(s, keep, &n, err)) != OC_OK || n == 0)
            return st;
    }
    return st;
}

oc_status oc_spool_commit(oc_spool *s, uint64_t keep, oc_error *err)
{
    if (!s->open)
        return OC_OK;
    oc_status st = OC_OK;
    for (size_t i = 0; i < s->n_bad && st == OC_OK; i++)
        st = remove_key(s, s->bad[i], err);
    if (st == OC_OK)
        st = make_room(s, keep, err);
    if (st == OC_OK)
        st = oc_spool_exec(s, "COMMIT", "committing", err);
    if (st != OC_OK) {
        oc_spool_roll_back(s);
        return st;
    }
    s->open = false;
    s->n_bad = 0;
    s->commits++;
    return OC_OK;
}

void oc_spool_stats_get(const oc_spool *s, oc_spool_stats *out)
{
    *out = (oc_spool_stats){
        .rows = s->now.rows,
        .aside = s->now.aside,
        .aside_lost = s->now.aside_lost,
        .bytes_used = s->bytes_used,
        .bytes_max = s->bytes_max,
        .commits = s->commits,
        .bytes_written = s->vfs.bytes_written,
        .syncs = s->vfs.syncs,
        .damaged = s->damaged,
    };
    memcpy(out->evicted, s->now.evicted, sizeof(out->evicted));
}

/* ---- reading ---- */

/* false: the row's checksum is wrong, or what it has was never put by this program. */
static bool read_row(sqlite3_stmt *q, oc_spool_item *item)
{
    int64_t key = sqlite3_column_int64(q, 0);
    *item = (oc_spool_item){
        .number = (uint64_t)(key & OC_SPOOL_NUMBER_MASK),
        .priority = (oc_priority)(key >> OC_SPOOL_NUMBER_BITS & 3),
        .stream = (const char *)sqlite3_column_text(q, 1),
        .type = (const char *)sqlite3_column_text(q, 2),
        .body = sqlite3_column_blob(q, 3),
        .n_body = (size_t)sqlite3_column_bytes(q, 3),
    };
    return item->priority < OC_PRIORITIES && item->stream && item->type && item->body &&
           item->n_body >= 2 && *item->body == '{' &&
           item->n_body + strlen(item->stream) + strlen(item->type) <= OC_SPOOL_ITEM_MAX &&
           (uint64_t)sqlite3_column_int64(q, 4) == sum_of(key, item);
}

/* Counted once, however often it is read before a commit takes it away. */
static void note_damaged(oc_spool *s, int64_t key)
{
    for (size_t i = 0; i < s->n_bad; i++)
        if (s->bad[i] == key)
            return;
    if (s->n_bad < sizeof(s->bad) / sizeof(s->bad[0]))
        s->bad[s->n_bad++] = key;
    s->damaged++;
}

/* Steps to the next sound row of one priority; item->body NULL at the end. */
static oc_status advance(oc_spool *s, sqlite3_stmt *q, oc_spool_item *item, oc_error *err)
{
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (read_row(q, item))
            return OC_OK;
        note_damaged(s, sqlite3_column_int64(q, 0));
    }
    item->body = NULL;
    return rc == SQLITE_DONE ? OC_OK : oc_spool_failed(s, rc, "reading", err);
}

oc_status oc_spool_each(oc_spool *s, uint64_t after, oc_spool_row_fn *row, void *ctx, oc_error *err)
{
    sqlite3_stmt *q[OC_PRIORITIES] = {0};
    oc_spool_item next[OC_PRIORITIES];
    oc_status     st = OC_OK;
    for (int p = 0; p < OC_PRIORITIES && st == OC_OK; p++) {
        st = oc_spool_stmt(s, (oc_spool_sql)(OC_SPOOL_EACH0 + p), &q[p], err);
        if (st == OC_OK) {
            sqlite3_bind_int64(q[p], 1, key_of(after, (oc_priority)p));
            sqlite3_bind_int64(q[p], 2, key_of(OC_SPOOL_NUMBER_MASK, (oc_priority)p));
            st = advance(s, q[p], &next[p], err);
        }
    }
    while (st == OC_OK) {
        int first = -1;
        for (int p = 0; p < OC_PRIORITIES; p++)
            if (next[p].body && (first < 0 || next[p].number < next[first].number))
                first = p;
        if (first < 0 || !row(ctx, &next[first]))
            break;
        st = advance(s, q[first], &next[first], err);
    }
    for (int p = 0; p < OC_PRIORITIES; p++)
        if (q[p])
            sqlite3_reset(q[p]);
    return st;
}

oc_status oc_spool_each_aside(oc_spool *s, oc_spool_row_fn *row, void *ctx, oc_error *err)
{
    oc_spool_item item;
    sqlite3_stmt *q;
    int           rc;
    oc_status     st = oc_spool_stmt(s, OC_SPOOL_EACH_ASIDE, &q, err);
    if (st != OC_OK)
        return st;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (!read_row(q, &item)) {
            s->damaged++;
            continue;
        }
        item.reason = (const char *)sqlite3_column_text(q, 5);
        if (!row(ctx, &item)) {
            rc = SQLITE_DONE;
            break;
        }
    }
    if (rc != SQLITE_DONE)
        st = oc_spool_failed(s, rc, "reading", err);
    sqlite3_reset(q);
    return st;
}

/* ---- by hand ---- */

typedef struct requeue {
    oc_spool *s;
    uint64_t  n;
    oc_status st;
    oc_error *err;
} requeue;

static bool put_back(void *ctx, const oc_spool_item *item)
{
    requeue *r = ctx;
    uint64_t number;
    r->st = oc_spool_put(r->s, item, &number, r->err);
    r->n += r->st == OC_OK;
    return r->st == OC_OK;
}

oc_status oc_spool_requeue(oc_spool *s, uint64_t *n, oc_error *err)
{
    requeue   r = {.s = s, .err = err};
    oc_status st = begin(s, err);
    if (st == OC_OK)
        st = oc_spool_each_aside(s, put_back, &r, err);
    if (st == OC_OK)
        st = r.st;
    if (st == OC_OK)
        st = oc_spool_exec(s, "DELETE FROM aside", "removing", err);
    if (st != OC_OK) {
        oc_spool_roll_back(s);
        return st;
    }
    s->now.aside = 0;
    *n = r.n;
    return oc_spool_commit(s, 0, err);
}

oc_status oc_spool_purge(oc_spool *s, bool rows, bool aside, uint64_t *n, oc_error *err)
{
    oc_status st = begin(s, err);
    *n = (rows ? s->now.rows : 0) + (aside ? s->now.aside : 0);
    if (st == OC_OK && rows)
        st = oc_spool_exec(s, "DELETE FROM event", "removing", err);
    if (st == OC_OK && aside)
        st = oc_spool_exec(s, "DELETE FROM aside", "removing", err);
    if (st != OC_OK) {
        oc_spool_roll_back(s);
        return st;
    }
    if (rows)
        s->now.rows = 0;
    if (aside)
        s->now.aside = 0;
    return oc_spool_commit(s, 0, err);
}

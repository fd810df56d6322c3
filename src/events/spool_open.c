/* Opening a spool: what is there is looked at as a whole before anything relies on it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/spool_state.h"

#define APPLICATION 0x4F435350 /* "OCSP" */
#define BYTES_DEFAULT (UINT64_C(64) << 20)
#define BYTES_LEAST (UINT64_C(64) << 10)

/* The log is folded into the file every 256 pages, so that both stay small. */
static const char settings[] = "PRAGMA locking_mode=EXCLUSIVE;"
                               "PRAGMA journal_mode=WAL;"
                               "PRAGMA synchronous=FULL;"
                               "PRAGMA wal_autocheckpoint=256;"
                               "PRAGMA journal_size_limit=1114112;"
                               "PRAGMA cache_size=-256;" /* KiB: pages come and go in order */
                               "PRAGMA cell_size_check=ON;"
                               "PRAGMA trusted_schema=OFF;";

static const char schema[] =
    "CREATE TABLE meta(identity TEXT NOT NULL, openings INTEGER NOT NULL);"
    "CREATE TABLE event(k INTEGER PRIMARY KEY, stream TEXT NOT NULL, type TEXT NOT NULL,"
    " body BLOB NOT NULL, sum INTEGER NOT NULL);"
    "CREATE TABLE aside(at INTEGER PRIMARY KEY, k INTEGER NOT NULL, stream TEXT NOT NULL,"
    " type TEXT NOT NULL, body BLOB NOT NULL, sum INTEGER NOT NULL, reason TEXT NOT NULL);";

/* A new name in a folder is only safe once the folder is. */
static oc_status sync_folder(const char *path, oc_error *err)
{
    char        folder[4096] = ".";
    const char *slash = strrchr(path, '/');
    size_t      n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof(folder))
        return OC_FAIL(err, OC_INVALID, "%.200s...: path is longer than %zu bytes", path,
                       sizeof(folder));
    if (slash) {
        memcpy(folder, path, n);
        folder[n] = '\0';
        if (n == 0)
            memcpy(folder, "/", 2);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int why = errno;
    if (fd >= 0)
        close(fd);
    return rc == 0 || why == EINVAL ? OC_OK : OC_FAIL(err, OC_IO, "%s: %s", folder, strerror(why));
}

static oc_status make_schema(oc_spool *s, oc_error *err)
{
    char      text[sizeof(schema) + 200];
    uint64_t  random;
    oc_status st;
    sqlite3_randomness(sizeof(random), &random);
    snprintf(text, sizeof(text),
             "%sINSERT INTO meta VALUES('%016llx', 0);"
             "PRAGMA application_id=%d; PRAGMA user_version=%d;",
             schema, (unsigned long long)random, APPLICATION, OC_SPOOL_VERSION);
    if ((st = oc_spool_exec(s, "BEGIN IMMEDIATE", "making it", err)) == OC_OK &&
        (st = oc_spool_exec(s, text, "making it", err)) == OC_OK)
        st = oc_spool_exec(s, "COMMIT", "making it", err);
    if (st != OC_OK) {
        oc_spool_roll_back(s);
        return st;
    }
    return sync_folder(s->path, err);
}

static oc_status check_origin(oc_spool *s, oc_error *err)
{
    int64_t   application = 0, version = 0;
    oc_status st = oc_spool_exec_int(s, "PRAGMA application_id", &application, err);
    if (st == OC_OK)
        st = oc_spool_exec_int(s, "PRAGMA user_version", &version, err);
    if (st != OC_OK)
        return st;
    if (application != APPLICATION)
        return OC_FAIL(err, OC_INVALID, "%s: is an SQLite file, but not a spool", s->path);
    if (version > OC_SPOOL_VERSION)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: a spool of version %lld, this program knows %d",
                       s->path, (long long)version, OC_SPOOL_VERSION);
    return OC_OK;
}

/* The whole tree: a page that is cut off or overwritten shows here rather than in a month. */
static oc_status check_pages(oc_spool *s, oc_error *err)
{
    sqlite3_stmt *q = NULL;
    oc_status     st = OC_OK;
    int           rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &q, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        const char *says = (const char *)sqlite3_column_text(q, 0);
        if (!says || strcmp(says, "ok") != 0)
            st = OC_FAIL(err, OC_FORMAT, "%s: spool is damaged: %.200s", s->path,
                         says ? says : "no memory to look");
    } else {
        st = oc_spool_failed(s, rc, "checking it", err);
    }
    sqlite3_finalize(q);
    return st;
}

static oc_status read_meta(oc_spool *s, bool look, oc_error *err)
{
    sqlite3_stmt *q = NULL;
    int64_t       openings = -1, rows = 0, aside = 0;
    oc_status     st = OC_OK;
    if (!look && (st = oc_spool_exec(s, "UPDATE meta SET openings = openings + 1",
                                     "counting its openings", err)) != OC_OK)
        return st;
    int rc = sqlite3_prepare_v2(s->db, "SELECT identity, openings FROM meta", -1, &q, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        snprintf(s->identity, sizeof(s->identity), "%s",
                 sqlite3_column_text(q, 0) ? (const char *)sqlite3_column_text(q, 0) : "");
        openings = sqlite3_column_int64(q, 1);
    } else {
        st = rc == SQLITE_DONE
                 ? OC_FAIL(err, OC_FORMAT, "%s: spool is damaged: no row in 'meta'", s->path)
                 : oc_spool_failed(s, rc, "reading its identity", err);
    }
    sqlite3_finalize(q);
    if (st != OC_OK)
        return st;
    if (strspn(s->identity, "0123456789abcdef") != 16 || openings < 0 ||
        openings >= INT64_C(1) << (OC_SPOOL_NUMBER_BITS - OC_SPOOL_COUNT_BITS))
        return OC_FAIL(err, OC_FORMAT, "%s: spool is damaged: identity or openings make no sense",
                       s->path);
    s->number = ((uint64_t)openings << OC_SPOOL_COUNT_BITS) + 1;
    if ((st = oc_spool_exec_int(s, "SELECT count(*) FROM event", &rows, err)) != OC_OK ||
        (st = oc_spool_exec_int(s, "SELECT count(*) FROM aside", &aside, err)) != OC_OK ||
        (st = oc_spool_exec_int(s, "PRAGMA page_size", &s->page_bytes, err)) != OC_OK)
        return st;
    s->now.rows = (uint64_t)rows;
    s->now.aside = (uint64_t)aside;
    return oc_spool_measure(s, err);
}

static oc_status open_file(oc_spool *s, bool look, oc_error *err)
{
    int64_t   pages = 0;
    oc_status st;
    int       flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (look ? 0 : SQLITE_OPEN_CREATE);
    int       rc = sqlite3_open_v2(s->path, &s->db, flags, s->vfs.name);
    if (rc != SQLITE_OK)
        return oc_spool_failed(s, rc, "opening it", err);
    sqlite3_extended_result_codes(s->db, 1);
    if ((st = oc_spool_exec(s, settings, "opening it", err)) != OC_OK ||
        (st = oc_spool_exec_int(s, "SELECT count(*) FROM sqlite_master", &pages, err)) != OC_OK)
        return st;
    st = pages == 0 && !look ? make_schema(s, err) : check_origin(s, err);
    if (st == OC_OK)
        st = check_pages(s, err);
    return st == OC_OK ? read_meta(s, look, err) : st;
}

oc_status oc_spool_open(const char *path, const oc_spool_options *options, oc_spool **out,
                        oc_error *err)
{
    oc_spool *s = calloc(1, sizeof(*s));
    oc_status st;
    if (!s || !(s->path = strdup(path))) {
        free(s);
        return OC_FAIL(err, OC_NOMEM, "spool: out of memory");
    }
    s->bytes_max = options->bytes_max ? options->bytes_max : BYTES_DEFAULT;
    if (s->bytes_max < BYTES_LEAST)
        s->bytes_max = BYTES_LEAST;
    if ((st = oc_spool_vfs_init(&s->vfs, options->tap, err)) != OC_OK ||
        (st = open_file(s, options->look, err)) != OC_OK) {
        oc_spool_close(s);
        return st;
    }
    *out = s;
    return OC_OK;
}

void oc_spool_close(oc_spool *s)
{
    if (!s)
        return;
    oc_spool_roll_back(s);
    for (int i = 0; i < OC_SPOOL_SQLS; i++)
        sqlite3_finalize(s->stmt[i]);
    sqlite3_close(s->db);
    oc_spool_vfs_finish(&s->vfs);
    free(s->path);
    free(s);
}

/* The log and its file go together: a log without its file would be taken for another's. */
static oc_status move_aside(const char *path, oc_error *err)
{
    static const char *const tails[] = {"-wal", "-journal", "-shm", ""};
    char                     from[4096], to[4096];
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        if (snprintf(from, sizeof(from), "%s%s", path, tails[i]) >= (int)sizeof(from) ||
            snprintf(to, sizeof(to), "%s.damaged%s", path, tails[i]) >= (int)sizeof(to))
            return OC_FAIL(err, OC_INVALID, "%.200s...: path is too long", path);
        if (rename(from, to) == 0)
            continue;
        if (errno != ENOENT)
            return OC_FAIL(err, OC_IO, "%s: cannot be moved aside: %s", from, strerror(errno));
        if (unlink(to) != 0 && errno != ENOENT) /* of an earlier one: does not belong to this */
            return OC_FAIL(err, OC_IO, "%s: %s", to, strerror(errno));
    }
    return OC_OK;
}

oc_status oc_spool_open_anyway(const char *path, const oc_spool_options *options, oc_spool **out,
                               oc_error *why, oc_error *err)
{
    oc_error  first = {0};
    oc_status st = oc_spool_open(path, options, out, &first);
    *why = (oc_error){0};
    if (st == OC_FORMAT || st == OC_UNSUPPORTED) {
        *why = first;
        if ((st = move_aside(path, err)) != OC_OK)
            return st;
        return oc_spool_open(path, options, out, err);
    }
    if (st != OC_OK && err)
        *err = first;
    return st;
}

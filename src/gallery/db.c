#include "gallery/db.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define APPLICATION_ID 0x4f63476c /* "OcGl" in bytes 68..71 of the file */
#define WAIT_MS 5000

static const char *const statements[] = {
#define X(name, text) text,
    OC_GALLERY_SQL_MAP(X)
#undef X
};

/* In the order of their names, as sqlite_schema is read below. */
static const char *const schema[] = {
    "CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL, "
    "source TEXT NOT NULL, created INTEGER NOT NULL, embedding BLOB NOT NULL) STRICT",
    "CREATE INDEX entry_label ON entry (label)",
    "CREATE TABLE gallery (one INTEGER PRIMARY KEY CHECK (one = 1), card TEXT NOT NULL, "
    "sha256 TEXT NOT NULL, length INTEGER NOT NULL, method TEXT NOT NULL, "
    "center INTEGER NOT NULL, threshold REAL NOT NULL) STRICT",
};
#define SCHEMA_N (sizeof(schema) / sizeof(schema[0]))

oc_status oc_gallery_fail(oc_gallery *g, int rc, const char *what, oc_error *err)
{
    const char *why = g->db ? sqlite3_errmsg(g->db) : sqlite3_errstr(rc);
    oc_status   st = OC_IO;
    switch (rc & 0xff) {
    case SQLITE_NOMEM: st = OC_NOMEM; break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        st = OC_BUSY;
        why = "another program keeps it locked";
        break;
    case SQLITE_NOTADB:
        st = OC_FORMAT;
        why = "not a gallery, nor any SQLite file";
        break;
    case SQLITE_CORRUPT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:
    case SQLITE_SCHEMA: st = OC_FORMAT; break;
    default: break;
    }
    return OC_FAIL(err, st, "%s: %s: %s", g->path, what, why);
}

sqlite3_stmt *oc_gallery_stmt(oc_gallery *g, oc_gallery_sql sql, const char *what, oc_error *err)
{
    sqlite3_stmt **s = &g->stmt[sql];
    int            rc = SQLITE_OK;
    if (*s)
        sqlite3_reset(*s);
    else
        rc = sqlite3_prepare_v3(g->db, statements[sql], -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
    if (rc != SQLITE_OK)
        oc_gallery_fail(g, rc, what, err);
    return *s;
}

oc_status oc_gallery_do(oc_gallery *g, oc_gallery_sql sql, const char *what, oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, sql, what, err);
    if (!s)
        return err ? err->status : OC_IO;
    int       rc = sqlite3_step(s);
    oc_status st = rc == SQLITE_DONE ? OC_OK : oc_gallery_fail(g, rc, what, err);
    sqlite3_reset(s);
    return st;
}

oc_status oc_gallery_end(oc_gallery *g, oc_status st, oc_error *err)
{
    if (st == OC_OK)
        st = oc_gallery_do(g, OC_SQL_COMMIT, "cannot be written", err);
    /* A failed statement may have ended the transaction already. */
    if (st != OC_OK && !sqlite3_get_autocommit(g->db)) {
        oc_error      second;
        sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_ROLLBACK, "rollback", &second);
        if (s) {
            sqlite3_step(s);
            sqlite3_reset(s);
        }
    }
    return st;
}

/* ---- opening ---- */

static oc_status run_sql(oc_gallery *g, const char *sql, oc_error *err)
{
    int rc = sqlite3_exec(g->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OC_OK : oc_gallery_fail(g, rc, "cannot be used", err);
}

/* The first column of a query's only row: a number, and the text where it is wanted. */
static oc_status ask(oc_gallery *g, const char *sql, int64_t *number, char *text, size_t text_bytes,
                     oc_error *err)
{
    sqlite3_stmt *s = NULL;
    int           rc = sqlite3_prepare_v2(g->db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        const unsigned char *t = text ? sqlite3_column_text(s, 0) : NULL;
        *number = sqlite3_column_int64(s, 0);
        if (text)
            snprintf(text, text_bytes, "%s", t ? (const char *)t : "");
        rc = SQLITE_OK;
    }
    oc_status st = rc == SQLITE_OK ? OC_OK : oc_gallery_fail(g, rc, "cannot be read", err);
    sqlite3_finalize(s);
    return st;
}

static void close_db(oc_gallery *g)
{
    for (size_t i = 0; i < OC_SQL_COUNT_OF; i++) {
        sqlite3_finalize(g->stmt[i]);
        g->stmt[i] = NULL;
    }
    sqlite3_close_v2(g->db);
    g->db = NULL;
}

static oc_status open_db(oc_gallery *g, const char *name, int flags, oc_error *err)
{
    int rc = sqlite3_open_v2(name, &g->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return oc_gallery_fail(g, rc, "cannot be opened", err);
    /* A file may come from anywhere: nothing in it is to be run. */
    sqlite3_db_config(g->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(g->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(g->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(g->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(g->db, SQLITE_LIMIT_LENGTH, 1 << 20);
    sqlite3_busy_timeout(g->db, WAIT_MS);
    return run_sql(g, "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL", err);
}

/* "file:<path>?immutable=1": SQLite neither locks nor looks for a log. */
static oc_status open_immutable(oc_gallery *g, oc_error *err)
{
    size_t room = 3 * strlen(g->path) + 32, n;
    char  *uri = malloc(room);
    if (!uri)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", g->path);
    n = (size_t)snprintf(uri, room, "file:");
    for (const unsigned char *p = (const unsigned char *)g->path; *p; p++)
        n += (size_t)snprintf(uri + n, room - n,
                              isalnum(*p) || strchr("/._-", *p) ? "%c" : "%%%02X", *p);
    snprintf(uri + n, room - n, "?immutable=1");
    close_db(g);
    oc_status st = open_db(g, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
    free(uri);
    return st;
}

static bool has_log(const char *path)
{
    struct stat s;
    char        log[4200];
    return snprintf(log, sizeof(log), "%s-wal", path) >= (int)sizeof(log) ||
           (stat(log, &s) == 0 && s.st_size > 0);
}

static oc_status open_for_reading(oc_gallery *g, oc_error *err)
{
    int64_t version;
    /* Opened for writing where that is allowed, and told not to: a reader that may not write would
     * leave the log's files behind. */
    oc_status st = open_db(g, g->path, SQLITE_OPEN_READWRITE, err);
    if (st != OC_OK)
        return st;
    st = ask(g, "PRAGMA user_version", &version, NULL, 0, err);
    int rc = sqlite3_errcode(g->db);
    if (st != OC_OK && (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY) && !has_log(g->path))
        st = open_immutable(g, err);
    return st == OC_OK ? run_sql(g, "PRAGMA query_only = ON", err) : st;
}

/* Anything but the tables written here is refused: a view called `entry` may never end. */
static oc_status check_tables(oc_gallery *g, oc_error *err)
{
    sqlite3_stmt *s = NULL;
    size_t        n = 0;
    bool          same = true;
    int           rc = sqlite3_prepare_v2(g->db,
                                          "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite^_%' "
                                                    "ESCAPE '^' ORDER BY name",
                                          -1, &s, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *sql = (const char *)sqlite3_column_text(s, 0);
        same = same && sql && n < SCHEMA_N && strcmp(sql, schema[n]) == 0;
        n++;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    if (rc != SQLITE_DONE)
        return oc_gallery_fail(g, rc, "cannot be read", err);
    if (!same || n != SCHEMA_N)
        return OC_FAIL(err, OC_FORMAT, "%s: its tables are not those of a gallery of schema %d",
                       g->path, OC_GALLERY_SCHEMA);
    return OC_OK;
}

static oc_status check_schema(oc_gallery *g, oc_error *err)
{
    int64_t   version, application, ignored;
    char      text[160];
    oc_status st;
    if ((st = ask(g, "PRAGMA application_id", &application, NULL, 0, err)) != OC_OK ||
        (st = ask(g, "PRAGMA user_version", &version, NULL, 0, err)) != OC_OK)
        return st;
    if (application != APPLICATION_ID)
        return OC_FAIL(err, OC_FORMAT, "%s: an SQLite file, but not a gallery", g->path);
    if (version > OC_GALLERY_SCHEMA)
        return OC_FAIL(err, OC_FORMAT, "%s: schema %lld is newer than this program's %d", g->path,
                       (long long)version, OC_GALLERY_SCHEMA);
    if (version < 1)
        return OC_FAIL(err, OC_FORMAT, "%s: schema %lld is none", g->path, (long long)version);
    if ((st = check_tables(g, err)) != OC_OK ||
        (st = ask(g, "PRAGMA quick_check(1)", &ignored, text, sizeof(text), err)) != OC_OK)
        return st;
    if (strcmp(text, "ok") != 0)
        return OC_FAIL(err, OC_FORMAT, "%s: damaged: %s", g->path, text);
    return OC_OK;
}

static oc_status read_model(oc_gallery *g, oc_error *err)
{
    sqlite3_stmt *s = oc_gallery_stmt(g, OC_SQL_MODEL, "cannot be read", err);
    if (!s)
        return err ? err->status : OC_IO;
    int       rc = sqlite3_step(s);
    oc_status st = OC_OK;
    if (rc == SQLITE_ROW) {
        int64_t length = sqlite3_column_int64(s, 2);
        snprintf(g->card, sizeof(g->card), "%s", (const char *)sqlite3_column_text(s, 0));
        snprintf(g->sha256, sizeof(g->sha256), "%s", (const char *)sqlite3_column_text(s, 1));
        if (length < 2 || length > OC_GALLERY_LENGTH_MAX)
            st = OC_FAIL(err, OC_FORMAT, "%s: embeddings of %lld numbers cannot be", g->path,
                         (long long)length);
        else
            g->model = (oc_gallery_model){g->card, g->sha256, (size_t)length};
    } else {
        st = rc == SQLITE_DONE
                 ? OC_FAIL(err, OC_FORMAT, "%s: does not say whose embeddings it has", g->path)
                 : oc_gallery_fail(g, rc, "cannot be read", err);
    }
    sqlite3_reset(s);
    if (st == OC_OK && !(g->vector = calloc(g->model.length, sizeof(float))))
        st = OC_FAIL(err, OC_NOMEM, "%s: out of memory", g->path);
    return st;
}

static oc_status check_model(const oc_gallery *g, const oc_gallery_model *expect, oc_error *err)
{
    const oc_gallery_model *have = &g->model;
    if (!expect)
        return OC_OK;
    if (expect->card && strcmp(expect->card, have->card) != 0)
        return OC_FAIL(err, OC_INVALID, "%s: its embeddings are of '%s', not of '%s'", g->path,
                       have->card, expect->card);
    if (expect->length && expect->length != have->length)
        return OC_FAIL(err, OC_INVALID,
                       "%s: its embeddings have %zu numbers, those of '%s' have %zu here", g->path,
                       have->length, have->card, expect->length);
    if (expect->sha256 && strcmp(expect->sha256, have->sha256) != 0)
        return OC_FAIL(err, OC_INVALID,
                       "%s: its embeddings are of another network file than this '%s' (sha256 "
                       "%.12s..., here %.12s...)",
                       g->path, have->card, have->sha256, expect->sha256);
    return OC_OK;
}

static oc_status create_tables(oc_gallery *g, const oc_gallery_model *model,
                               const oc_gallery_rules *rules, oc_error *err)
{
    char      sql[96];
    oc_status st = OC_OK;
    for (size_t i = 0; i < SCHEMA_N && st == OC_OK; i++)
        st = run_sql(g, schema[i], err);
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, OC_GALLERY_SCHEMA);
    if (st == OC_OK)
        st = run_sql(g, sql, err);
    sqlite3_stmt *s = st == OC_OK ? oc_gallery_stmt(g, OC_SQL_FOUND, "cannot be made", err) : NULL;
    if (!s)
        return st == OC_OK ? OC_IO : st;
    sqlite3_bind_text(s, 1, model->card, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, model->sha256, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, (int64_t)model->length);
    sqlite3_bind_text(s, 4, oc_gallery_by_name(rules->by), -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 5, rules->center);
    sqlite3_bind_double(s, 6, (double)rules->threshold);
    return oc_gallery_do(g, OC_SQL_FOUND, "cannot be made", err);
}

/* In one transaction, so that of two who make the same file one makes it and the other finds it. */
static oc_status make(oc_gallery *g, const oc_gallery_model *model, const oc_gallery_rules *rules,
                      oc_error *err)
{
    int64_t   things = 0;
    oc_status st = oc_gallery_do(g, OC_SQL_WRITE, "cannot be made", err);
    if (st != OC_OK)
        return st;
    st = ask(g, "SELECT count(*) FROM sqlite_schema", &things, NULL, 0, err);
    if (st == OC_OK && things == 0)
        st = create_tables(g, model, rules, err);
    st = oc_gallery_end(g, st, err);
    /* Not before it is known that the file is ours to change; the file remembers it. */
    return st == OC_OK && things == 0 ? run_sql(g, "PRAGMA journal_mode = WAL", err) : st;
}

static oc_status begin(const char *path, bool there, oc_gallery **out, oc_error *err)
{
    struct stat s;
    if (stat(path, &s) != 0) {
        if (there || errno != ENOENT)
            return OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s: %s", path,
                           strerror(errno));
    } else if (!S_ISREG(s.st_mode)) {
        return OC_FAIL(err, OC_FORMAT, "%s: not a file", path);
    } else if (there && s.st_size == 0) {
        return OC_FAIL(err, OC_FORMAT, "%s: an empty file, not a gallery", path);
    }
    oc_gallery *g = calloc(1, sizeof(*g));
    if (!g || !(g->path = strdup(path))) {
        free(g);
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    }
    *out = g;
    return OC_OK;
}

static oc_status finish_open(oc_gallery *g, const oc_gallery_model *expect, oc_error *err)
{
    struct stat s;
    oc_status   st;
    if ((st = check_schema(g, err)) != OC_OK || (st = read_model(g, err)) != OC_OK ||
        (st = check_model(g, expect, err)) != OC_OK)
        return st;
    if (stat(g->path, &s) != 0)
        return OC_FAIL(err, OC_IO, "%s: %s", g->path, strerror(errno));
    g->device = s.st_dev;
    g->inode = s.st_ino;
    return OC_OK;
}

oc_status oc_gallery_open(const char *path, bool write, const oc_gallery_model *expect,
                          oc_gallery **out, oc_error *err)
{
    oc_gallery *g = NULL;
    oc_status   st = begin(path, true, &g, err);
    if (st == OC_OK)
        st = write ? open_db(g, g->path, SQLITE_OPEN_READWRITE, err) : open_for_reading(g, err);
    if (st == OC_OK)
        st = finish_open(g, expect, err);
    if (st == OC_OK && write && sqlite3_db_readonly(g->db, "main"))
        st = OC_FAIL(err, OC_IO, "%s: may not be written", path);
    if (st != OC_OK) {
        oc_gallery_close(g);
        return st;
    }
    *out = g;
    return OC_OK;
}

oc_status oc_gallery_create(const char *path, const oc_gallery_model *model,
                            const oc_gallery_rules *rules, oc_gallery **out, oc_error *err)
{
    oc_gallery *g = NULL;
    if (!model->card || !*model->card || strlen(model->card) >= sizeof(g->card) || !model->sha256 ||
        strlen(model->sha256) != 64 || model->length < 2 || model->length > OC_GALLERY_LENGTH_MAX)
        return OC_FAIL(err, OC_INVALID,
                       "%s: a gallery needs a card's name, a hash, and embeddings "
                       "of 2 .. %d numbers",
                       path, OC_GALLERY_LENGTH_MAX);
    oc_status st = begin(path, false, &g, err);
    if (st == OC_OK)
        st = open_db(g, g->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (st == OC_OK)
        st = make(g, model, rules, err);
    if (st == OC_OK)
        st = finish_open(g, model, err);
    if (st != OC_OK) {
        oc_gallery_close(g);
        return st;
    }
    *out = g;
    return OC_OK;
}

void oc_gallery_close(oc_gallery *g)
{
    if (!g)
        return;
    close_db(g);
    free(g->vector);
    free(g->path);
    free(g);
}

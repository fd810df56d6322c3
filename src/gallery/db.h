/* db.h -- the file under a gallery: opening, the schema, statements, failures.
 *
 *   gallery  one row: whose embeddings (card, sha256, length), how to search (method, center,
 *            threshold)
 *   entry    id (never used again), label, source, created (seconds since 1970), embedding (length
 *            float32, little-endian; last, so that reading the others does not touch it) */
#ifndef OC_GALLERY_DB_H
#define OC_GALLERY_DB_H

#include <sqlite3.h>
#include <sys/types.h>

#include "gallery/gallery.h"

#define OC_GALLERY_SQL_MAP(X)                                                                 \
    X(READ, "BEGIN")                                                                          \
    X(WRITE, "BEGIN IMMEDIATE")                                                               \
    X(COMMIT, "COMMIT")                                                                       \
    X(ROLLBACK, "ROLLBACK")                                                                   \
    X(VERSION, "PRAGMA data_version")                                                         \
    X(MODEL, "SELECT card, sha256, length FROM gallery")                                      \
    X(RULES, "SELECT method, center, threshold FROM gallery")                                 \
    X(SET_RULES, "UPDATE gallery SET method = ?1, center = ?2, threshold = ?3")               \
    X(FOUND, "INSERT INTO gallery VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)")                        \
    X(ENROL, "INSERT INTO entry (label, source, created, embedding) VALUES (?1, ?2, ?3, ?4)") \
    X(DROP_LABEL, "DELETE FROM entry WHERE label = ?1")                                       \
    X(DROP_ID, "DELETE FROM entry WHERE id = ?1")                                             \
    X(LIST, "SELECT id, label, source, created, embedding FROM entry ORDER BY id")            \
    X(LABELS, "SELECT label, count(*) FROM entry GROUP BY label ORDER BY label")              \
    X(COUNT, "SELECT count(*), count(DISTINCT label) FROM entry")

typedef enum oc_gallery_sql {
#define X(name, text) OC_SQL_##name,
    OC_GALLERY_SQL_MAP(X)
#undef X
        OC_SQL_COUNT_OF
} oc_gallery_sql;

struct oc_gallery {
    char            *path;
    sqlite3         *db;
    sqlite3_stmt    *stmt[OC_SQL_COUNT_OF]; /* prepared when first asked for */
    char             card[128], sha256[65];
    oc_gallery_model model;
    float           *vector; /* model.length: blobs are not aligned */
    uint64_t         writes; /* our own, which data_version does not count */
    dev_t            device;
    ino_t            inode;
};

/* Records what SQLite said: "<path>: <what>: <SQLite's sentence>". */
oc_status oc_gallery_fail(oc_gallery *g, int rc, const char *what, oc_error *err);

/* A statement ready for bindings; NULL with a message. */
sqlite3_stmt *oc_gallery_stmt(oc_gallery *g, oc_gallery_sql sql, const char *what, oc_error *err);
/* Runs one without rows or bindings. */
OC_MUST_CHECK oc_status oc_gallery_do(oc_gallery *g, oc_gallery_sql sql, const char *what,
                                      oc_error *err);
/* Ends a transaction: commits when st is OC_OK, else rolls back.  Gives back the outcome. */
OC_MUST_CHECK oc_status oc_gallery_end(oc_gallery *g, oc_status st, oc_error *err);

#endif

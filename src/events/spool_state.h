/* spool_state.h -- the inside of a spool, for spool*.c. */
#ifndef OC_EVENTS_SPOOL_STATE_H
#define OC_EVENTS_SPOOL_STATE_H

#include "events/spool.h"

#define OC_SPOOL_NUMBER_BITS 61
#define OC_SPOOL_COUNT_BITS 35
#define OC_SPOOL_NUMBER_MASK ((INT64_C(1) << OC_SPOOL_NUMBER_BITS) - 1)

typedef enum oc_spool_sql {
    OC_SPOOL_PUT,
    OC_SPOOL_REMOVE,
    OC_SPOOL_EACH0, /* one a priority: they are stepped side by side */
    OC_SPOOL_EACH1,
    OC_SPOOL_EACH2,
    OC_SPOOL_EACH_ASIDE,
    OC_SPOOL_ASIDE,
    OC_SPOOL_ASIDE_OLDEST,
    OC_SPOOL_LOWEST,
    OC_SPOOL_PAGES,
    OC_SPOOL_FREE,
    OC_SPOOL_SQLS
} oc_spool_sql;

typedef struct oc_spool_counts { /* goes back when a transaction does */
    uint64_t rows, aside, aside_lost;
    uint64_t evicted[OC_PRIORITIES];
} oc_spool_counts;

struct oc_spool {
    oc_spool_vfs    vfs;
    sqlite3        *db;
    sqlite3_stmt   *stmt[OC_SPOOL_SQLS];
    char           *path;
    char            identity[17];
    uint64_t        number; /* the next */
    uint64_t        bytes_max, bytes_used, commits, damaged;
    int64_t         page_bytes;
    bool            open;     /* a transaction is */
    int64_t         bad[256]; /* keys of rows with a wrong checksum: go with the next commit */
    size_t          n_bad;
    oc_spool_counts now, before;
};

/* The status for SQLite's code, with its words: full and broken disks are OC_IO. */
oc_status               oc_spool_failed(oc_spool *s, int rc, const char *doing, oc_error *err);
OC_MUST_CHECK oc_status oc_spool_exec(oc_spool *s, const char *sql, const char *doing,
                                      oc_error *err);
OC_MUST_CHECK oc_status oc_spool_exec_int(oc_spool *s, const char *sql, int64_t *out,
                                          oc_error *err);
void                    oc_spool_roll_back(oc_spool *s);
/* Ready to be bound. */
OC_MUST_CHECK oc_status oc_spool_stmt(oc_spool *s, oc_spool_sql sql, sqlite3_stmt **out,
                                      oc_error *err);
OC_MUST_CHECK oc_status oc_spool_measure(oc_spool *s, oc_error *err); /* bytes_used */

#endif

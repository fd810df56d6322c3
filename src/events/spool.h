/* spool.h -- messages on disk until somebody has answered for them: an SQLite file with a bound.
 *
 * A message's key is priority << 61 | number, so that one tree holds them all, those that go first
 * when space runs out stand first, and no index is written.  Numbers are openings << 35 | count:
 * they grow through every restart although taken rows are gone, and no clock has a say in it.
 *
 * Durable is what oc_spool_commit has come back with OC_OK for (synchronous=FULL, WAL).  Rows carry
 * a checksum; one that is wrong is counted and left out, never delivered. */
#ifndef OC_EVENTS_SPOOL_H
#define OC_EVENTS_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/spool_vfs.h"

#define OC_SPOOL_VERSION 1
#define OC_SPOOL_ASIDE_MAX 1000        /* refused messages kept for somebody to look at */
#define OC_SPOOL_ITEM_MAX (256u << 10) /* bytes of stream, type and body; a longer row is damaged */

/* Low goes first when space runs out. */
typedef enum oc_priority {
    OC_PRIORITY_LOW,
    OC_PRIORITY_NORMAL,
    OC_PRIORITY_HIGH,
    OC_PRIORITIES
} oc_priority;

typedef struct oc_spool oc_spool; /* one thread at a time */

typedef struct oc_spool_options {
    uint64_t            bytes_max; /* pages in use; 0 = 64 MiB, least 64 KiB.  The file and its log
                                      may stand 2 MiB and one commit above */
    const oc_spool_tap *tap;       /* tests; NULL */
    bool                look; /* there must be one, and it is only looked at or cleared: no number
                                 is going to be given */
} oc_spool_options;

typedef struct oc_spool_item {
    uint64_t    number;
    oc_priority priority;
    const char *stream, *type; /* borrowed until the callback returns */
    const char *body;
    size_t      n_body;
    const char *reason; /* set aside: why; else NULL */
} oc_spool_item;

typedef struct oc_spool_stats {
    uint64_t rows, aside;
    uint64_t bytes_used, bytes_max; /* pages in use */
    uint64_t commits, bytes_written, syncs;
    uint64_t evicted[OC_PRIORITIES]; /* dropped for space since opening */
    uint64_t damaged;                /* rows left out for their checksum */
    uint64_t aside_lost;             /* set aside, then dropped for newer ones */
} oc_spool_stats;

/* Makes the file where there is none.
 * OC_FORMAT: damaged, cut or not a spool.  OC_UNSUPPORTED: a newer version wrote it.  OC_BUSY:
 * another process has it.  OC_IO. */
OC_MUST_CHECK oc_status oc_spool_open(const char *path, const oc_spool_options *options,
                                      oc_spool **out, oc_error *err);
/* The same; what is damaged or newer is renamed to "<path>.damaged" (an older one of that name is
 * replaced) and a new file made.  *why gets the reason, or status OC_OK. */
OC_MUST_CHECK oc_status oc_spool_open_anyway(const char *path, const oc_spool_options *options,
                                             oc_spool **out, oc_error *why, oc_error *err);
void                    oc_spool_close(oc_spool *s); /* rolls back; NULL is fine */

const char *oc_spool_identity(const oc_spool *s); /* 16 hex digits */
void        oc_spool_stats_get(const oc_spool *s, oc_spool_stats *out);
/* "<identity>-<number>" */
#define OC_SPOOL_ID_BYTES 40
void oc_spool_id(const oc_spool *s, uint64_t number, char id[OC_SPOOL_ID_BYTES]);

/* The next number without a row: for messages that never see the disk. */
uint64_t oc_spool_number(oc_spool *s);

/* Changes belong to a transaction that the first of them begins.  A failure has rolled it back. */
OC_MUST_CHECK oc_status oc_spool_put(oc_spool *s, const oc_spool_item *item, uint64_t *number,
                                     oc_error *err); /* item->number is not read */
OC_MUST_CHECK oc_status oc_spool_remove(oc_spool *s, uint64_t number, oc_priority priority,
                                        oc_error *err); /* not there: fine */
/* Out of the way, but kept (the newest OC_SPOOL_ASIDE_MAX).  row: it stands among the others, and is
 * removed from there. */
OC_MUST_CHECK oc_status oc_spool_set_aside(oc_spool *s, const oc_spool_item *item, bool row,
                                           oc_error *err);
/* Makes room (rows up to `keep` are spared: they are on their way) and commits. */
OC_MUST_CHECK oc_status oc_spool_commit(oc_spool *s, uint64_t keep, oc_error *err);

/* Rows after `after`, by number, until the callback gives back false. */
typedef bool            oc_spool_row_fn(void *ctx, const oc_spool_item *item);
OC_MUST_CHECK oc_status oc_spool_each(oc_spool *s, uint64_t after, oc_spool_row_fn *row, void *ctx,
                                      oc_error *err);
OC_MUST_CHECK oc_status oc_spool_each_aside(oc_spool *s, oc_spool_row_fn *row, void *ctx,
                                            oc_error *err);
/* Puts what was set aside back, with new numbers; or forgets it.  Commits. */
OC_MUST_CHECK oc_status oc_spool_requeue(oc_spool *s, uint64_t *n, oc_error *err);
OC_MUST_CHECK oc_status oc_spool_purge(oc_spool *s, bool rows, bool aside, uint64_t *n,
                                       oc_error *err);

#endif

/* spool_vfs.h -- SQLite's way to the files of one spool, counted and, in tests, watched.
 *
 * Passes everything to the default VFS.  Files have no shared memory: a spool belongs to one
 * process at a time (locking_mode=EXCLUSIVE). */
#ifndef OC_EVENTS_SPOOL_VFS_H
#define OC_EVENTS_SPOOL_VFS_H

#include <sqlite3.h>
#include <stdint.h>

#include "ocellus/status.h"

/* What reaches the disk, in order.  Any may be NULL.  A write that gives back other than SQLITE_OK
 * fails with that and does not happen. */
typedef struct oc_spool_tap {
    void *ctx;
    int (*write)(void *ctx, const char *path, const void *bytes, int n, int64_t offset);
    void (*truncate)(void *ctx, const char *path, int64_t size);
    void (*sync)(void *ctx, const char *path);
    void (*remove)(void *ctx, const char *path);
} oc_spool_tap;

typedef struct oc_spool_vfs {
    sqlite3_vfs         base; /* registered under a name of its own */
    char                name[40];
    const oc_spool_tap *tap; /* NULL: nobody watches */
    uint64_t            bytes_written, syncs;
} oc_spool_vfs;

/* In the caller's memory, which must not move until finish.  tap lives as long. */
OC_MUST_CHECK oc_status oc_spool_vfs_init(oc_spool_vfs *v, const oc_spool_tap *tap, oc_error *err);
void                    oc_spool_vfs_finish(oc_spool_vfs *v);

#endif

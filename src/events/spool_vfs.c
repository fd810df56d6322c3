/* Every call goes on to the default VFS; writes are counted on the way. */
#include "events/spool_vfs.h"

#include <stdio.h>

typedef struct counted_file {
    sqlite3_file  base;
    oc_spool_vfs *vfs;
    const char   *path; /* SQLite keeps it as long as the file is open */
    sqlite3_file *real; /* in the memory that follows */
} counted_file;

static sqlite3_vfs *under(sqlite3_vfs *v)
{
    return v->pAppData;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((counted_file *)f)->real;
}

static int file_close(sqlite3_file *f)
{
    sqlite3_file *r = real_of(f);
    return r->pMethods ? r->pMethods->xClose(r) : SQLITE_OK;
}

static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}

static int file_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    counted_file       *c = (counted_file *)f;
    const oc_spool_tap *tap = c->vfs->tap;
    int                 rc = SQLITE_OK;
    if (tap && tap->write)
        rc = tap->write(tap->ctx, c->path ? c->path : "", bytes, n, at);
    if (rc == SQLITE_OK)
        rc = c->real->pMethods->xWrite(c->real, bytes, n, at);
    if (rc == SQLITE_OK)
        c->vfs->bytes_written += (uint64_t)n;
    return rc;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    counted_file       *c = (counted_file *)f;
    const oc_spool_tap *tap = c->vfs->tap;
    if (tap && tap->truncate)
        tap->truncate(tap->ctx, c->path ? c->path : "", size);
    return c->real->pMethods->xTruncate(c->real, size);
}

static int file_sync(sqlite3_file *f, int flags)
{
    counted_file       *c = (counted_file *)f;
    const oc_spool_tap *tap = c->vfs->tap;
    int                 rc = c->real->pMethods->xSync(c->real, flags);
    c->vfs->syncs++;
    if (rc == SQLITE_OK && tap && tap->sync)
        tap->sync(tap->ctx, c->path ? c->path : "");
    return rc;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int file_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int file_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int file_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int file_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no shared memory */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
};

static int vfs_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out)
{
    counted_file *c = (counted_file *)f;
    *c = (counted_file){.vfs = (oc_spool_vfs *)v, .path = path, .real = (sqlite3_file *)(c + 1)};
    int rc = under(v)->xOpen(under(v), path, c->real, flags, out);
    if (c->real->pMethods) /* also after failures: then it wants to be closed */
        c->base.pMethods = &methods;
    return rc;
}

static int vfs_delete(sqlite3_vfs *v, const char *path, int sync_folder)
{
    const oc_spool_tap *tap = ((oc_spool_vfs *)v)->tap;
    int                 rc = under(v)->xDelete(under(v), path, sync_folder);
    if (rc == SQLITE_OK && tap && tap->remove)
        tap->remove(tap->ctx, path);
    return rc;
}

static int vfs_access(sqlite3_vfs *v, const char *path, int flags, int *out)
{
    return under(v)->xAccess(under(v), path, flags, out);
}

static int vfs_full_path(sqlite3_vfs *v, const char *path, int n, char *out)
{
    return under(v)->xFullPathname(under(v), path, n, out);
}

static int vfs_random(sqlite3_vfs *v, int n, char *out)
{
    return under(v)->xRandomness(under(v), n, out);
}

static int vfs_sleep(sqlite3_vfs *v, int us)
{
    return under(v)->xSleep(under(v), us);
}

static int vfs_time(sqlite3_vfs *v, double *out)
{
    return under(v)->xCurrentTime(under(v), out);
}

static int vfs_last_error(sqlite3_vfs *v, int n, char *out)
{
    return under(v)->xGetLastError(under(v), n, out);
}

oc_status oc_spool_vfs_init(oc_spool_vfs *v, const oc_spool_tap *tap, oc_error *err)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (!real)
        return OC_FAIL(err, OC_UNSUPPORTED, "SQLite has no way to files here");
    *v = (oc_spool_vfs){.tap = tap};
    snprintf(v->name, sizeof(v->name), "oc-spool-%p", (void *)v);
    v->base = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(counted_file) + real->szOsFile,
        .mxPathname = real->mxPathname,
        .zName = v->name,
        .pAppData = real,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
    };
    if (sqlite3_vfs_register(&v->base, 0) != SQLITE_OK) {
        *v = (oc_spool_vfs){0};
        return OC_FAIL(err, OC_NOMEM, "spool: out of memory");
    }
    return OC_OK;
}

void oc_spool_vfs_finish(oc_spool_vfs *v)
{
    if (v->base.pAppData)
        sqlite3_vfs_unregister(&v->base);
    *v = (oc_spool_vfs){0};
}

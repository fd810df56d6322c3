/* lock.h -- what a data set was, file by file: size and hashes of each file, and one hash over all.
 *
 * A lock (PATH.lock.json) has the files in the order of their paths; the sha256 over all is that of the
 * lines "<sha256>  <path>\n". */
#ifndef OC_DATA_LOCK_H
#define OC_DATA_LOCK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "data/digest.h"

typedef struct oc_lock_entry {
    char     *path; /* below the folder; of a file alone its name */
    oc_digest digest;
} oc_lock_entry;

typedef struct oc_lock { /* a zeroed one is empty */
    oc_lock_entry *item;
    size_t         n, cap;
    uint64_t       bytes;
    char          *path;     /* a lock that was read: the name of what it is of, or NULL */
    oc_digest      all, dir; /* over the lines; over DVC's list */
} oc_lock;

void oc_lock_finish(oc_lock *lock);

/* Copies the path. */
OC_MUST_CHECK oc_status oc_lock_add(oc_lock *lock, const char *path, const oc_digest *digest,
                                    oc_error *err);
/* Makes `all` and `dir` of the entries. */
OC_MUST_CHECK oc_status oc_lock_sum(oc_lock *lock, oc_error *err);
/* Hashes a file, or every file below a folder, and sums up.  OC_IO. */
OC_MUST_CHECK oc_status oc_lock_look(const char *path, oc_lock *out, oc_error *err);
/* Entries with path and sha256 only, not summed up.  OC_IO, OC_FORMAT. */
OC_MUST_CHECK oc_status oc_lock_read(const char *file, oc_lock *out, oc_error *err);

typedef enum oc_lock_change { OC_LOCK_CHANGED, OC_LOCK_MISSING, OC_LOCK_ADDED } oc_lock_change;
typedef void oc_lock_change_fn(void *ctx, oc_lock_change change, const char *path);

/* Calls fn for every file that is not what it was; gives back how many.  Sorts `was`. */
size_t oc_lock_compare(oc_lock *was, const oc_lock *is, oc_lock_change_fn *fn, void *ctx);

/* A text as Python's json.dumps writes it: beyond ASCII in UTF-16 escapes. */
void oc_lock_put_ascii(FILE *f, const char *text);

#endif

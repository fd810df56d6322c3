/* origin.h -- the files a network came from: what they contained, and a stamp of each that tells
 * without reading it whether it may have changed. */
#ifndef OC_PLAN_ORIGIN_H
#define OC_PLAN_ORIGIN_H

#include "core/arena.h"
#include "core/bytes.h"
#include "core/sha256.h"
#include "plan/stream.h"

#define OC_ORIGIN_FILES_MAX 65 /* the model and its external data */

typedef struct oc_origin_file {
    const char *name; /* relative to the model's folder; of the model itself "" */
    uint64_t    size, device, inode;
    int64_t     mtime_ns, ctime_ns;
    bool        settled; /* the stamp was taken long enough after the last change to be trusted */
} oc_origin_file;

typedef struct oc_origin {
    unsigned char sha256[OC_SHA256_BYTES]; /* over the model's bytes, then name and bytes of each */
    oc_origin_file *files;
    uint32_t        n_files;
} oc_origin;

/* Reads the files anew.  names[0] is ""; the rest lie in the model's folder.  contents[i] (may be
 * NULL) must be what file i holds: OC_INVALID when it changed since it was loaded. */
OC_MUST_CHECK oc_status oc_origin_read(const char *model_path, const char *const *names,
                                       const oc_bytes *const *contents, uint32_t n, oc_arena *mem,
                                       oc_origin *out, oc_error *err);

/* The files at model_path still are what they were: their stamps say so, or their contents.
 * OC_UNSUPPORTED when they are not, OC_IO when one cannot be read. */
OC_MUST_CHECK oc_status oc_origin_check(const oc_origin *origin, const char *model_path,
                                        oc_error *err);

void oc_origin_put(const oc_origin *origin, oc_plan_out *out);
void oc_origin_get(oc_origin *origin, oc_plan_in *in, oc_arena *mem); /* in->bad tells */

#endif

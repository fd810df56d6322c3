/* gallery.h -- embeddings with labels in one SQLite file.
 *
 * A file belongs to one network: card, hash of the network's file and length of its embeddings are
 * written when it is made, and nothing else gets in.  It also says how it wants to be searched, so
 * that every program that opens it answers alike.  The file is in WAL mode: others may read while
 * one writes, and see a change whole or not at all.
 *
 * Errors begin with the file's name.
 *
 *   OC_NOT_FOUND  no such file; no such label or id
 *   OC_FORMAT     damaged, not a gallery, or of a newer schema
 *   OC_INVALID    of another network; a label, an embedding that cannot be stored
 *   OC_BUSY       another program kept the file locked for some seconds
 *   OC_IO         the disk says no
 *
 * One thread at a time. */
#ifndef OC_GALLERY_GALLERY_H
#define OC_GALLERY_GALLERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#define OC_GALLERY_SCHEMA 1 /* user_version of the files written here */
#define OC_GALLERY_ROWS_MAX 100000
#define OC_GALLERY_LENGTH_MAX 65536 /* of an embedding */
#define OC_GALLERY_LABEL_MAX 255    /* bytes */

typedef struct oc_gallery oc_gallery;

/* Whose embeddings.  Where it says what is expected, NULL and 0 stand for "any". */
typedef struct oc_gallery_model {
    const char *card;   /* its name */
    const char *sha256; /* of the network's file, 64 hex digits */
    size_t      length; /* of an embedding, 2 .. OC_GALLERY_LENGTH_MAX */
} oc_gallery_model;

/* SHA-256 of a network's file.  OC_NOT_FOUND, OC_IO name it. */
OC_MUST_CHECK oc_status oc_gallery_hash(const char *path, char hex[65], oc_error *err);

typedef enum oc_gallery_by {
    OC_GALLERY_NEAREST = 0,  /* a label is as near as its nearest entry */
    OC_GALLERY_CENTROID = 1, /* ... as the mean of its entries */
} oc_gallery_by;

/* How the file is searched (search.h). */
typedef struct oc_gallery_rules {
    oc_gallery_by by;
    bool          center;    /* take the mean of all entries off entries and queries */
    float         threshold; /* cosine, -1 .. 1: a best label below it counts as unknown */
} oc_gallery_rules;

const char *oc_gallery_by_name(oc_gallery_by by); /* "nearest", "centroid" */
bool        oc_gallery_by_parse(const char *text, oc_gallery_by *out);

/* Opens a file that is there.  write: not for reading only.  A gallery on a medium where nothing can
 * be written is read as one that nobody changes.  expect NULL: any network's. */
OC_MUST_CHECK oc_status oc_gallery_open(const char *path, bool write,
                                        const oc_gallery_model *expect, oc_gallery **out,
                                        oc_error *err);
/* Makes the file and opens it for writing; one that is there already is opened, when it is of the
 * same model, and keeps its rules. */
OC_MUST_CHECK oc_status oc_gallery_create(const char *path, const oc_gallery_model *model,
                                          const oc_gallery_rules *rules, oc_gallery **out,
                                          oc_error *err);
void                    oc_gallery_close(oc_gallery *g); /* NULL is fine */

const char             *oc_gallery_path(const oc_gallery *g);
const oc_gallery_model *oc_gallery_model_of(const oc_gallery *g);
/* As the file has them at this moment. */
OC_MUST_CHECK oc_status oc_gallery_rules_get(oc_gallery *g, oc_gallery_rules *out, oc_error *err);
OC_MUST_CHECK oc_status oc_gallery_rules_set(oc_gallery *g, const oc_gallery_rules *rules,
                                             oc_error *err);

/* ---- writing: each call is one transaction, all of it or nothing ---- */

typedef struct oc_gallery_item {
    const char  *label;     /* UTF-8, 1 .. OC_GALLERY_LABEL_MAX bytes, no control characters */
    const float *embedding; /* the model's length; finite, not all zero */
    const char  *source; /* where it came from, for people; what is not UTF-8 in it becomes '?' */
} oc_gallery_item;

/* replace: entries that these labels had before are removed. */
OC_MUST_CHECK oc_status oc_gallery_enrol(oc_gallery *g, const oc_gallery_item *items, size_t n,
                                         bool replace, oc_error *err);
/* OC_NOT_FOUND: there was none. */
OC_MUST_CHECK oc_status oc_gallery_remove_label(oc_gallery *g, const char *label, size_t *removed,
                                                oc_error *err);
OC_MUST_CHECK oc_status oc_gallery_remove_id(oc_gallery *g, int64_t id, oc_error *err);

/* OC_INVALID with the reason when the text cannot be a label. */
OC_MUST_CHECK oc_status oc_gallery_check_label(const char *label, oc_error *err);

/* ---- reading ---- */

typedef struct oc_gallery_entry { /* borrowed for the call it is given to */
    int64_t      id;
    const char  *label, *source;
    const float *embedding; /* NULL when not asked for */
    int64_t      created;   /* seconds since 1970, UTC */
} oc_gallery_entry;

typedef oc_status oc_gallery_entry_fn(void *ctx, const oc_gallery_entry *entry, oc_error *err);
typedef oc_status oc_gallery_label_fn(void *ctx, const char *label, size_t entries, oc_error *err);

/* Entries by id, labels by their text.  A callback that fails ends the reading with its status. */
OC_MUST_CHECK oc_status oc_gallery_list(oc_gallery *g, bool embeddings, oc_gallery_entry_fn *each,
                                        void *ctx, oc_error *err);
OC_MUST_CHECK oc_status oc_gallery_labels(oc_gallery *g, oc_gallery_label_fn *each, void *ctx,
                                          oc_error *err);
OC_MUST_CHECK oc_status oc_gallery_count(oc_gallery *g, size_t *entries, size_t *labels,
                                         oc_error *err);

/* Several readings between these see one state of the file. */
OC_MUST_CHECK oc_status oc_gallery_read_begin(oc_gallery *g, oc_error *err);
void                    oc_gallery_read_end(oc_gallery *g);

/* Changes whenever somebody, this program included, has changed the contents. */
OC_MUST_CHECK oc_status oc_gallery_version(oc_gallery *g, uint64_t *version, oc_error *err);
/* The path names another file by now than the one that is open.  Tells of each such file once. */
bool oc_gallery_was_replaced(oc_gallery *g);

#endif

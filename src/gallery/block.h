/* block.h -- a gallery as search wants it: rows of length 1 in one piece of memory. */
#ifndef OC_GALLERY_BLOCK_H
#define OC_GALLERY_BLOCK_H

#include "core/arena.h"
#include "gallery/gallery.h"

typedef struct oc_gallery_label {
    const char *text;
    uint32_t    entries;
} oc_gallery_label;

/* A row is an entry (nearest) or a label's centroid.  Labels are numbered as they were first
 * enrolled, rows by id (nearest) or by label (centroid). */
typedef struct oc_gallery_block {
    oc_arena          arena; /* owns all below */
    oc_gallery_rules  rules;
    size_t            length, stride; /* floats; what lies between is zero */
    float            *row;   /* [n_rows][stride], 64-byte aligned; length 1, or 0 where nothing is
                                left after centring */
    uint32_t         *label; /* [n_rows] */
    int64_t          *id;    /* [n_rows]; 0 for centroids */
    float            *mean;  /* [stride]; NULL when not centred */
    oc_gallery_label *labels;
    size_t            n_rows, n_labels;
} oc_gallery_block;

/* rules NULL: the file's. */
OC_MUST_CHECK oc_status oc_gallery_block_load(oc_gallery *g, const oc_gallery_rules *rules,
                                              oc_gallery_block **out, oc_error *err);
void                    oc_gallery_block_destroy(oc_gallery_block *b); /* NULL is fine */

/* x / |x| into `to` (which may be x), after taking the mean off the normalised x where mean is not
 * NULL.  False, and zeros, when nothing of it is left or it is not finite. */
bool oc_gallery_unit(const float *x, size_t n, const float *mean, float *to);

#endif

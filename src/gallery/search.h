/* search.h -- which labels of a gallery an embedding is nearest to, exactly.
 *
 * The whole gallery lies in memory; similarity is the cosine.  With `center`, the mean of all
 * entries (each divided by its length) is taken off entries and query first, and what is left is
 * divided by its length again: embeddings share a direction that tells labels apart badly.
 *
 * Equal similarities come in the order in which labels were first enrolled, and within a label the
 * oldest entry counts: the same gallery gives the same answer. */
#ifndef OC_GALLERY_SEARCH_H
#define OC_GALLERY_SEARCH_H

#include "core/cpu.h"
#include "gallery/gallery.h"

typedef struct oc_search oc_search;

typedef struct oc_search_options {
    const oc_gallery_rules *rules; /* instead of the file's; NULL = the file's */
    oc_isa                  isa;   /* OC_ISA_NONE = the reference kernels */
} oc_search_options;

/* Opens the gallery for reading and loads it.  expect as in oc_gallery_open. */
OC_MUST_CHECK oc_status oc_search_open(const char *path, const oc_gallery_model *expect,
                                       const oc_search_options *options, oc_search **out,
                                       oc_error *err);
void                    oc_search_close(oc_search *s); /* NULL is fine */

const oc_gallery_model *oc_search_model(const oc_search *s);
const oc_gallery_rules *oc_search_rules(const oc_search *s); /* in force */
size_t                  oc_search_labels(const oc_search *s);

/* Loads the gallery again when somebody changed it or put another file in its place (of the same
 * network, or it is refused).  Costs microseconds when nobody did.  When it fails, the old contents
 * stay in use, whole; it is tried again when the file changes once more.  changed may be NULL. */
OC_MUST_CHECK oc_status oc_search_refresh(oc_search *s, bool *changed, oc_error *err);

typedef struct oc_match {
    const char *label;      /* borrowed until the next refresh */
    float       similarity; /* cosine, -1 .. 1 */
    int64_t     id;         /* nearest: the entry it is; centroid: 0 */
    size_t      entries;    /* that the label has */
} oc_match;

/* Labels, the nearest first, in the caller's memory: `cap` is set by the caller. */
typedef struct oc_matches {
    oc_match *items;
    size_t    n, cap;
    float     margin; /* of the first over the second label; over -1 when there is no second */
    bool      known;  /* the first one's similarity reaches the threshold */
} oc_matches;

/* An embedding that is zero or not finite, or of which centring leaves nothing, is near to nobody:
 * n = 0.  Allocates nothing.
 *
 * OC_INVALID  n is not the gallery's length */
OC_MUST_CHECK oc_status oc_search_find(oc_search *s, const float *embedding, size_t n,
                                       oc_matches *out, oc_error *err);

#endif

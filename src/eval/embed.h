/* embed.h -- how well an embedding tells things apart: ranks, mean average precision, verification,
 * nearest centroid.
 *
 * Rows are of the gallery or queries; where no row is a query, each in turn is one and all others are
 * the gallery.  Similarity is the cosine.  Average precision is that of information retrieval (mean
 * of the precision at each right entry). */
#ifndef OC_EVAL_EMBED_H
#define OC_EVAL_EMBED_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/pool.h"
#include "core/strmap.h"
#include "ocellus/status.h"

#define OC_EMBED_LENGTH_MAX 65536
#define OC_EMBED_ROWS_MAX 1000000
#define OC_EMBED_PAIRS_MAX ((size_t)1 << 26) /* of queries and entries, for verification */
#define OC_EMBED_RANKS 50

typedef struct oc_embed_row {
    const char *path;   /* "" where not told */
    uint32_t    label;  /* index */
    int64_t     camera; /* -1: not told */
    bool        query;
} oc_embed_row;

typedef struct oc_embed_set { /* a zeroed one is empty */
    oc_arena      mem;
    oc_strmap     names;
    oc_embed_row *row;
    float        *x; /* [n][length] */
    size_t        n, cap, length;
    const char  **label;
    size_t        n_labels, labels_cap;
} oc_embed_set;

/* The first added sets the length.  OC_FORMAT: another length, not finite, all 0. */
OC_MUST_CHECK oc_status oc_embed_add(oc_embed_set *set, const char *label, const char *path,
                                     int64_t camera, bool query, const float *x, size_t length,
                                     oc_error *err);
/* A table whose first line names the columns: `label`; where wanted `path`, `set` (gallery or query)
 * and `camera` (a number); all others are the vector's.  OC_IO; OC_FORMAT: file, line, reason. */
OC_MUST_CHECK oc_status oc_embed_read(const char *csv, oc_embed_set *out, oc_error *err);
void                    oc_embed_finish(oc_embed_set *set);

typedef struct oc_embed_query {
    size_t row;
    size_t rank;     /* of the first right entry, from 1; 0 = the gallery has none */
    double ap;       /* -1 where the gallery has none */
    bool   centroid; /* the nearest label by centroids is the right one */
    size_t nearest;  /* row of the most similar entry; SIZE_MAX: there is none */
} oc_embed_query;

typedef struct oc_embed_scores {
    oc_embed_query *query;                  /* by row */
    size_t          n, n_gallery, n_judged; /* judged: queries that have a right entry */
    double          cmc[OC_EMBED_RANKS]; /* [k]: share with a right entry among the first k + 1 */
    double          map;
    double          centroid; /* share of all queries */
    /* Same or not, over all pairs of query and entry; NaN without pairs of both kinds or with more
     * than OC_EMBED_PAIRS_MAX. */
    double   auc, eer; /* area under the ROC curve; rate at which both errors are equal */
    double   tar[3];   /* right pairs accepted where .1, .01, .001 of wrong ones are */
    uint64_t same, other;
} oc_embed_scores;

/* center: the gallery's mean is taken off everything first.  Entries of the query's own label and
 * camera, where cameras are told, are passed over, as is usual in re-identification.  pool may be
 * NULL.  OC_INVALID: no gallery. */
OC_MUST_CHECK oc_status oc_embed_score(const oc_embed_set *set, bool center, oc_pool *pool,
                                       oc_embed_scores *out, oc_error *err);
void                    oc_embed_scores_finish(oc_embed_scores *scores);

#endif

/* Loading: entries, their mean, their centroids.
 *
 *   u = x / |x|                       every entry, so that bright pictures do not count more
 *   m = mean of all u                 with centring; c = (u - m) / |u - m|, else c = u
 *   centroid of a label = mean of its c, divided by its length
 *
 * A gallery of a single label is not centred: its mean says nothing about what labels share, and of
 * a single entry nothing would be left. */
#include "gallery/block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/strmap.h"

#define UNIT_LEAST 1e-6 /* what is left of a unit vector below this is rounding */

static bool scale_to_unit(const double square, double least, size_t n, float *x)
{
    double length = sqrt(square);
    bool   fine = isfinite(length) && length > least;
    for (size_t i = 0; i < n; i++)
        x[i] = fine ? (float)((double)x[i] / length) : 0.0f;
    return fine;
}

bool oc_gallery_unit(const float *x, size_t n, const float *mean, float *to)
{
    double square = 0;
    for (size_t i = 0; i < n; i++)
        square += (double)x[i] * (double)x[i];
    if (to != x)
        memcpy(to, x, n * sizeof(*to));
    if (!scale_to_unit(square, 0, n, to))
        return false;
    if (!mean)
        return true;
    square = 0;
    for (size_t i = 0; i < n; i++) {
        to[i] -= mean[i];
        square += (double)to[i] * (double)to[i];
    }
    return scale_to_unit(square, UNIT_LEAST, n, to);
}

typedef struct loading {
    oc_gallery_block *b;
    oc_strmap         seen;
    size_t            rows_max, labels_max;
    const char       *path;
} loading;

static oc_status number_label(loading *l, const char *text, uint32_t *number, oc_error *err)
{
    oc_gallery_block *b = l->b;
    if (oc_strmap_get(&l->seen, text, number))
        return OC_OK;
    char *kept = oc_arena_strndup(&b->arena, text, strlen(text));
    if (b->n_labels == l->labels_max || !kept ||
        !oc_strmap_put(&l->seen, kept, (uint32_t)b->n_labels))
        return OC_FAIL(err, OC_NOMEM, "%s: no memory for its labels", l->path);
    b->labels[b->n_labels].text = kept;
    *number = (uint32_t)b->n_labels++;
    return OC_OK;
}

static oc_status add_entry(void *ctx, const oc_gallery_entry *e, oc_error *err)
{
    loading          *l = ctx;
    oc_gallery_block *b = l->b;
    uint32_t          number;
    if (b->n_rows == l->rows_max)
        return OC_FAIL(err, OC_FORMAT, "%s: more entries than it counts", l->path);
    oc_status st = number_label(l, e->label, &number, err);
    if (st != OC_OK)
        return st;
    b->labels[number].entries++;
    b->label[b->n_rows] = number;
    b->id[b->n_rows] = e->id;
    oc_gallery_unit(e->embedding, b->length, NULL, b->row + b->n_rows * b->stride);
    b->n_rows++;
    return OC_OK;
}

static oc_status take_off_mean(oc_gallery_block *b, oc_error *err)
{
    double *sum = oc_arena_alloc(&b->arena, b->length, sizeof(*sum));
    b->mean = oc_arena_alloc64(&b->arena, b->stride, sizeof(float));
    if (!sum || !b->mean)
        return OC_FAIL(err, OC_NOMEM, "no memory for the mean");
    for (size_t r = 0; r < b->n_rows; r++)
        for (size_t i = 0; i < b->length; i++)
            sum[i] += (double)b->row[r * b->stride + i];
    for (size_t i = 0; i < b->length; i++)
        b->mean[i] = (float)(sum[i] / (double)b->n_rows);
    for (size_t r = 0; r < b->n_rows; r++) {
        float *row = b->row + r * b->stride;
        oc_gallery_unit(row, b->length, b->mean, row);
    }
    return OC_OK;
}

/* Entries of a label follow one another in `order`. */
static void order_by_label(const oc_gallery_block *b, size_t *first, size_t *order)
{
    size_t at = 0;
    for (size_t k = 0; k < b->n_labels; k++) {
        first[k] = at;
        at += b->labels[k].entries;
    }
    first[b->n_labels] = at;
    for (size_t r = 0; r < b->n_rows; r++)
        order[first[b->label[r]]++] = r;
    for (size_t k = b->n_labels; k > 0; k--)
        first[k] = first[k - 1];
    first[0] = 0;
}

/* A block of its own for the centroids: the entries' memory goes. */
static oc_status to_centroids(oc_gallery_block *b, oc_error *err)
{
    size_t   *first = calloc(b->n_labels + 1, sizeof(*first));
    size_t   *order = calloc(b->n_rows + 1, sizeof(*order));
    double   *sum = calloc(b->length, sizeof(*sum));
    float    *rows = oc_alloc64(b->n_labels * b->stride + 1, sizeof(float));
    oc_status st = OC_OK;
    if (!first || !order || !sum || !rows) {
        st = OC_FAIL(err, OC_NOMEM, "no memory for %zu centroids", b->n_labels);
        goto out;
    }
    memset(rows, 0, b->n_labels * b->stride * sizeof(float));
    order_by_label(b, first, order);
    for (size_t k = 0; k < b->n_labels; k++) {
        float *to = rows + k * b->stride;
        memset(sum, 0, b->length * sizeof(*sum));
        for (size_t j = first[k]; j < first[k + 1]; j++)
            for (size_t i = 0; i < b->length; i++)
                sum[i] += (double)b->row[order[j] * b->stride + i];
        for (size_t i = 0; i < b->length; i++)
            to[i] = (float)(sum[i] / b->labels[k].entries);
        oc_gallery_unit(to, b->length, NULL, to);
        b->label[k] = (uint32_t)k;
        b->id[k] = 0;
    }
    oc_free64(b->row);
    b->row = rows;
    b->n_rows = b->n_labels;
    rows = NULL;
out:
    free(first);
    free(order);
    free(sum);
    oc_free64(rows);
    return st;
}

static oc_status make_room(oc_gallery *g, loading *l, oc_error *err)
{
    oc_gallery_block *b = l->b;
    oc_status         st = oc_gallery_count(g, &l->rows_max, &l->labels_max, err);
    if (st != OC_OK)
        return st;
    if (l->rows_max > OC_GALLERY_ROWS_MAX)
        return OC_FAIL(err, OC_FORMAT, "%s: %zu entries are over the most, %d", l->path,
                       l->rows_max, OC_GALLERY_ROWS_MAX);
    b->length = oc_gallery_model_of(g)->length;
    b->stride = (b->length + 15) / 16 * 16;
    b->row = oc_alloc64(l->rows_max * b->stride + 1, sizeof(float));
    b->label = oc_arena_alloc(&b->arena, l->rows_max + 1, sizeof(*b->label));
    b->id = oc_arena_alloc(&b->arena, l->rows_max + 1, sizeof(*b->id));
    b->labels = oc_arena_alloc(&b->arena, l->labels_max + 1, sizeof(*b->labels));
    if (!b->row || !b->label || !b->id || !b->labels)
        return OC_FAIL(err, OC_NOMEM, "%s: no memory for %zu embeddings of %zu numbers", l->path,
                       l->rows_max, b->length);
    memset(b->row, 0, l->rows_max * b->stride * sizeof(float));
    return OC_OK;
}

static oc_status load(oc_gallery *g, const oc_gallery_rules *rules, loading *l, oc_error *err)
{
    oc_gallery_block *b = l->b;
    oc_status         st;
    if (rules)
        b->rules = *rules;
    else if ((st = oc_gallery_rules_get(g, &b->rules, err)) != OC_OK)
        return st;
    if ((st = make_room(g, l, err)) != OC_OK)
        return st;
    return oc_gallery_list(g, true, add_entry, l, err);
}

oc_status oc_gallery_block_load(oc_gallery *g, const oc_gallery_rules *rules,
                                oc_gallery_block **out, oc_error *err)
{
    loading   l = {.b = calloc(1, sizeof(*l.b)), .path = oc_gallery_path(g)};
    oc_status st;
    if (!l.b)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", l.path);
    if ((st = oc_gallery_read_begin(g, err)) == OC_OK) {
        st = load(g, rules, &l, err);
        oc_gallery_read_end(g);
    }
    if (st == OC_OK && l.b->rules.center && l.b->n_labels > 1)
        st = take_off_mean(l.b, err);
    if (st == OC_OK && l.b->rules.by == OC_GALLERY_CENTROID && l.b->n_labels > 0)
        st = to_centroids(l.b, err);
    oc_strmap_finish(&l.seen);
    if (st != OC_OK) {
        oc_gallery_block_destroy(l.b);
        return st;
    }
    *out = l.b;
    return OC_OK;
}

void oc_gallery_block_destroy(oc_gallery_block *b)
{
    if (!b)
        return;
    oc_free64(b->row);
    oc_arena_finish(&b->arena);
    free(b);
}

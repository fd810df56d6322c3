#include "gallery/search.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gallery/block.h"
#include "kernels/f32_dot.h"

typedef struct best_row {
    float    similarity;
    uint32_t row;
    bool     any;
} best_row;

struct oc_search {
    oc_gallery       *gallery;
    oc_gallery_block *block;
    oc_gallery_rules  rules; /* the caller's */
    bool              own_rules;
    uint64_t          version; /* of what was loaded, or last tried */
    oc_k_f32_dot_fn  *dot;
    float            *query;  /* [block->stride] */
    float            *scores; /* [block->n_rows] */
    best_row         *best;   /* [block->n_labels] */
};

static void take_scratch(oc_search *s, float *query, float *scores, best_row *best)
{
    oc_free64(s->query);
    free(s->scores);
    free(s->best);
    s->query = query;
    s->scores = scores;
    s->best = best;
}

/* All that is new is made before anything old goes. */
static oc_status load(oc_search *s, oc_gallery *g, oc_error *err)
{
    oc_gallery_block *block = NULL;
    oc_status         st = oc_gallery_block_load(g, s->own_rules ? &s->rules : NULL, &block, err);
    if (st != OC_OK)
        return st;
    float    *query = oc_alloc64(block->stride, sizeof(*query));
    float    *scores = calloc(block->n_rows + 1, sizeof(*scores));
    best_row *best = calloc(block->n_labels + 1, sizeof(*best));
    if (!query || !scores || !best) {
        oc_free64(query);
        free(scores);
        free(best);
        oc_gallery_block_destroy(block);
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", oc_gallery_path(g));
    }
    take_scratch(s, query, scores, best);
    oc_gallery_block_destroy(s->block);
    s->block = block;
    return OC_OK;
}

oc_status oc_search_open(const char *path, const oc_gallery_model *expect,
                         const oc_search_options *options, oc_search **out, oc_error *err)
{
    oc_status  st;
    oc_search *s = calloc(1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    s->dot = oc_k_f32_dot(options ? options->isa : oc_cpu_isa());
    if (options && options->rules) {
        s->rules = *options->rules;
        s->own_rules = true;
    }
    if ((st = oc_gallery_open(path, false, expect, &s->gallery, err)) != OC_OK ||
        (st = oc_gallery_version(s->gallery, &s->version, err)) != OC_OK ||
        (st = load(s, s->gallery, err)) != OC_OK) {
        oc_search_close(s);
        return st;
    }
    *out = s;
    return OC_OK;
}

void oc_search_close(oc_search *s)
{
    if (!s)
        return;
    take_scratch(s, NULL, NULL, NULL);
    oc_gallery_block_destroy(s->block);
    oc_gallery_close(s->gallery);
    free(s);
}

const oc_gallery_model *oc_search_model(const oc_search *s)
{
    return oc_gallery_model_of(s->gallery);
}

const oc_gallery_rules *oc_search_rules(const oc_search *s)
{
    return &s->block->rules;
}

size_t oc_search_labels(const oc_search *s)
{
    return s->block->n_labels;
}

static oc_status follow_replacement(oc_search *s, oc_error *err)
{
    oc_gallery *g = NULL;
    uint64_t    version = 0;
    oc_status   st = oc_gallery_open(oc_gallery_path(s->gallery), false,
                                     oc_gallery_model_of(s->gallery), &g, err);
    if (st == OC_OK && (st = oc_gallery_version(g, &version, err)) == OC_OK)
        st = load(s, g, err);
    if (st != OC_OK) {
        oc_gallery_close(g);
        return st;
    }
    oc_gallery_close(s->gallery);
    s->gallery = g;
    s->version = version;
    return OC_OK;
}

oc_status oc_search_refresh(oc_search *s, bool *changed, oc_error *err)
{
    uint64_t  version;
    oc_status st;
    if (changed)
        *changed = false;
    if (oc_gallery_was_replaced(s->gallery)) {
        st = follow_replacement(s, err);
    } else {
        if ((st = oc_gallery_version(s->gallery, &version, err)) != OC_OK || version == s->version)
            return st;
        s->version = version;
        st = load(s, s->gallery, err);
    }
    if (st == OC_OK && changed)
        *changed = true;
    return st;
}

/* ---- finding ---- */

static void best_of_labels(oc_search *s)
{
    const oc_gallery_block *b = s->block;
    memset(s->best, 0, b->n_labels * sizeof(*s->best));
    for (size_t r = 0; r < b->n_rows; r++) {
        best_row *best = &s->best[b->label[r]];
        if (!best->any || s->scores[r] > best->similarity)
            *best = (best_row){.similarity = s->scores[r], .row = (uint32_t)r, .any = true};
    }
}

/* Insertion into a short sorted list; among equals the one that was there first stays in front. */
static void keep(oc_matches *m, const oc_match *match)
{
    size_t at = m->n;
    while (at > 0 && m->items[at - 1].similarity < match->similarity)
        at--;
    if (at == m->cap)
        return;
    if (m->n < m->cap)
        m->n++;
    memmove(&m->items[at + 1], &m->items[at], (m->n - 1 - at) * sizeof(*match));
    m->items[at] = *match;
}

oc_status oc_search_find(oc_search *s, const float *embedding, size_t n, oc_matches *out,
                         oc_error *err)
{
    const oc_gallery_block *b = s->block;
    float                   first = -1.0f, second = -1.0f;
    assert(out->cap > 0);
    out->n = 0;
    out->margin = 0;
    out->known = false;
    if (n != b->length)
        return OC_FAIL(err, OC_INVALID, "%s: its embeddings have %zu numbers, this one %zu",
                       oc_gallery_path(s->gallery), b->length, n);
    if (!oc_gallery_unit(embedding, n, b->mean, s->query))
        return OC_OK;
    s->dot(b->n_rows, n, s->query, b->row, b->stride, s->scores);
    best_of_labels(s);
    for (size_t k = 0; k < b->n_labels; k++) {
        const best_row *best = &s->best[k];
        float           c = best->similarity;
        c = c > 1.0f ? 1.0f : c < -1.0f ? -1.0f : c; /* rounding */
        keep(out, &(oc_match){.label = b->labels[k].text,
                              .similarity = c,
                              .id = b->id[best->row],
                              .entries = b->labels[k].entries});
        if (c > first) {
            second = first;
            first = c;
        } else if (c > second) {
            second = c;
        }
    }
    out->margin = out->n ? first - second : 0;
    out->known = out->n > 0 && first >= b->rules.threshold;
    return OC_OK;
}

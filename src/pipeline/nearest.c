/* A gallery of labelled embeddings as what a recogniser asks for the nearest entry. */
#include <stdio.h>

#include "core/cpu.h"
#include "gallery/search.h"
#include "pipeline/recognise.h"

static oc_status find(void *ctx, const float *embedding, size_t n, char *label, size_t label_bytes,
                      float *similarity, oc_error *err)
{
    oc_search *s = ctx;
    oc_match   best;
    oc_matches matches = {.items = &best, .cap = 1};
    oc_error   stale;

    /* Somebody may have enrolled something; when that cannot be read, what is loaded holds. */
    if (oc_search_refresh(s, NULL, &stale) != OC_OK)
        matches.n = 0;
    oc_status st = oc_search_find(s, embedding, n, &matches, err);
    if (st != OC_OK)
        return st;
    label[0] = '\0';
    *similarity = 0.0f;
    if (matches.n == 0 || !matches.known)
        return OC_OK;
    snprintf(label, label_bytes, "%s", best.label);
    *similarity = best.similarity;
    return OC_OK;
}

static void close_search(void *ctx)
{
    oc_search_close(ctx);
}

oc_status oc_nearest_gallery(const char *path, const char *network, const char *model, size_t n,
                             oc_nearest *out, oc_error *err)
{
    char                    sha256[65];
    const oc_gallery_model  expect = {.card = network, .sha256 = sha256, .length = n};
    const oc_search_options options = {.isa = oc_cpu_isa()};
    oc_search              *s;
    oc_status               st = oc_gallery_hash(model, sha256, err);
    if (st != OC_OK)
        return st;
    st = oc_search_open(path, &expect, &options, &s, err);
    if (st == OC_NOT_FOUND)
        return OC_FAIL(err, st, "%s: there is no such gallery; 'ocellus gallery enrol' makes one",
                       path);
    if (st == OC_OK)
        *out = (oc_nearest){.ctx = s, .find = find, .close = close_search};
    return st;
}

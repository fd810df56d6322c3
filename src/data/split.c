#include "data/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file.h"

uint64_t oc_data_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

typedef struct dealer {
    const oc_data_set     *set;
    const oc_data_dealing *how;
    uint32_t              *group_of;          /* of each image */
    size_t                 n_groups, n_kinds; /* kinds: categories, and one for "an image" */
    uint32_t              *has;               /* [n_groups][n_kinds]: objects, images */
    uint32_t              *order;             /* groups, shuffled */
    bool                  *dealt;
    uint32_t              *to;
    double                *want; /* [n_parts][n_kinds]: still wanted */
} dealer;

static void key_of(const dealer *d, size_t i, char *key, size_t bytes)
{
    const oc_data_image *im = &d->set->images[i];
    const char          *base = oc_data_base(im->file), *cut;
    switch (d->how->group) {
    case OC_DATA_GROUP_SEQUENCE:
        snprintf(key, bytes, "%s", im->sequence ? im->sequence : im->file);
        return;
    case OC_DATA_GROUP_FOLDER:
        snprintf(key, bytes, "%.*s", (int)(base - im->file), im->file);
        return;
    case OC_DATA_GROUP_PREFIX:
        cut = strchr(base, d->how->separator);
        snprintf(key, bytes, "%.*s", cut ? (int)(cut - im->file) : (int)strlen(im->file), im->file);
        return;
    default: snprintf(key, bytes, "%s", im->file);
    }
}

static oc_status form_groups(dealer *d, oc_error *err)
{
    oc_strmap seen = {0};
    oc_arena  mem = {0};
    bool      ok = true;
    for (size_t i = 0; i < d->set->n_images && ok; i++) {
        char     key[OC_DATA_PATH_MAX];
        uint32_t g = 0;
        key_of(d, i, key, sizeof(key));
        if (!oc_strmap_get(&seen, key, &g)) {
            char *copy = oc_arena_strndup(&mem, key, strlen(key));
            g = (uint32_t)d->n_groups++;
            ok = copy && oc_strmap_put(&seen, copy, g);
        }
        d->group_of[i] = g;
    }
    oc_strmap_finish(&seen);
    oc_arena_finish(&mem);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu images", d->set->n_images);
}

static oc_status count(dealer *d, oc_error *err)
{
    const oc_data_set *s = d->set;
    size_t             g = d->n_groups + 1, k = d->n_kinds, parts = d->how->n_parts;
    double             whole = 0;
    uint64_t           state = d->how->seed;
    d->has = calloc(g * k, sizeof(*d->has));
    d->order = calloc(g, sizeof(*d->order));
    d->dealt = calloc(g, sizeof(*d->dealt));
    d->to = calloc(g, sizeof(*d->to));
    d->want = calloc(parts * k, sizeof(*d->want));
    if (!d->has || !d->order || !d->dealt || !d->to || !d->want)
        return OC_FAIL(err, OC_NOMEM, "%zu groups of %zu categories", g, k);
    for (size_t i = 0; i < s->n_images; i++)
        d->has[d->group_of[i] * k + k - 1]++;
    for (size_t i = 0; i < s->n_objects; i++)
        d->has[d->group_of[s->objects[i].image] * k + s->objects[i].category]++;
    for (size_t p = 0; p < parts; p++)
        whole += d->how->share[p];
    for (size_t c = 0; c < k; c++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < d->n_groups; i++)
            sum += d->has[i * k + c];
        for (size_t p = 0; p < parts; p++)
            d->want[p * k + c] = (double)sum * d->how->share[p] / whole;
    }
    for (size_t i = 0; i < d->n_groups; i++)
        d->order[i] = (uint32_t)i;
    for (size_t i = d->n_groups; i > 1; i--) {
        size_t   r = (size_t)(oc_data_random(&state) % i);
        uint32_t swap = d->order[i - 1];
        d->order[i - 1] = d->order[r];
        d->order[r] = swap;
    }
    return OC_OK;
}

/* To the part that wants most of kind c; of those that want as much, most images. */
static void deal(dealer *d, uint32_t g, size_t c)
{
    size_t best = 0, k = d->n_kinds;
    for (size_t p = 1; p < d->how->n_parts; p++) {
        double now = d->want[p * k + c], then = d->want[best * k + c];
        double images = d->want[p * k + k - 1], others = d->want[best * k + k - 1];
        if (now > then + 1e-9 || (now > then - 1e-9 && images > others + 1e-9))
            best = p;
    }
    for (size_t x = 0; x < k; x++)
        d->want[best * k + x] -= d->has[g * k + x];
    d->to[g] = (uint32_t)best;
    d->dealt[g] = true;
}

/* The category that is left in the fewest groups first: it is the hardest to share out. */
static bool rarest(const dealer *d, size_t *out)
{
    size_t fewest = SIZE_MAX;
    for (size_t c = 0; c + 1 < d->n_kinds; c++) {
        size_t n = 0;
        for (size_t g = 0; g < d->n_groups; g++)
            n += !d->dealt[g] && d->has[g * d->n_kinds + c];
        if (n && n < fewest) {
            fewest = n;
            *out = c;
        }
    }
    return fewest != SIZE_MAX;
}

oc_status oc_data_deal(const oc_data_set *set, const oc_data_dealing *how, uint32_t *part,
                       oc_error *err)
{
    dealer    d = {.set = set, .how = how, .n_kinds = set->n_categories + 1};
    oc_status st = OC_OK;
    size_t    c = 0;
    if (!(d.group_of = calloc(set->n_images + 1, sizeof(*d.group_of))))
        st = OC_FAIL(err, OC_NOMEM, "%zu images", set->n_images);
    if (st == OC_OK && (st = form_groups(&d, err)) == OC_OK)
        st = count(&d, err);
    if (st != OC_OK)
        goto out;
    while (rarest(&d, &c))
        for (size_t i = 0; i < d.n_groups; i++)
            if (!d.dealt[d.order[i]] && d.has[d.order[i] * d.n_kinds + c])
                deal(&d, d.order[i], c);
    for (size_t i = 0; i < d.n_groups; i++)
        if (!d.dealt[d.order[i]])
            deal(&d, d.order[i], d.n_kinds - 1);
    for (size_t i = 0; i < set->n_images; i++)
        part[i] = d.to[d.group_of[i]];
out:
    free(d.group_of);
    free(d.has);
    free(d.order);
    free(d.dealt);
    free(d.to);
    free(d.want);
    return st;
}

#include "ops/choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tune_entry {
    char key[OC_CHOICE_KEY_MAX], name[OC_CHOICE_NAME_MAX];
} tune_entry;

struct oc_tune {
    tune_entry *entries; /* by key */
    size_t      n, cap;
};

oc_status oc_tune_create(oc_tune **out, oc_error *err)
{
    *out = calloc(1, sizeof(**out));
    return *out ? OC_OK : OC_FAIL(err, OC_NOMEM, "tune table");
}

void oc_tune_destroy(oc_tune *tune)
{
    if (!tune)
        return;
    free(tune->entries);
    free(tune);
}

/* The first entry whose key is not below `key`. */
static size_t lower_bound(const oc_tune *tune, const char *key)
{
    size_t low = 0, high = tune->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(tune->entries[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

oc_status oc_tune_put(oc_tune *tune, const char *key, const char *name, oc_error *err)
{
    if (strlen(key) >= OC_CHOICE_KEY_MAX || strlen(name) >= OC_CHOICE_NAME_MAX)
        return OC_FAIL(err, OC_INVALID, "'%.40s' or its kernel's name is too long", key);
    size_t at = lower_bound(tune, key);
    if (at == tune->n || strcmp(tune->entries[at].key, key) != 0) {
        if (tune->n == tune->cap) {
            size_t      cap = tune->cap ? tune->cap * 2 : 64;
            tune_entry *more = realloc(tune->entries, cap * sizeof(*more));
            if (!more)
                return OC_FAIL(err, OC_NOMEM, "tune table of %zu entries", cap);
            tune->entries = more;
            tune->cap = cap;
        }
        memmove(tune->entries + at + 1, tune->entries + at,
                (tune->n - at) * sizeof(*tune->entries));
        tune->n++;
        memcpy(tune->entries[at].key, key, strlen(key) + 1);
    }
    memcpy(tune->entries[at].name, name, strlen(name) + 1);
    return OC_OK;
}

const char *oc_tune_find(const oc_tune *tune, const char *key)
{
    size_t at = lower_bound(tune, key);

    return at < tune->n && strcmp(tune->entries[at].key, key) == 0 ? tune->entries[at].name : NULL;
}

bool oc_tune_at(const oc_tune *tune, size_t i, const char **key, const char **name)
{
    if (i >= tune->n)
        return false;
    *key = tune->entries[i].key;
    *name = tune->entries[i].name;
    return true;
}

oc_status oc_choice_make(const oc_prepare *p, const char *key, const char *const *names, unsigned n,
                         unsigned guess, unsigned *at, oc_error *err)
{
    oc_choice  *c = oc_arena_alloc(p->mem, 1, sizeof(*c));
    const char *tuned = p->tune ? oc_tune_find(p->tune, key) : NULL;

    if (!c)
        return OC_FAIL(err, OC_NOMEM, "choice of a kernel");
    *c = (oc_choice){.n = n < OC_CHOICE_MAX ? n : OC_CHOICE_MAX, .guess = guess, .at = guess};
    snprintf(c->key, sizeof(c->key), "%s", key);
    for (unsigned i = 0; i < c->n; i++) {
        c->name[i] = names[i];
        if (tuned && strcmp(tuned, names[i]) == 0)
            c->at = i;
    }
    p->work->choice = c;
    *at = c->at;
    return OC_OK;
}

#include "observe/burn_store.h"

#include <stdlib.h>
#include <string.h>

void oc_burn_store_finish(oc_burn_store *s)
{
    free(s->entry);
    *s = (oc_burn_store){0};
}

void oc_burn_store_go_on(oc_burn_store *s, const oc_burn_clock *now)
{
    const double passed = oc_burn_clock_passed(&s->clock, now);
    for (size_t i = 0; i < s->n; i++)
        s->entry[i].time_s += passed;
    s->clock = *now;
}

static void remove_at(oc_burn_store *s, size_t i)
{
    memmove(&s->entry[i], &s->entry[i + 1], (s->n - i - 1) * sizeof(*s->entry));
    s->n--;
}

bool oc_burn_store_take(oc_burn_store *s, uint64_t key, const oc_burn_clock *now,
                        oc_burn_entry *out)
{
    size_t i = 0;
    oc_burn_store_go_on(s, now);
    while (i < s->n && s->entry[i].key != key)
        i++;
    if (i == s->n)
        return false;
    *out = s->entry[i];
    remove_at(s, i);
    return true;
}

void oc_burn_store_put(oc_burn_store *s, const oc_burn_entry *entry, const oc_burn_clock *now)
{
    oc_burn_entry old;
    (void)oc_burn_store_take(s, entry->key, now, &old);
    if (s->n == OC_BURN_STORE_MAX)
        remove_at(s, 0);
    oc_burn_entry *more = reallocarray(s->entry, s->n + 1, sizeof(*more));
    if (!more)
        return;
    s->entry = more;
    s->entry[s->n++] = *entry;
}

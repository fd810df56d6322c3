/* Frame counts under one lock: they are read together or not at all. */
#include <assert.h>

#include "pipeline/ledger.h"

const char *oc_drop_name(oc_drop reason)
{
    static const char *const names[] = {
#define X(name, text) text,
        OC_DROP_MAP(X)
#undef X
    };
    return (unsigned)reason < OC_DROP_REASONS ? names[reason] : "?";
}

uint64_t oc_counts_dropped(const oc_counts *counts)
{
    uint64_t sum = 0;
    for (int i = 0; i < OC_DROP_REASONS; i++)
        sum += counts->dropped[i];
    return sum;
}

void oc_ledger_capture(oc_ledger *l)
{
    pthread_mutex_lock(&l->lock);
    l->counts.captured++;
    l->counts.in_flight++;
    pthread_mutex_unlock(&l->lock);
}

void oc_ledger_complete(oc_ledger *l)
{
    pthread_mutex_lock(&l->lock);
    assert(l->counts.in_flight > 0);
    l->counts.in_flight--;
    l->counts.completed++;
    pthread_mutex_unlock(&l->lock);
}

void oc_ledger_drop(oc_ledger *l, oc_drop reason)
{
    pthread_mutex_lock(&l->lock);
    assert(l->counts.in_flight > 0);
    l->counts.in_flight--;
    l->counts.dropped[reason]++;
    pthread_mutex_unlock(&l->lock);
}

oc_counts oc_ledger_read(oc_ledger *l)
{
    pthread_mutex_lock(&l->lock);
    oc_counts counts = l->counts;
    pthread_mutex_unlock(&l->lock);
    return counts;
}

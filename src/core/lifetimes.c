#include "core/lifetimes.h"

#include <stdlib.h>

static size_t rounded(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static int larger_first(const void *a, const void *b, void *items)
{
    const oc_lifetime *item = items;
    size_t             x = *(const size_t *)a, y = *(const size_t *)b;
    if (item[x].bytes != item[y].bytes)
        return item[x].bytes > item[y].bytes ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int lower_first(const void *a, const void *b, void *items)
{
    const oc_lifetime *item = items;
    size_t             x = *(const size_t *)a, y = *(const size_t *)b;
    if (item[x].offset != item[y].offset)
        return item[x].offset < item[y].offset ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The lowest gap among the neighbours in time, which are sorted by offset. */
static size_t find_gap(const oc_lifetime *item, const size_t *busy, size_t n_busy, size_t need)
{
    size_t at = 0;
    for (size_t i = 0; i < n_busy; i++) {
        const oc_lifetime *b = &item[busy[i]];
        if (b->offset >= at && b->offset - at >= need)
            return at;
        size_t end = b->offset + rounded(b->bytes);
        if (end > at)
            at = end;
    }
    return at;
}

oc_status oc_lifetimes_place(oc_lifetime *item, size_t n, size_t *total_bytes, oc_error *err)
{
    size_t *order = calloc(n + 1, sizeof(*order)), *busy = calloc(n + 1, sizeof(*busy));
    size_t  total = 0;
    if (!order || !busy) {
        free(order);
        free(busy);
        return OC_FAIL(err, OC_NOMEM, "memory plan");
    }
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof(*order), larger_first, item);
    for (size_t k = 0; k < n && item[order[k]].bytes; k++) {
        oc_lifetime *it = &item[order[k]];
        size_t       n_busy = 0;
        for (size_t j = 0; j < k; j++) {
            const oc_lifetime *b = &item[order[j]];
            if (b->first <= it->last && it->first <= b->last)
                busy[n_busy++] = order[j];
        }
        qsort_r(busy, n_busy, sizeof(*busy), lower_first, item);
        it->offset = find_gap(item, busy, n_busy, rounded(it->bytes));
        if (it->offset + rounded(it->bytes) > total)
            total = it->offset + rounded(it->bytes);
    }
    free(order);
    free(busy);
    *total_bytes = total;
    return OC_OK;
}

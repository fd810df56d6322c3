#include "ops/packed.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/pages.h"

#define POPULATE_BYTES_MAX ((size_t)10 << 20)
#define OWN_BYTES_MIN ((size_t)32 << 10) /* less is not worth pages of its own */

/* ---- the store ---- */

typedef struct entry {
    void    *data;
    size_t   bytes;
    uint32_t refs;
} entry;

struct oc_packed_store {
    pthread_mutex_t lock;
    entry          *entries;
    size_t          n, cap, bytes;
};

oc_status oc_packed_store_create(oc_packed_store **out, oc_error *err)
{
    oc_packed_store *s = calloc(1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "store of packed weights");
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return OC_OK;
}

void oc_packed_store_destroy(oc_packed_store *store)
{
    if (!store)
        return;
    assert(store->n == 0); /* every session is gone */
    pthread_mutex_destroy(&store->lock);
    free(store->entries);
    free(store);
}

size_t oc_packed_store_bytes(oc_packed_store *store)
{
    pthread_mutex_lock(&store->lock);
    size_t bytes = store->bytes;
    pthread_mutex_unlock(&store->lock);
    return bytes;
}

static void pages_free(oc_packed_blob *blob)
{
    oc_pages_unmap(blob->data, blob->bytes);
}

/* Under the lock.  Different weights differ in their first bytes, so that this is quick. */
static entry *store_find(oc_packed_store *s, const oc_packed_blob *blob)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->entries[i].bytes == blob->bytes &&
            memcmp(s->entries[i].data, blob->data, blob->bytes) == 0)
            return &s->entries[i];
    return NULL;
}

static entry *store_append(oc_packed_store *s, const oc_packed_blob *blob)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        entry *more = reallocarray(s->entries, cap, sizeof(*more));
        if (!more)
            return NULL;
        s->entries = more;
        s->cap = cap;
    }
    s->bytes += blob->bytes;
    s->entries[s->n] = (entry){.data = blob->data, .bytes = blob->bytes};
    return &s->entries[s->n++];
}

static void store_share(oc_packed_store *s, oc_packed_blob *blob)
{
    pthread_mutex_lock(&s->lock);
    entry *e = store_find(s, blob);
    if (e)
        pages_free(blob);
    else
        e = store_append(s, blob);
    if (e) { /* else out of memory: the blob stays its owner's */
        e->refs++;
        blob->data = e->data;
        blob->home = OC_PACKED_STORE;
    }
    pthread_mutex_unlock(&s->lock);
}

static void store_unshare(oc_packed_store *s, oc_packed_blob *blob)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n; i++) {
        if (s->entries[i].data != blob->data)
            continue;
        if (--s->entries[i].refs == 0) {
            s->bytes -= blob->bytes;
            s->entries[i] = s->entries[--s->n];
            pages_free(blob);
        }
        break;
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- one step ---- */

static oc_packed_blob *append(const oc_prepare *p)
{
    oc_packed *k = p->packed;
    if (k->n == k->cap) {
        uint32_t        cap = k->cap ? 2 * k->cap : 2;
        oc_packed_blob *more = oc_arena_alloc(p->mem, cap, sizeof(*more));
        if (!more)
            return NULL;
        if (k->n)
            memcpy(more, k->blobs, k->n * sizeof(*more));
        k->blobs = more;
        k->cap = cap;
    }
    return &k->blobs[k->n];
}

static bool make(const oc_prepare *p, size_t bytes, oc_packed_blob *out)
{
    *out = (oc_packed_blob){.bytes = bytes, .home = OC_PACKED_ARENA};
    if (bytes < OWN_BYTES_MIN) {
        out->data = oc_arena_alloc64(p->mem, bytes, 1);
        return out->data != NULL;
    }
    out->home = OC_PACKED_OWN;
    /* Every page will be written: all at once is quicker than a fault each.  Large ones grow while
     * they are packed, or they would raise the peak together with what they are packed from. */
    out->data = oc_pages_map(bytes, bytes < POPULATE_BYTES_MAX);
    return out->data != NULL;
}

void *oc_packed_take(const oc_prepare *p, size_t n, size_t size, bool *ready)
{
    oc_packed *k = p->packed;
    size_t     bytes;
    *ready = false;
    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    if (!k)
        return oc_arena_alloc64(p->mem, bytes, 1);
    oc_packed_blob *blob = append(p);
    if (!blob)
        return NULL;
    if (k->given) {
        if (k->n >= k->n_given || k->given[k->n].bytes != bytes) {
            k->refused = true;
            return NULL;
        }
        *blob = k->given[k->n];
        *ready = true;
    } else if (!make(p, bytes, blob)) {
        return NULL;
    }
    k->n++;
    return blob->data;
}

void *oc_packed_keep(const oc_prepare *p, void *made)
{
    if (!p->packed)
        return made;
    oc_packed_blob *blob = &p->packed->blobs[p->packed->n - 1];
    assert(blob->data == made);
    if (blob->home == OC_PACKED_OWN && p->packed->store)
        store_share(p->packed->store, blob);
    return blob->data;
}

void oc_packed_consumed(const oc_prepare *p, uint32_t i)
{
    if (p->packed && i < 64)
        p->packed->consumed |= (uint64_t)1 << i;
}

void oc_packed_finish(oc_packed *packed)
{
    for (uint32_t i = 0; i < packed->n; i++) {
        if (packed->blobs[i].home == OC_PACKED_OWN)
            pages_free(&packed->blobs[i]);
        else if (packed->blobs[i].home == OC_PACKED_STORE)
            store_unshare(packed->store, &packed->blobs[i]);
    }
    *packed = (oc_packed){0};
}

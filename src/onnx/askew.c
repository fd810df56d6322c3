#include "onnx/askew.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/bytes.h"
#include "core/pages.h"

typedef struct copy {
    unsigned char *data;
    const void    *raw;
    size_t         n;
    unsigned       holders;
    bool           there;
} copy;

struct oc_askew {
    pthread_mutex_t lock;
    copy           *copies;
    size_t          n, cap, bytes; /* bytes: of those that are there */
};

oc_status oc_askew_create(oc_askew **out, oc_error *err)
{
    oc_askew *a = calloc(1, sizeof(*a));
    if (!a)
        return OC_FAIL(err, OC_NOMEM, "misaligned weights");
    pthread_mutex_init(&a->lock, NULL);
    *out = a;
    return OC_OK;
}

void oc_askew_destroy(oc_askew *askew)
{
    if (!askew)
        return;
    for (size_t i = 0; i < askew->n; i++) {
        assert(askew->copies[i].holders == 0);
        oc_pages_unmap(askew->copies[i].data, askew->copies[i].n);
    }
    pthread_mutex_destroy(&askew->lock);
    free(askew->copies);
    free(askew);
}

static void fill(oc_askew *a, copy *c)
{
    memcpy(c->data, c->raw, c->n);
    c->there = true;
    a->bytes += c->n;
}

static void empty(oc_askew *a, copy *c)
{
    madvise(c->data, c->n, MADV_DONTNEED); /* whole pages: the mapping is the copy's own */
    c->there = false;
    a->bytes -= c->n;
}

void *oc_askew_add(oc_askew *askew, const void *raw, size_t n)
{
    if (askew->n == askew->cap) {
        size_t cap = askew->cap ? 2 * askew->cap : 64;
        copy  *more = reallocarray(askew->copies, cap, sizeof(*more));
        if (!more)
            return NULL;
        askew->copies = more;
        askew->cap = cap;
    }
    void *data = oc_pages_map(n, true);
    if (!data)
        return NULL;
    copy *c = &askew->copies[askew->n++];
    *c = (copy){.data = data, .raw = raw, .n = n};
    fill(askew, c);
    return data;
}

oc_status oc_askew_take(oc_askew *askew, oc_askew_hold *out, oc_error *err)
{
    *out = (oc_askew_hold){0};
    if (!askew)
        return OC_OK;
    unsigned char *held = malloc(askew->n + 1);
    if (!held)
        return OC_FAIL(err, OC_NOMEM, "misaligned weights");
    memset(held, 1, askew->n);
    pthread_mutex_lock(&askew->lock);
    for (size_t i = 0; i < askew->n; i++) {
        copy *c = &askew->copies[i];
        c->holders++;
        if (!c->there)
            fill(askew, c);
    }
    pthread_mutex_unlock(&askew->lock);
    *out = (oc_askew_hold){.askew = askew, .held = held};
    return OC_OK;
}

/* Under the lock. */
static void drop(oc_askew_hold *hold, size_t i)
{
    copy *c = &hold->askew->copies[i];
    hold->held[i] = 0;
    if (--c->holders == 0)
        empty(hold->askew, c);
}

void oc_askew_drop(oc_askew_hold *hold, const void *p)
{
    oc_askew *a = hold->askew;
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n; i++) {
        const uintptr_t begin = (uintptr_t)a->copies[i].data, at = (uintptr_t)p;
        if (at < begin || at - begin >= a->copies[i].n)
            continue;
        if (hold->held[i])
            drop(hold, i);
        break;
    }
    pthread_mutex_unlock(&a->lock);
}

void oc_askew_give_back(oc_askew_hold *hold)
{
    oc_askew *a = hold->askew;
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n; i++)
        if (hold->held[i])
            drop(hold, i);
    pthread_mutex_unlock(&a->lock);
    free(hold->held);
    *hold = (oc_askew_hold){0};
}

size_t oc_askew_bytes(oc_askew *askew)
{
    pthread_mutex_lock(&askew->lock);
    size_t bytes = askew->bytes;
    pthread_mutex_unlock(&askew->lock);
    return bytes;
}

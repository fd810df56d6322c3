/* packed.h -- packed weights: made by prepare, read by run, and kept outside of what else a program
 * allocates, so that sessions of one model share them and a plan can save them and map them back.
 *
 * prepare takes memory, fills it unless it is filled already, and keeps it:
 *
 *     bool ready;
 *     float *w = oc_packed_take(p, n, sizeof(float), &ready);
 *     if (!w)
 *         return OC_FAIL(err, OC_NOMEM, ...);
 *     if (!ready)
 *         pack(.., w);
 *     s->w = oc_packed_keep(p, w);
 *     oc_packed_consumed(p, 1);
 *
 * Two runs of prepare over the same node must take the same sizes in the same order. */
#ifndef OC_OPS_PACKED_H
#define OC_OPS_PACKED_H

#include "ops/op.h"

/* Equal contents are kept once.  For several threads at once. */
typedef struct oc_packed_store oc_packed_store;
OC_MUST_CHECK oc_status        oc_packed_store_create(oc_packed_store **out, oc_error *err);
void                           oc_packed_store_destroy(oc_packed_store *store); /* NULL is fine */
size_t                         oc_packed_store_bytes(oc_packed_store *store); /* held at present */

typedef struct oc_packed_blob {
    void  *data;
    size_t bytes;
    enum {
        OC_PACKED_ARENA, /* small: in the program's arena */
        OC_PACKED_OWN,   /* pages of its own */
        OC_PACKED_STORE, /* shared: in the store */
        OC_PACKED_GIVEN, /* somebody else's: not to be written */
    } home;
} oc_packed_blob;

/* What one step of a program packs.  A zeroed one is ready for use. */
typedef struct oc_packed {
    oc_packed_blob       *blobs; /* in the order they were taken */
    uint32_t              n, cap;
    oc_packed_store      *store; /* may be NULL: nothing is shared */
    const oc_packed_blob *given; /* contents made before, n_given of them; NULL: make them */
    uint32_t              n_given;
    bool                  refused;  /* what was taken is not what was given */
    uint64_t              consumed; /* bit i: run does not read input i */
} oc_packed;

/* Memory for n * size bytes, zeroed and 64-byte aligned.  *ready: the contents are there and must
 * not be written.  NULL: no memory, or (refused) the contents given are of another size. */
OC_MUST_CHECK void *oc_packed_take(const oc_prepare *p, size_t n, size_t size, bool *ready);
/* `made`, which the last take gave, is filled: where its contents lie from now on. */
OC_MUST_CHECK void *oc_packed_keep(const oc_prepare *p, void *made);
/* run reads what was packed, not the constant input i: its contents may be given back. */
void oc_packed_consumed(const oc_prepare *p, uint32_t i);

/* What one step settled before: its packed weights, and by name which of several kernels serves. */
typedef struct oc_packed_given {
    const oc_packed_blob *blobs;
    uint32_t              n;
    const char           *choice, *kernel; /* key and name of choice.h; "": there is one kernel */
} oc_packed_given;

/* What the host of a program has to do with its packed weights. */
typedef struct oc_packed_host {
    oc_packed_store       *store; /* of the model; NULL: nothing is shared */
    const oc_packed_given *given; /* of a plan, one a step; NULL: they are made */
    size_t                 n_given;
} oc_packed_host;

/* Gives back what the blobs own; those in the arena go with it. */
void oc_packed_finish(oc_packed *packed);

#endif

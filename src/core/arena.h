/* arena.h -- many allocations, one release: memory that lives as long as its owner.
 *
 * Not for several threads at once.  Memory comes zeroed, aligned to 64 bytes where asked. */
#ifndef OC_CORE_ARENA_H
#define OC_CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/status.h"

typedef struct oc_arena_block oc_arena_block;
typedef struct oc_arena {
    oc_arena_block *head;
    size_t          bytes; /* handed out so far */
} oc_arena;

/* A zeroed oc_arena is ready for use; finish on it is fine. */
void oc_arena_finish(oc_arena *arena);
/* All of its memory is free again and stays with the arena: the next `bytes`, or as many as it held
 * before where that is more, are handed out without asking the system.  OC_NOMEM: it is empty. */
OC_MUST_CHECK oc_status oc_arena_reset(oc_arena *arena, size_t bytes, oc_error *err);

/* NULL when there is no memory (or n * size overflows).  Alignment: 16 bytes, or 64. */
OC_MUST_CHECK void *oc_arena_alloc(oc_arena *arena, size_t n, size_t size);
OC_MUST_CHECK void *oc_arena_alloc64(oc_arena *arena, size_t n, size_t size);
OC_MUST_CHECK void *oc_arena_dup(oc_arena *arena, const void *from, size_t bytes);
OC_MUST_CHECK char *oc_arena_strndup(oc_arena *arena, const char *from, size_t length);

/* Does p point into memory of the arena? */
bool oc_arena_holds(const oc_arena *arena, const void *p);

/* 64-byte aligned heap memory for buffers with a life of their own; release with oc_free64. */
OC_MUST_CHECK void *oc_alloc64(size_t n, size_t size);
void                oc_free64(void *p);

#endif

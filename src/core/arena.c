#include "core/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)
#define HEAD_BYTES ((size_t)64)

struct oc_arena_block {
    oc_arena_block *next;
    size_t          used, size; /* bytes after the head */
};

_Static_assert(sizeof(oc_arena_block) <= HEAD_BYTES, "the head keeps the body aligned");

void *oc_alloc64(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - 64)
        return NULL;
    bytes = (bytes + 63) / 64 * 64;
    return aligned_alloc(64, bytes ? bytes : 64);
}

void oc_free64(void *p)
{
    free(p);
}

void oc_arena_finish(oc_arena *arena)
{
    for (oc_arena_block *b = arena->head, *next; b; b = next) {
        next = b->next;
        oc_free64(b);
    }
    *arena = (oc_arena){0};
}

bool oc_arena_holds(const oc_arena *arena, const void *p)
{
    const uintptr_t at = (uintptr_t)p;
    for (const oc_arena_block *b = arena->head; b; b = b->next)
        if (at >= (uintptr_t)b && at - (uintptr_t)b < HEAD_BYTES + b->used)
            return true;
    return false;
}

static oc_arena_block *block_create(size_t size)
{
    oc_arena_block *b = size > SIZE_MAX - HEAD_BYTES ? NULL : oc_alloc64(HEAD_BYTES + size, 1);
    if (b)
        *b = (oc_arena_block){.size = size};
    return b;
}

/* One block, so that all of it can serve. */
oc_status oc_arena_reset(oc_arena *arena, size_t bytes, oc_error *err)
{
    oc_arena_block *b = arena->head;
    size_t          held = 0;
    for (const oc_arena_block *at = b; at; at = at->next)
        held += at->size;
    arena->bytes = 0;
    if (b && !b->next && b->size >= bytes) {
        b->used = 0;
        return OC_OK;
    }
    oc_arena_finish(arena);
    arena->head = block_create(held > bytes ? held : bytes);
    return arena->head ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu bytes", bytes);
}

/* Not zeroed: for who fills it. */
static void *arena_take_raw(oc_arena *arena, size_t n, size_t size, size_t align)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    oc_arena_block *b = arena->head;
    size_t          at = b ? (b->used + align - 1) / align * align : 0;
    if (!b || at > b->size || bytes > b->size - at) {
        b = block_create(bytes > BLOCK_BYTES / 4 ? bytes : BLOCK_BYTES);
        if (!b)
            return NULL;
        at = 0;
        /* a large block goes behind the current one, which may still have room */
        if (arena->head && bytes > BLOCK_BYTES / 4) {
            b->next = arena->head->next;
            arena->head->next = b;
        } else {
            b->next = arena->head;
            arena->head = b;
        }
    }
    b->used = at + bytes;
    arena->bytes += bytes;
    return (char *)b + HEAD_BYTES + at;
}

static void *arena_take(oc_arena *arena, size_t n, size_t size, size_t align)
{
    void *p = arena_take_raw(arena, n, size, align);
    return p ? memset(p, 0, n * size) : NULL;
}

void *oc_arena_alloc(oc_arena *arena, size_t n, size_t size)
{
    return arena_take(arena, n, size, 16);
}

void *oc_arena_alloc64(oc_arena *arena, size_t n, size_t size)
{
    return arena_take(arena, n, size, 64);
}

void *oc_arena_dup(oc_arena *arena, const void *from, size_t bytes)
{
    void *to = arena_take_raw(arena, bytes, 1, 64);
    if (to && bytes)
        memcpy(to, from, bytes);
    return to;
}

char *oc_arena_strndup(oc_arena *arena, const char *from, size_t length)
{
    char *to = length == SIZE_MAX ? NULL : arena_take(arena, length + 1, 1, 1);
    if (to && length)
        memcpy(to, from, length);
    return to;
}

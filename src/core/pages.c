#include "core/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_BYTES ((size_t)2 << 20)

static void *map(size_t bytes, int flags)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Begins where a huge page may. */
static void *map_aligned(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t whole = (bytes + page - 1) & ~(page - 1);
    char        *raw = map(whole + HUGE_BYTES, 0);

    if (!raw)
        return NULL;
    const size_t before = -(uintptr_t)raw & (HUGE_BYTES - 1);
    if (before)
        munmap(raw, before);
    munmap(raw + before + whole, HUGE_BYTES - before);
    return raw + before;
}

void *oc_pages_map(size_t bytes, bool at_once)
{
    if (bytes < HUGE_BYTES)
        return map(bytes, at_once ? MAP_POPULATE : 0);
    void *p = bytes < SIZE_MAX - 2 * HUGE_BYTES ? map_aligned(bytes) : NULL;
#ifdef MADV_HUGEPAGE
    if (p)
        madvise(p, bytes, MADV_HUGEPAGE); /* a wish: ordinary pages do as well */
#endif
#ifdef MADV_POPULATE_WRITE
    if (p && at_once)
        madvise(p, bytes, MADV_POPULATE_WRITE); /* kernels before 5.14: at the first write */
#endif
    return p;
}

void oc_pages_unmap(void *pages, size_t bytes)
{
    if (pages)
        munmap(pages, bytes);
}

/* alloc_count.h -- counts the allocations of this program while `counting` is on.
 *
 * Included by one file of a test program: it takes the place of malloc and its kin.  Not available
 * under sanitizers, which do the same: OC_ALLOC_COUNT is 0 there. */
#ifndef OC_TESTS_ALLOC_COUNT_H
#define OC_TESTS_ALLOC_COUNT_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define OC_ALLOC_COUNT 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define OC_ALLOC_COUNT 0
#endif
#endif
#ifndef OC_ALLOC_COUNT
#define OC_ALLOC_COUNT 1
#endif

static __attribute__((unused)) atomic_bool  alloc_counting; /* not all who include this look */
static __attribute__((unused)) atomic_ulong alloc_count;

#if OC_ALLOC_COUNT
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t alignment, size_t n);

void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void *memalign(size_t alignment, size_t n);
void *aligned_alloc(size_t alignment, size_t n);
int   posix_memalign(void **out, size_t alignment, size_t n);

static void alloc_note(void)
{
    if (atomic_load_explicit(&alloc_counting, memory_order_relaxed))
        atomic_fetch_add_explicit(&alloc_count, 1, memory_order_relaxed);
}

void *malloc(size_t n)
{
    alloc_note();
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    alloc_note();
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    alloc_note();
    return __libc_realloc(p, n);
}

void *memalign(size_t alignment, size_t n)
{
    alloc_note();
    return __libc_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    alloc_note();
    return __libc_memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n)
{
    alloc_note();
    void *p = __libc_memalign(alignment, n);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}
#endif

#endif

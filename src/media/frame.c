/* Frames: formats, reference counts, memory of their own, pools. */
#include "media/frame.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

/* What is behind a frame made here. */
typedef struct own_frame {
    oc_frame          frame; /* first: a frame's address is its owner's */
    uint8_t          *memory;
    size_t            bytes;
    oc_frame_pool    *pool; /* NULL: on its own */
    struct own_frame *next; /* in the pool's free list */
} own_frame;

struct oc_frame_pool {
    pthread_mutex_t lock;
    own_frame      *free;
    size_t          out; /* frames held by somebody */
    bool            dying;
    uint64_t        allocations;
};

const char *oc_pixel_name(oc_pixel_format format)
{
    switch (format) {
    case OC_PIXEL_NONE: break;
#define X(name, value, text) \
    case OC_PIXEL_##name: return text;
        OC_PIXEL_MAP(X)
#undef X
    }
    return "?";
}

oc_pixel_format oc_pixel_parse(const char *text)
{
#define X(name, value, spelled)     \
    if (strcmp(text, spelled) == 0) \
        return OC_PIXEL_##name;
    OC_PIXEL_MAP(X)
#undef X
    return OC_PIXEL_NONE;
}

size_t oc_pixel_row_bytes(oc_pixel_format format, int p, int32_t width)
{
    size_t w = (size_t)width, half = (w + 1) / 2;

    switch (format) {
    case OC_PIXEL_I420:
    case OC_PIXEL_I422: return p == 0 ? w : p < 3 ? half : 0;
    case OC_PIXEL_I444: return p < 3 ? w : 0;
    case OC_PIXEL_NV12:
    case OC_PIXEL_NV21: return p == 0 ? w : p == 1 ? 2 * half : 0;
    case OC_PIXEL_YUYV:
    case OC_PIXEL_UYVY: return p == 0 ? 4 * half : 0;
    case OC_PIXEL_GRAY8: return p == 0 ? w : 0;
    case OC_PIXEL_RGB24:
    case OC_PIXEL_BGR24: return p == 0 ? 3 * w : 0;
    case OC_PIXEL_RGBA32:
    case OC_PIXEL_BGRA32: return p == 0 ? 4 * w : 0;
    case OC_PIXEL_NONE: break;
    }
    return 0;
}

size_t oc_pixel_rows(oc_pixel_format format, int p, int32_t height)
{
    bool halved = format == OC_PIXEL_I420 || format == OC_PIXEL_NV12 || format == OC_PIXEL_NV21;

    if (oc_pixel_row_bytes(format, p, 1) == 0)
        return 0;
    return p > 0 && halved ? ((size_t)height + 1) / 2 : (size_t)height;
}

size_t oc_pixel_frame_bytes(oc_pixel_format format, int32_t width, int32_t height)
{
    size_t sum = 0;

    for (int p = 0; p < 3; p++)
        sum += oc_pixel_row_bytes(format, p, width) * oc_pixel_rows(format, p, height);
    return sum;
}

oc_frame *oc_frame_ref(oc_frame *frame)
{
    __atomic_add_fetch(&frame->refs, 1, __ATOMIC_RELAXED);
    return frame;
}

void oc_frame_unref(oc_frame *frame)
{
    if (!frame)
        return;
    uint32_t left = __atomic_sub_fetch(&frame->refs, 1, __ATOMIC_ACQ_REL);
    assert(left != UINT32_MAX && "one reference too many was given back");
    if (left == 0)
        frame->release(frame, frame->owner);
}

static size_t row_stride(oc_pixel_format format, int p, int32_t width)
{
    return (oc_pixel_row_bytes(format, p, width) + 63) & ~(size_t)63;
}

static size_t memory_need(oc_pixel_format format, int32_t width, int32_t height)
{
    size_t sum = 64;

    for (int p = 0; p < 3; p++)
        sum += row_stride(format, p, width) * oc_pixel_rows(format, p, height);
    return sum;
}

static oc_status check_size(oc_pixel_format format, int32_t width, int32_t height, oc_error *err)
{
    if (oc_pixel_row_bytes(format, 0, 1) == 0)
        return OC_FAIL(err, OC_INVALID, "pixel format %d is not known", (int)format);
    if (width < 1 || height < 1 || width > OC_FRAME_SIDE_MAX || height > OC_FRAME_SIDE_MAX)
        return OC_FAIL(err, OC_INVALID, "frame of %dx%d pixels: each side must be 1..%d", width,
                       height, OC_FRAME_SIDE_MAX);
    return OC_OK;
}

static void destroy_own(own_frame *own)
{
    if (!own)
        return;
    oc_free64(own->memory);
    free(own);
}

static void release_own(oc_frame *frame, void *owner)
{
    (void)frame;
    destroy_own(owner);
}

/* Lays the planes out in memory that is known to suffice. */
static void lay_out(own_frame *own, oc_pixel_format format, int32_t width, int32_t height)
{
    uint8_t *at = own->memory;

    own->frame = (oc_frame){
        .struct_size = sizeof(oc_frame),
        .refs = 1,
        .format = format,
        .width = width,
        .height = height,
        .owner = own,
    };
    for (int p = 0; p < 3; p++) {
        size_t rows = oc_pixel_rows(format, p, height), stride = row_stride(format, p, width);
        if (rows == 0)
            break;
        own->frame.plane[p] = at;
        own->frame.stride[p] = (int32_t)stride;
        at += rows * stride;
    }
}

static own_frame *create_own(size_t bytes)
{
    own_frame *own = calloc(1, sizeof(*own));

    if (!own)
        return NULL;
    own->memory = oc_alloc64(bytes, 1);
    own->bytes = bytes;
    if (!own->memory) {
        free(own);
        return NULL;
    }
    return own;
}

oc_status oc_frame_create(oc_pixel_format format, int32_t width, int32_t height, oc_frame **out,
                          oc_error *err)
{
    oc_status st = check_size(format, width, height, err);

    if (st != OC_OK)
        return st;
    own_frame *own = create_own(memory_need(format, width, height));
    if (!own)
        return OC_FAIL(err, OC_NOMEM, "no memory for a frame of %dx%d", width, height);
    lay_out(own, format, width, height);
    own->frame.release = release_own;
    *out = &own->frame;
    return OC_OK;
}

/* ---- pool ---- */

oc_status oc_frame_pool_create(oc_frame_pool **out, oc_error *err)
{
    oc_frame_pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return OC_FAIL(err, OC_NOMEM, "no memory for a frame pool");
    pthread_mutex_init(&pool->lock, NULL);
    *out = pool;
    return OC_OK;
}

static void free_pool(oc_frame_pool *pool)
{
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void oc_frame_pool_destroy(oc_frame_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    own_frame *list = pool->free;
    bool       last = pool->out == 0;
    pool->free = NULL;
    pool->dying = true;
    pthread_mutex_unlock(&pool->lock);
    while (list) {
        own_frame *next = list->next;
        destroy_own(list);
        list = next;
    }
    if (last)
        free_pool(pool);
}

static void release_pooled(oc_frame *frame, void *owner)
{
    own_frame     *own = owner;
    oc_frame_pool *pool = own->pool;

    (void)frame;
    pthread_mutex_lock(&pool->lock);
    bool dying = pool->dying, last = --pool->out == 0 && dying;
    if (!dying) {
        own->next = pool->free;
        pool->free = own;
    }
    pthread_mutex_unlock(&pool->lock);
    if (dying)
        destroy_own(own);
    if (last)
        free_pool(pool);
}

oc_status oc_frame_pool_take(oc_frame_pool *pool, oc_pixel_format format, int32_t width,
                             int32_t height, oc_frame **out, oc_error *err)
{
    oc_status st = check_size(format, width, height, err);
    if (st != OC_OK)
        return st;

    size_t need = memory_need(format, width, height);
    pthread_mutex_lock(&pool->lock);
    own_frame *own = pool->free;
    if (own)
        pool->free = own->next;
    pool->out++;
    pthread_mutex_unlock(&pool->lock);

    if (own && own->bytes < need) {
        destroy_own(own);
        own = NULL;
    }
    bool fresh = !own;
    if (fresh)
        own = create_own(need);
    pthread_mutex_lock(&pool->lock);
    pool->allocations += fresh && own;
    if (!own)
        pool->out--;
    pthread_mutex_unlock(&pool->lock);
    if (!own)
        return OC_FAIL(err, OC_NOMEM, "no memory for a frame of %dx%d", width, height);

    lay_out(own, format, width, height);
    own->pool = pool;
    own->frame.release = release_pooled;
    *out = &own->frame;
    return OC_OK;
}

uint64_t oc_frame_pool_allocations(const oc_frame_pool *pool)
{
    oc_frame_pool *p = (oc_frame_pool *)(uintptr_t)pool; /* the lock is not part of what is const */

    pthread_mutex_lock(&p->lock);
    uint64_t n = p->allocations;
    pthread_mutex_unlock(&p->lock);
    return n;
}

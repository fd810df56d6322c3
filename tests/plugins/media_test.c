/* A media plug-in in one page, built against include/ alone; KIND_... says what is wrong. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ocellus/media.h"

struct oc_source {
    int left;
};

static int probe(const char *url)
{
    return strncmp(url, "test://", 7) == 0 ? 50 : 0;
}

static oc_status open_source(const oc_source_options *options, oc_source **out,
                             oc_source_info *info, oc_error *err)
{
    oc_source *s = malloc(sizeof(*s));

    (void)options;
    if (!s) {
        if (err)
            err->message[0] = '\0';
        return OC_NOMEM;
    }
    s->left = 3;
    info->width = info->height = 4;
    info->frames = 3;
    *out = s;
    return OC_OK;
}

static void release(oc_frame *frame, void *owner)
{
    (void)frame;
    free(owner);
}

static oc_status read_frame(oc_source *s, oc_frame **out, oc_error *err)
{
    (void)err;
    if (s->left-- == 0)
        return OC_END;
    oc_frame *f = calloc(1, sizeof(*f) + 16);
    if (!f)
        return OC_NOMEM;
    f->struct_size = sizeof(*f);
    f->refs = 1;
    f->format = s->left == 0 ? (oc_pixel_format)55 : OC_PIXEL_GRAY8; /* the last one is bad */
    f->width = f->height = f->stride[0] = 4;
    f->plane[0] = (uint8_t *)(f + 1);
    f->release = release;
    f->owner = f;
    *out = f;
    return OC_OK;
}

static void close_source(oc_source *s)
{
    free(s);
}

static oc_status writer_open(const char *path, int32_t width, int32_t height, double fps,
                             void **out, oc_error *err)
{
    (void)path, (void)width, (void)height, (void)fps, (void)out, (void)err;
    return OC_UNSUPPORTED;
}

static oc_media_ops table = {
    .abi = OC_MEDIA_ABI,
    .struct_size = sizeof(oc_media_ops),
    .name = "test",
    .probe = probe,
    .open = open_source,
    .read = read_frame,
    .close = close_source,
};

#ifdef KIND_NOSYMBOL
#define oc_media_entry oc_media_entrance
#endif

OC_API const oc_media_ops *oc_media_entry(void);

const oc_media_ops *oc_media_entry(void)
{
    (void)writer_open;
#if defined(KIND_ABI)
    table.abi = 9;
#elif defined(KIND_SHORT)
    table.struct_size = 24;
#elif defined(KIND_SLOT)
    table.read = NULL;
#elif defined(KIND_WRITER)
    table.writer_open = writer_open; /* and no writer_put */
#elif defined(KIND_GOOD)
    table.struct_size = offsetof(oc_media_ops, writer_open); /* from before there were writers */
#endif
    return &table;
}

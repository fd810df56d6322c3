#include "recording/picture.h"

#include "core/walk.h"
#include "recording/pixels.h"

#define HEAD_MAX 128

static void walk_about(oc_walk *w, oc_picture *p)
{
    oc_frame *f = &p->about;
    uint8_t   format = (uint8_t)f->format, matrix = (uint8_t)f->matrix;
    oc_walk_u64(w, &f->index);
    oc_walk_i64(w, &f->pts_ns);
    oc_walk_u8(w, &format);
    oc_walk_u8(w, &matrix);
    oc_walk_i32(w, &f->width);
    oc_walk_i32(w, &f->height);
    oc_walk_bool(w, &f->full_range);
    oc_walk_bool(w, &f->key);
    oc_walk_bool(w, &f->chroma_center);
    oc_walk_u64(w, &p->before);
    oc_walk_size(w, &p->n_extra, SIZE_MAX);
    if (matrix > OC_YUV_BT2020)
        oc_walk_refuse(w);
    f->format = (oc_pixel_format)format;
    f->matrix = (oc_yuv_matrix)matrix;
}

size_t oc_picture_bound(const oc_frame *frame, size_t n_extra)
{
    return HEAD_MAX + n_extra + oc_pixels_bound(frame);
}

size_t oc_picture_write(const oc_frame *frame, const oc_frame *before, const void *extra,
                        size_t n_extra, unsigned char *out)
{
    oc_walk w = oc_walk_writer(out, HEAD_MAX + n_extra);
    /* not the whole frame: others count its references meanwhile */
    oc_picture p = {.about = {.format = frame->format,
                              .width = frame->width,
                              .height = frame->height,
                              .matrix = frame->matrix,
                              .full_range = frame->full_range,
                              .key = frame->key,
                              .chroma_center = frame->chroma_center,
                              .index = frame->index,
                              .pts_ns = frame->pts_ns},
                    .before = OC_PICTURE_ALONE,
                    .n_extra = n_extra};
    if (before && !oc_pixels_alike(frame, before))
        before = NULL;
    if (before)
        p.before = before->index;
    walk_about(&w, &p);
    oc_walk_bytes(&w, (void *)(uintptr_t)extra, n_extra); /* read, as the walk writes */
    return w.at + oc_pixels_pack(frame, before, out + w.at);
}

oc_status oc_picture_read(const unsigned char *data, size_t n, oc_picture *out, oc_error *err)
{
    oc_walk w = oc_walk_reader(data, n);
    *out = (oc_picture){.n_packed = 0};
    walk_about(&w, out);
    const oc_frame *f = &out->about;
    if (f->width < 1 || f->height < 1 || f->width > OC_FRAME_SIDE_MAX ||
        f->height > OC_FRAME_SIDE_MAX || oc_pixel_row_bytes(f->format, 0, 1) == 0)
        oc_walk_refuse(&w);
    out->extra = oc_walk_take(&w, out->n_extra);
    if (w.bad)
        return OC_FAIL(err, OC_FORMAT, "the head of a frame makes no sense");
    out->packed = data + w.at;
    out->n_packed = n - w.at;
    return OC_OK;
}

oc_status oc_picture_unpack(const oc_picture *picture, const oc_frame *before, oc_frame_pool *pool,
                            oc_frame **out, oc_error *err)
{
    const oc_frame *a = &picture->about;
    oc_frame       *f = NULL;
    if (picture->before == OC_PICTURE_ALONE)
        before = NULL;
    else if (!before || before->index != picture->before || !oc_pixels_alike(a, before))
        return OC_FAIL(err, OC_FORMAT, "frame %llu is told by frame %llu, which is not there",
                       (unsigned long long)a->index, (unsigned long long)picture->before);
    /* A run of one byte says 128 blocks of 16: what is packed smaller than that is no picture, and
     * memory is not asked for it. */
    if (oc_pixel_frame_bytes(a->format, a->width, a->height) / (128 * 16) > picture->n_packed + 3)
        return OC_FAIL(err, OC_FORMAT, "frame %llu: too few bytes for %dx%d pixels",
                       (unsigned long long)a->index, a->width, a->height);
    oc_status st = oc_frame_pool_take(pool, a->format, a->width, a->height, &f, err);
    if (st != OC_OK)
        return st;
    st = oc_pixels_unpack(picture->packed, picture->n_packed, before, f, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "frame %llu", (unsigned long long)a->index);
        oc_frame_unref(f);
        return st;
    }
    f->matrix = a->matrix;
    f->full_range = a->full_range;
    f->key = a->key;
    f->chroma_center = a->chroma_center;
    f->index = a->index;
    f->pts_ns = a->pts_ns;
    *out = f;
    return OC_OK;
}

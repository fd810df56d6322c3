/* PNG by libpng. */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "media/image_codec.h"

/* Everything that must survive a longjmp lives here, outside the function that called setjmp. */
typedef struct png_job {
    oc_error      *err;
    oc_status      status;
    png_structp    png;
    png_infop      info;
    const uint8_t *bytes;
    size_t         n, at;
    oc_image_sink *sink;
    oc_frame      *frame;
} png_job;

static void fail(png_structp png, png_const_charp text)
{
    png_job *job = png_get_error_ptr(png);

    if (job->status == OC_OK) /* else the read or write callback has said why */
        job->status = OC_FAIL(job->err, OC_FORMAT, "corrupt PNG: %s", text);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep to, size_t n)
{
    png_job *job = png_get_io_ptr(png);

    if (job->n - job->at < n) {
        job->status =
            OC_FAIL(job->err, OC_FORMAT, "truncated PNG: the data ends inside the picture");
        png_error(png, "end");
    }
    memcpy(to, job->bytes + job->at, n);
    job->at += n;
}

/* Whatever the file has becomes 8 bits gray or RGB. */
static bool choose_pixels(png_job *job)
{
    int type = png_get_color_type(job->png, job->info);

    png_set_scale_16(job->png);
    png_set_strip_alpha(job->png);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(job->png);
    else if (!(type & PNG_COLOR_MASK_COLOR))
        png_set_expand_gray_1_2_4_to_8(job->png);
    return (type & PNG_COLOR_MASK_COLOR) != 0;
}

static oc_status decode(png_job *job, oc_frame_pool *pool)
{
    if (setjmp(png_jmpbuf(job->png)))
        return job->status;
    png_set_read_fn(job->png, job, read_bytes);
    png_set_user_limits(job->png, 1u << 24, 1u << 24); /* ours give the better message */
    png_set_chunk_malloc_max(job->png, 8u << 20);
    png_set_chunk_cache_max(job->png, 64);
    png_read_info(job->png, job->info);

    bool     color = choose_pixels(job);
    uint32_t w = png_get_image_width(job->png, job->info);
    uint32_t h = png_get_image_height(job->png, job->info);
    int      passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    oc_status st =
        oc_image_frame(color ? OC_PIXEL_RGB24 : OC_PIXEL_GRAY8, w, h, pool, &job->frame, job->err);
    if (st != OC_OK)
        return st;
    if (png_get_rowbytes(job->png, job->info) != (size_t)w * (color ? 3 : 1))
        return OC_FAIL(job->err, OC_UNSUPPORTED, "PNG with unusual pixels");
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < h; y++)
            png_read_row(job->png, job->frame->plane[0] + (ptrdiff_t)y * job->frame->stride[0],
                         NULL);
    png_read_end(job->png, NULL);
    return OC_OK;
}

oc_status oc_png_decode(const uint8_t *bytes, size_t n, oc_frame_pool *pool, oc_frame **out,
                        oc_error *err)
{
    png_job   job = {.err = err, .bytes = bytes, .n = n};
    oc_status st = OC_NOMEM;

    job.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, fail, ignore);
    if (job.png)
        job.info = png_create_info_struct(job.png);
    if (job.info)
        st = decode(&job, pool);
    else
        st = OC_FAIL(err, OC_NOMEM, "no memory for the PNG reader");
    png_destroy_read_struct(&job.png, &job.info, NULL);
    if (st != OC_OK) {
        oc_frame_unref(job.frame);
        return st;
    }
    job.frame->full_range = true;
    job.frame->key = true;
    *out = job.frame;
    return OC_OK;
}

/* ---- encoder ---- */

static void write_bytes(png_structp png, png_bytep from, size_t n)
{
    png_job *job = png_get_io_ptr(png);

    if (!oc_image_sink_reserve(job->sink, n)) {
        job->status = OC_FAIL(job->err, OC_NOMEM, "no memory for the PNG");
        png_error(png, "memory");
    }
    memcpy(job->sink->data + job->sink->n, from, n);
    job->sink->n += n;
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

static oc_status encode(png_job *job, const oc_frame *frame)
{
    if (setjmp(png_jmpbuf(job->png)))
        return job->status;
    png_set_write_fn(job->png, job, write_bytes, flush_nothing);
    png_set_IHDR(job->png, job->info, (uint32_t)frame->width, (uint32_t)frame->height, 8,
                 frame->format == OC_PIXEL_GRAY8 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(job->png, job->info);
    for (int32_t y = 0; y < frame->height; y++)
        png_write_row(job->png, frame->plane[0] + (ptrdiff_t)y * frame->stride[0]);
    png_write_end(job->png, NULL);
    return OC_OK;
}

oc_status oc_png_encode(const oc_frame *frame, oc_image_sink *sink, oc_error *err)
{
    png_job   job = {.err = err, .sink = sink};
    oc_status st;

    job.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, fail, ignore);
    if (job.png)
        job.info = png_create_info_struct(job.png);
    st = job.info ? encode(&job, frame) : OC_FAIL(err, OC_NOMEM, "no memory for the PNG writer");
    png_destroy_write_struct(&job.png, &job.info);
    return st;
}

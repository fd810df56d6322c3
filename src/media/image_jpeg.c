/* JPEG by libjpeg-turbo.  The common samplings are taken as they are stored, without colour
 * conversion: the frame-to-tensor pass does that for the pixels somebody looks at. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "media/image_codec.h"

#define SCANS_MAX 500 /* a progressive file may ask for endless passes over a large picture */

/* Everything that must survive a longjmp lives here, outside the function that called setjmp. */
typedef struct jpeg_job {
    struct jpeg_error_mgr         errors; /* first: libjpeg hands back its address */
    jmp_buf                       jump;
    oc_error                     *err;
    oc_status                     status;
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct   out;
    struct jpeg_progress_mgr      progress;
    struct jpeg_destination_mgr   destination;
    oc_image_sink                *sink;
    oc_frame                     *frame;
    uint8_t                      *line; /* scratch row */
} jpeg_job;

static void fail(j_common_ptr c)
{
    jpeg_job *job = (jpeg_job *)c->err;
    char      text[JMSG_LENGTH_MAX];

    c->err->format_message(c, text);
    job->status = c->err->msg_code == JERR_OUT_OF_MEMORY ? OC_NOMEM : OC_FORMAT;
    (void)OC_FAIL(job->err, job->status, "corrupt JPEG: %s", text);
    longjmp(job->jump, 1);
}

/* libjpeg goes on after most damage with grey blocks; half a picture is none. */
static void on_message(j_common_ptr c, int level)
{
    jpeg_job *job = (jpeg_job *)c->err;
    int       code = c->err->msg_code;

    if (level >= 0 || code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM ||
        code == JWRN_JFIF_MAJOR)
        return;
    if (code != JWRN_JPEG_EOF)
        fail(c);
    job->status = OC_FAIL(job->err, OC_FORMAT, "truncated JPEG: the data ends inside the picture");
    longjmp(job->jump, 1);
}

static void no_output(j_common_ptr c)
{
    (void)c;
}

static void watch_scans(j_common_ptr c)
{
    jpeg_job *job = (jpeg_job *)c->err;

    if (c->is_decompressor && job->in.input_scan_number > SCANS_MAX) {
        job->status = OC_FAIL(job->err, OC_FORMAT, "corrupt JPEG: more than %d scans", SCANS_MAX);
        longjmp(job->jump, 1);
    }
}

static void init_errors(jpeg_job *job)
{
    jpeg_std_error(&job->errors);
    job->errors.error_exit = fail;
    job->errors.emit_message = on_message;
    job->errors.output_message = no_output;
    job->progress.progress_monitor = watch_scans;
}

/* The planar format that holds these components as stored, or NONE. */
static oc_pixel_format stored_format(const struct jpeg_decompress_struct *in)
{
    const jpeg_component_info *c = in->comp_info;

    if (in->num_components == 1 && in->jpeg_color_space == JCS_GRAYSCALE)
        return OC_PIXEL_GRAY8;
    if (in->num_components != 3 || in->jpeg_color_space != JCS_YCbCr ||
        c[0].h_samp_factor != in->max_h_samp_factor ||
        c[0].v_samp_factor != in->max_v_samp_factor || c[1].h_samp_factor != c[2].h_samp_factor ||
        c[1].v_samp_factor != c[2].v_samp_factor)
        return OC_PIXEL_NONE;
    if (c[0].h_samp_factor == 2 * c[1].h_samp_factor) {
        if (c[0].v_samp_factor == 2 * c[1].v_samp_factor)
            return OC_PIXEL_I420;
        return c[0].v_samp_factor == c[1].v_samp_factor ? OC_PIXEL_I422 : OC_PIXEL_NONE;
    }
    return c[0].h_samp_factor == c[1].h_samp_factor && c[0].v_samp_factor == c[1].v_samp_factor
               ? OC_PIXEL_I444
               : OC_PIXEL_NONE;
}

/* A group of rows at a time, straight into the planes.  Rows are written in whole blocks of eight:
 * the frame's row length is a multiple of 64, and rows below the picture go to `line`. */
static void read_planes(jpeg_job *job)
{
    struct jpeg_decompress_struct *in = &job->in;
    JSAMPROW                       rows[3][4 * DCTSIZE];
    JSAMPARRAY                     planes[3] = {rows[0], rows[1], rows[2]};
    JDIMENSION                     group = (JDIMENSION)in->max_v_samp_factor * DCTSIZE;

    while (in->output_scanline < in->output_height) {
        size_t step = in->output_scanline / group;
        for (int p = 0; p < 3; p++) {
            size_t n = (size_t)in->comp_info[p].v_samp_factor * DCTSIZE;
            size_t have = oc_pixel_rows(job->frame->format, p, job->frame->height);
            for (size_t i = 0; i < n; i++) {
                size_t y = step * n + i;
                rows[p][i] = y < have ? job->frame->plane[p] + (ptrdiff_t)y * job->frame->stride[p]
                                      : job->line;
            }
        }
        jpeg_read_raw_data(in, planes, group);
    }
}

static void cmyk_to_rgb(const uint8_t *from, uint8_t *to, size_t n)
{
    /* Adobe stores the inks inverted: 255 is none */
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            to[3 * i + k] = (uint8_t)((from[4 * i + k] * from[4 * i + 3] + 127) / 255);
}

static void read_lines(jpeg_job *job)
{
    struct jpeg_decompress_struct *in = &job->in;

    while (in->output_scanline < in->output_height) {
        uint8_t *to = job->frame->plane[0] + (ptrdiff_t)in->output_scanline * job->frame->stride[0];
        JSAMPROW row = in->out_color_space == JCS_CMYK ? job->line : to;
        jpeg_read_scanlines(in, &row, 1);
        if (in->out_color_space == JCS_CMYK)
            cmyk_to_rgb(job->line, to, in->output_width);
    }
}

static oc_status decode(jpeg_job *job, const uint8_t *bytes, size_t n, oc_frame_pool *pool)
{
    struct jpeg_decompress_struct *in = &job->in;

    if (setjmp(job->jump))
        return job->status;
    jpeg_create_decompress(in);
    in->progress = &job->progress;
    jpeg_mem_src(in, bytes, (unsigned long)n);
    jpeg_read_header(in, TRUE);

    oc_pixel_format stored = stored_format(in);
    bool            planar = stored != OC_PIXEL_NONE && stored != OC_PIXEL_GRAY8;
    oc_status       st = oc_image_frame(stored == OC_PIXEL_NONE ? OC_PIXEL_RGB24 : stored,
                                  in->image_width, in->image_height, pool, &job->frame, job->err);
    if (st != OC_OK)
        return st;
    job->line = malloc(4 * ((size_t)in->image_width + 64));
    if (!job->line)
        return OC_FAIL(job->err, OC_NOMEM, "no memory for a JPEG of %ux%u", in->image_width,
                       in->image_height);
    in->raw_data_out = planar;
    if (stored == OC_PIXEL_GRAY8)
        in->out_color_space = JCS_GRAYSCALE;
    else if (!planar)
        in->out_color_space = in->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(in);
    if (planar)
        read_planes(job);
    else
        read_lines(job);
    jpeg_finish_decompress(in);
    return OC_OK;
}

oc_status oc_jpeg_decode(const uint8_t *bytes, size_t n, oc_frame_pool *pool, oc_frame **out,
                         oc_error *err)
{
    jpeg_job job = {.err = err};

    init_errors(&job);
    job.in.err = &job.errors;
    oc_status st = decode(&job, bytes, n, pool);
    jpeg_destroy_decompress(&job.in);
    free(job.line);
    if (st != OC_OK) {
        oc_frame_unref(job.frame);
        return st;
    }
    job.frame->full_range = true;
    job.frame->chroma_center = true;
    job.frame->key = true;
    *out = job.frame;
    return OC_OK;
}

/* ---- encoder ---- */

static void sink_failed(jpeg_job *job)
{
    job->status = OC_FAIL(job->err, OC_NOMEM, "no memory for the JPEG");
    longjmp(job->jump, 1);
}

static void sink_open(j_compress_ptr c)
{
    jpeg_job *job = (jpeg_job *)c->err;

    if (!oc_image_sink_reserve(job->sink, 65536))
        sink_failed(job);
    c->dest->next_output_byte = job->sink->data + job->sink->n;
    c->dest->free_in_buffer = job->sink->room - job->sink->n;
}

static boolean sink_full(j_compress_ptr c)
{
    jpeg_job *job = (jpeg_job *)c->err;

    job->sink->n = job->sink->room; /* libjpeg calls only when no byte is left */
    sink_open(c);
    return TRUE;
}

static void sink_close(j_compress_ptr c)
{
    jpeg_job *job = (jpeg_job *)c->err;

    job->sink->n = job->sink->room - c->dest->free_in_buffer;
}

static oc_status encode(jpeg_job *job, const oc_frame *frame, int quality)
{
    struct jpeg_compress_struct *out = &job->out;

    if (setjmp(job->jump))
        return job->status;
    jpeg_create_compress(out);
    job->destination = (struct jpeg_destination_mgr){
        .init_destination = sink_open,
        .empty_output_buffer = sink_full,
        .term_destination = sink_close,
    };
    out->dest = &job->destination;
    out->image_width = (JDIMENSION)frame->width;
    out->image_height = (JDIMENSION)frame->height;
    bool gray = frame->format == OC_PIXEL_GRAY8;
    out->input_components = gray ? 1 : 3;
    out->in_color_space = gray ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(out);
    jpeg_set_quality(out, quality, TRUE);
    jpeg_start_compress(out, TRUE);
    while (out->next_scanline < out->image_height) {
        JSAMPROW row = frame->plane[0] + (ptrdiff_t)out->next_scanline * frame->stride[0];
        jpeg_write_scanlines(out, &row, 1);
    }
    jpeg_finish_compress(out);
    return OC_OK;
}

oc_status oc_jpeg_encode(const oc_frame *frame, int quality, oc_image_sink *sink, oc_error *err)
{
    jpeg_job job = {.err = err, .sink = sink};

    init_errors(&job);
    job.out.err = &job.errors;
    oc_status st = encode(&job, frame, quality);
    jpeg_destroy_compress(&job.out);
    return st;
}

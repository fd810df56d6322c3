/* Video files: H.264 where this FFmpeg has an encoder for it, else MPEG-4 part 2, else what the
 * container likes best. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/opt.h>

#include "ffmpeg.h"

typedef struct ff_writer {
    AVFormatContext *format;
    AVCodecContext  *encoder;
    AVStream        *stream;
    AVFrame         *picture;
    AVPacket        *packet;
    int32_t          width, height; /* of the frames; the video's sides are even */
    double           fps;
    int64_t          last_pts;
    bool             begun, failed;
} ff_writer;

static oc_status failure(int code, const char *doing, oc_error *err)
{
    char text[256];

    return FAIL(err, code == AVERROR(ENOMEM) ? OC_NOMEM : OC_IO, "%s: %s", doing,
                ff_reason(code, text, sizeof(text)));
}

static void destroy(ff_writer *w)
{
    if (!w)
        return;
    av_packet_free(&w->packet);
    av_frame_free(&w->picture);
    avcodec_free_context(&w->encoder);
    if (w->format) {
        avio_closep(&w->format->pb);
        avformat_free_context(w->format);
    }
    free(w);
}

/* The container by the final name: "a/b.mp4.part" is an mp4. */
static const AVOutputFormat *container_of(const char *path)
{
    size_t n = strlen(path);
    char  *name = strdup(path);

    if (!name)
        return NULL;
    if (n > 5 && strcmp(name + n - 5, ".part") == 0)
        name[n - 5] = '\0';
    const AVOutputFormat *f = av_guess_format(NULL, name, NULL);
    free(name);
    return f;
}

static int try_encoder(ff_writer *w, const AVCodec *codec)
{
    AVRational rate = av_d2q(w->fps, 100000);

    avcodec_free_context(&w->encoder);
    w->encoder = avcodec_alloc_context3(codec);
    if (!w->encoder)
        return AVERROR(ENOMEM);
    w->encoder->width = (w->width + 1) & ~1;
    w->encoder->height = (w->height + 1) & ~1;
    w->encoder->pix_fmt = codec->id == AV_CODEC_ID_MJPEG ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    w->encoder->color_range = codec->id == AV_CODEC_ID_MJPEG ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    w->encoder->colorspace = AVCOL_SPC_SMPTE170M; /* BT.601 */
    w->encoder->time_base = av_inv_q(rate);
    w->encoder->framerate = rate;
    w->encoder->thread_count = 1;
    w->encoder->gop_size = w->fps < 10 ? 20 : (int)(2 * w->fps + 0.5);
    w->encoder->bit_rate = (int64_t)w->width * w->height * 4;
    if (w->format->oformat->flags & AVFMT_GLOBALHEADER)
        w->encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary *options = NULL;
    if (strcmp(codec->name, "libx264") == 0) {
        w->encoder->bit_rate = 0; /* constant quality instead */
        av_dict_set(&options, "preset", "superfast", 0);
        av_dict_set(&options, "crf", "23", 0);
    }
    int code = avcodec_open2(w->encoder, codec, &options);
    av_dict_free(&options);
    return code;
}

static oc_status open_encoder(ff_writer *w, oc_error *err)
{
    static const char *const names[] = {"libx264", "libopenh264", "mpeg4"};
    int                      code = AVERROR_ENCODER_NOT_FOUND;

    for (size_t i = 0; code < 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        const AVCodec *codec = avcodec_find_encoder_by_name(names[i]);
        if (codec && avformat_query_codec(w->format->oformat, codec->id, FF_COMPLIANCE_NORMAL) == 1)
            code = try_encoder(w, codec);
    }
    if (code < 0) {
        const AVCodec *codec = avcodec_find_encoder(w->format->oformat->video_codec);
        if (codec)
            code = try_encoder(w, codec);
    }
    return code < 0 ? failure(code, "no encoder for this kind of file", err) : OC_OK;
}

static oc_status begin_file(ff_writer *w, const char *path, oc_error *err)
{
    int code;

    w->stream = avformat_new_stream(w->format, NULL);
    w->packet = av_packet_alloc();
    w->picture = av_frame_alloc();
    if (!w->stream || !w->packet || !w->picture)
        return FAIL(err, OC_NOMEM, "no memory for a video writer");
    w->stream->time_base = w->encoder->time_base;
    w->stream->avg_frame_rate = w->encoder->framerate;
    if ((code = avcodec_parameters_from_context(w->stream->codecpar, w->encoder)) < 0)
        return failure(code, "encoder", err);
    w->picture->format = w->encoder->pix_fmt;
    w->picture->width = w->encoder->width;
    w->picture->height = w->encoder->height;
    w->picture->color_range = w->encoder->color_range;
    if ((code = av_frame_get_buffer(w->picture, 64)) < 0)
        return failure(code, "frame memory", err);
    char *name = NULL;
    if (asprintf(&name, "file:%s", path) < 0)
        return FAIL(err, OC_NOMEM, "no memory for a video writer");
    code = avio_open(&w->format->pb, name, AVIO_FLAG_WRITE);
    free(name);
    if (code < 0)
        return failure(code, "cannot be written", err);
    if ((code = avformat_write_header(w->format, NULL)) < 0)
        return failure(code, "header", err);
    w->begun = true;
    return OC_OK;
}

oc_status ff_writer_open(const char *path, int32_t width, int32_t height, double fps, void **out,
                         oc_error *err)
{
    ff_writer            *w = calloc(1, sizeof(*w));
    const AVOutputFormat *container = container_of(path);
    oc_status             st = OC_OK;

    ff_forget_log();
    if (!w)
        return FAIL(err, OC_NOMEM, "no memory for a video writer");
    w->width = width;
    w->height = height;
    w->fps = fps;
    w->last_pts = -1;
    if (!container || container->video_codec == AV_CODEC_ID_NONE ||
        (container->flags & AVFMT_NOFILE))
        st = FAIL(err, OC_UNSUPPORTED, "no kind of video file has this suffix");
    else if (avformat_alloc_output_context2(&w->format, container, NULL, path) < 0)
        st = FAIL(err, OC_NOMEM, "no memory for a video writer");
    if (st == OC_OK)
        st = open_encoder(w, err);
    if (st == OC_OK)
        st = begin_file(w, path, err);
    if (st != OC_OK) {
        destroy(w);
        return st;
    }
    *out = w;
    return OC_OK;
}

static int write_packets(ff_writer *w)
{
    for (;;) {
        int code = avcodec_receive_packet(w->encoder, w->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return 0;
        if (code < 0)
            return code;
        av_packet_rescale_ts(w->packet, w->encoder->time_base, w->stream->time_base);
        w->packet->stream_index = w->stream->index;
        code = av_interleaved_write_frame(w->format, w->packet);
        if (code < 0)
            return code;
        if (w->format->pb->error < 0)
            return w->format->pb->error;
    }
}

/* Copies a plane; where the video is a column or row larger, the last one is repeated. */
static void copy_plane(uint8_t *to, int to_stride, int to_w, int to_h, const uint8_t *from,
                       int from_stride, int from_w, int from_h)
{
    for (int y = 0; y < to_h; y++) {
        const uint8_t *row = from + (ptrdiff_t)(y < from_h ? y : from_h - 1) * from_stride;
        uint8_t       *out = to + (ptrdiff_t)y * to_stride;
        memcpy(out, row, (size_t)from_w);
        for (int x = from_w; x < to_w; x++)
            out[x] = row[from_w - 1];
    }
}

static void copy_frame(const ff_writer *w, const oc_frame *frame)
{
    int ew = w->encoder->width, eh = w->encoder->height;

    for (int p = 0; p < 3; p++) {
        int shift = p > 0;
        copy_plane(w->picture->data[p], w->picture->linesize[p], ew >> shift, eh >> shift,
                   frame->plane[p], frame->stride[p], (frame->width + shift) >> shift,
                   (frame->height + shift) >> shift);
    }
}

oc_status ff_writer_put(void *writer, const oc_frame *frame, oc_error *err)
{
    ff_writer *w = writer;

    ff_forget_log();
    int code = av_frame_make_writable(w->picture);
    if (code < 0) {
        w->failed = true;
        return failure(code, "frame memory", err);
    }
    copy_frame(w, frame);
    /* frames that were dropped leave a gap in time, so that the video keeps its pace */
    int64_t pts = (int64_t)((double)frame->pts_ns * 1e-9 * w->fps + 0.5);
    w->picture->pts = w->last_pts = pts > w->last_pts ? pts : w->last_pts + 1;
    code = avcodec_send_frame(w->encoder, w->picture);
    if (code >= 0)
        code = write_packets(w);
    if (code < 0) {
        w->failed = true;
        return failure(code, "write", err);
    }
    return OC_OK;
}

static int finish_file(ff_writer *w)
{
    int code = avcodec_send_frame(w->encoder, NULL);

    if (code >= 0)
        code = write_packets(w);
    if (code >= 0)
        code = av_write_trailer(w->format);
    if (code >= 0)
        code = w->format->pb->error;
    int closed = avio_closep(&w->format->pb);
    return code < 0 ? code : closed;
}

oc_status ff_writer_close(void *writer, oc_error *err)
{
    ff_writer *w = writer;
    oc_status  st = OC_OK;

    ff_forget_log();
    if (w->failed) {
        st = FAIL(err, OC_IO, "a write failed before");
    } else if (w->begun) {
        int code = finish_file(w);
        if (code < 0)
            st = failure(code, "finishing the file", err);
    }
    destroy(w);
    return st;
}

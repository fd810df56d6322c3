/* Files of any container, RTSP and other network streams. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <libavutil/avutil.h>

#include "ffmpeg.h"

#define PIXELS_MAX 200000000
#define SIDE_MAX 16384

struct oc_source {
    AVFormatContext    *format;
    AVCodecContext     *decoder;
    AVPacket           *packet;
    AVFrame            *picture;
    ff_pictures        *pictures;
    const volatile int *cancel;
    uint32_t            timeout_ms;
    int64_t             deadline_ms; /* of the call in progress; 0 = none */
    int                 stream;
    bool                live;
    bool                await_key; /* live: packets before the first key frame are no use */
    bool                draining;
    bool                partial; /* the last packet was cut short */
    bool                chroma_center;
    int                 read_error; /* what av_read_frame ended with, when not the end */
    oc_status           over;       /* how the stream ended, once it did */
    uint64_t            frames, packets;
    int64_t             first_ts, last_pts_ns, frame_ns;
    int64_t             end_ts;        /* stream time where the last packet ends */
    int64_t             claimed_bytes; /* of an AVI, by its own header; 0 = not known */
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool cancelled(const oc_source *s)
{
    return s->cancel && __atomic_load_n(s->cancel, __ATOMIC_RELAXED) != 0;
}

static int interrupted(void *ctx)
{
    const oc_source *s = ctx;

    return cancelled(s) || (s->deadline_ms && now_ms() > s->deadline_ms);
}

static bool is_live_url(const char *url)
{
    static const char *const live[] = {"rtsp://", "rtsps://", "rtmp://", "rtmps://",
                                       "rtp://",  "udp://",   "srt://",  "tcp://"};

    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++)
        if (strncmp(url, live[i], strlen(live[i])) == 0)
            return true;
    return false;
}

int ff_probe(const char *url)
{
    struct stat s;

    if (strstr(url, "://"))
        return is_live_url(url) || strncmp(url, "http", 4) == 0 ? 80 : 20;
    return stat(url, &s) == 0 && !S_ISDIR(s.st_mode) ? 50 : 0;
}

/* Status and message for a failed call of FFmpeg. */
static oc_status failure(const oc_source *s, int code, const char *doing, oc_error *err)
{
    char      text[256];
    oc_status st = code == AVERROR(ENOMEM)       ? OC_NOMEM
                   : code == AVERROR(ENOENT)     ? OC_NOT_FOUND
                   : code == AVERROR_INVALIDDATA ? OC_FORMAT
                   : code == AVERROR_DECODER_NOT_FOUND || code == AVERROR_DEMUXER_NOT_FOUND ||
                           code == AVERROR_PROTOCOL_NOT_FOUND || code == AVERROR_PATCHWELCOME
                       ? OC_UNSUPPORTED
                       : OC_IO;

    if (cancelled(s))
        return FAIL(err, OC_CANCELLED, "cancelled");
    if (s->deadline_ms && now_ms() > s->deadline_ms)
        return FAIL(err, OC_IO, "%s: no answer within %u ms", doing, s->timeout_ms);
    ff_reason(code, text, sizeof(text));
    if (strstr(text, "moov atom not found"))
        return FAIL(err, OC_FORMAT,
                    "the file is truncated or was never finished: its index "
                    "is missing (moov atom not found)");
    return FAIL(err, st, "%s: %s", doing, text);
}

static AVDictionary *open_options(const oc_source_options *o, const oc_source *s)
{
    AVDictionary *d = NULL;
    char          us[32];

    if (!s->live && strncmp(o->url, "http", 4) != 0)
        return NULL;
    snprintf(us, sizeof(us), "%lld", (long long)s->timeout_ms * 1000);
    if (strncmp(o->url, "rtsp", 4) == 0) {
        av_dict_set(&d, "rtsp_transport", o->rtsp_udp ? "udp" : "tcp", 0);
        av_dict_set(&d, "timeout", us, 0);
    } else {
        av_dict_set(&d, "rw_timeout", us, 0);
    }
    /* not "nobuffer": it throws away the key frame that was read to learn the format */
    if (s->live)
        av_dict_set(&d, "analyzeduration", "2000000", 0);
    return d;
}

/* FFmpeg takes what stands before a colon for a protocol; a file of that name comes first. */
static char *input_name(const char *url)
{
    char *name = NULL;

    if (strstr(url, "://"))
        return strdup(url);
    return asprintf(&name, "file:%s", url) < 0 ? NULL : name;
}

static oc_status open_input(oc_source *s, const oc_source_options *o, oc_error *err)
{
    const AVInputFormat *forced = NULL;

    if (o->format && !(forced = av_find_input_format(o->format)))
        return FAIL(err, OC_UNSUPPORTED, "FFmpeg has no format called '%s'", o->format);
    s->format = avformat_alloc_context();
    char *name = input_name(o->url);
    if (!s->format || !name) {
        free(name);
        return FAIL(err, OC_NOMEM, "no memory to open a video");
    }
    s->format->interrupt_callback = (AVIOInterruptCB){interrupted, s};
    AVDictionary *options = open_options(o, s);
    int           code = avformat_open_input(&s->format, name, forced, &options);
    av_dict_free(&options);
    free(name);
    if (code < 0)
        return failure(s, code, code == AVERROR_INVALIDDATA ? "not a readable video" : "open", err);
    /* FFmpeg shows any text as a film of letters */
    const char *kind = s->format->iformat->name;
    if (!o->format &&
        (strcmp(kind, "tty") == 0 || strcmp(kind, "bin") == 0 || strcmp(kind, "xbin") == 0 ||
         strcmp(kind, "adf") == 0 || strcmp(kind, "idf") == 0))
        return FAIL(err, OC_FORMAT, "not a video: it looks like text");
    if ((code = avformat_find_stream_info(s->format, NULL)) < 0)
        return failure(s, code, "no stream could be read", err);
    return OC_OK;
}

static oc_status choose_stream(oc_source *s, const AVCodec **codec, oc_error *err)
{
    AVFormatContext *f = s->format;

    s->stream = av_find_best_stream(f, AVMEDIA_TYPE_VIDEO, -1, -1, codec, 0);
    if (s->stream == AVERROR_DECODER_NOT_FOUND)
        return FAIL(err, OC_UNSUPPORTED, "this FFmpeg has no decoder for its video stream");
    if (s->stream < 0 || (f->streams[s->stream]->disposition & AV_DISPOSITION_ATTACHED_PIC)) {
        bool audio = av_find_best_stream(f, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0) >= 0;
        return FAIL(err, OC_FORMAT, "has no video stream%s", audio ? ", only audio" : "");
    }
    for (unsigned i = 0; i < f->nb_streams; i++)
        if ((int)i != s->stream)
            f->streams[i]->discard = AVDISCARD_ALL;
    return OC_OK;
}

static oc_status open_decoder(oc_source *s, oc_error *err)
{
    const AVCodec *codec = NULL;
    oc_status      st = choose_stream(s, &codec, err);
    if (st != OC_OK)
        return st;

    const AVStream *stream = s->format->streams[s->stream];
    s->decoder = avcodec_alloc_context3(codec);
    s->packet = av_packet_alloc();
    s->picture = av_frame_alloc();
    s->pictures = ff_pictures_create();
    if (!s->decoder || !s->packet || !s->picture || !s->pictures)
        return FAIL(err, OC_NOMEM, "no memory for a video decoder");
    int code = avcodec_parameters_to_context(s->decoder, stream->codecpar);
    if (code < 0)
        return failure(s, code, "video stream", err);
    s->decoder->thread_count = 1; /* one thread a stream: the cores belong to the networks */
    s->decoder->pkt_timebase = stream->time_base;
    s->decoder->max_pixels = PIXELS_MAX;
    if (s->live)
        s->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    if ((code = avcodec_open2(s->decoder, codec, NULL)) < 0)
        return failure(s, code, "video decoder", err);
    enum AVCodecID id = s->decoder->codec_id;
    s->chroma_center = id == AV_CODEC_ID_MJPEG || id == AV_CODEC_ID_MPEG1VIDEO ||
                       id == AV_CODEC_ID_H263 || id == AV_CODEC_ID_H261;
    return OC_OK;
}

/* An AVI says in its first bytes how long it is: what breaks off is shorter. */
static int64_t claimed_bytes(const char *path)
{
    unsigned char head[12];
    FILE         *f = fopen(path, "rb");
    size_t        n = f ? fread(head, 1, sizeof(head), f) : 0;

    if (f)
        fclose(f);
    if (n < sizeof(head) || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "AVI ", 4) != 0)
        return 0;
    uint32_t size = (uint32_t)head[4] | (uint32_t)head[5] << 8 | (uint32_t)head[6] << 16 |
                    (uint32_t)head[7] << 24;
    return size == 0 || size >= UINT32_MAX - 8 ? 0 : (int64_t)size + 8;
}

static void describe(oc_source *s, oc_source_info *info)
{
    AVStream  *stream = s->format->streams[s->stream];
    AVRational rate = av_guess_frame_rate(s->format, stream, NULL);
    double     fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;

    info->width = stream->codecpar->width;
    info->height = stream->codecpar->height;
    info->fps = fps > 0 && fps <= 1000 ? fps : 0;
    info->live = s->live;
    info->frames = -1;
    if (!s->live && stream->nb_frames > 0)
        info->frames = stream->nb_frames;
    else if (!s->live && s->format->duration > 0 && info->fps > 0)
        info->frames = (int64_t)((double)s->format->duration * 1e-6 * info->fps + 0.5);
    snprintf(info->codec, sizeof(info->codec), "%s", avcodec_get_name(s->decoder->codec_id));
    s->frame_ns = info->fps > 0 ? (int64_t)(1e9 / info->fps + 0.5) : 40000000;
}

oc_status ff_open(const oc_source_options *options, oc_source **out, oc_source_info *info,
                  oc_error *err)
{
    oc_source *s = calloc(1, sizeof(*s));

    if (!s)
        return FAIL(err, OC_NOMEM, "no memory to open a video");
    ff_forget_log();
    s->cancel = options->cancel;
    s->timeout_ms = options->timeout_ms ? options->timeout_ms : 10000;
    s->live = is_live_url(options->url);
    s->first_ts = s->end_ts = AV_NOPTS_VALUE;
    s->last_pts_ns = -1;
    bool network = strstr(options->url, "://") != NULL;
    s->deadline_ms = network ? now_ms() + s->timeout_ms : 0;

    oc_status st = open_input(s, options, err);
    if (st == OC_OK)
        st = open_decoder(s, err);
    if (st != OC_OK) {
        ff_close(s);
        return st;
    }
    if (!network) {
        s->claimed_bytes = claimed_bytes(options->url);
        s->timeout_ms = 0; /* a disk may take its time */
    }
    s->await_key = s->live;
    describe(s, info);
    *out = s;
    return OC_OK;
}

void ff_close(oc_source *s)
{
    if (!s)
        return;
    av_frame_free(&s->picture);
    av_packet_free(&s->packet);
    avcodec_free_context(&s->decoder);
    avformat_close_input(&s->format);
    ff_pictures_close(s->pictures);
    free(s);
}

/* At the end of a file: is it all there? */
static bool broke_off(const oc_source *s)
{
    const AVStream *stream = s->format->streams[s->stream];
    const char     *kind = s->format->iformat->name;

    if (s->read_error || s->partial)
        return true;
    if (s->claimed_bytes && s->format->pb && avio_size(s->format->pb) < s->claimed_bytes)
        return true;
    if (strstr(kind, "mp4") && stream->nb_frames > 0 && s->packets < (uint64_t)stream->nb_frames)
        return true;
    /* by the header's duration; a second is left for headers that are not exact */
    if (s->format->duration_estimation_method != AVFMT_DURATION_FROM_STREAM ||
        s->end_ts == AV_NOPTS_VALUE)
        return false;
    double unit = av_q2d(stream->time_base), whole;
    if (stream->duration > 0)
        whole = (double)stream->duration * unit;
    else if (s->format->nb_streams == 1 && s->format->duration > 0)
        whole = (double)s->format->duration * 1e-6;
    else
        return false;
    double start = stream->start_time != AV_NOPTS_VALUE ? (double)stream->start_time * unit : 0;
    return (double)s->end_ts * unit - start < whole - 1.0;
}

static oc_status finish(oc_source *s, oc_error *err)
{
    char text[256];

    if (s->live) {
        s->over = OC_IO;
        return FAIL(err, OC_IO, "the stream was lost: %s",
                    ff_reason(s->read_error ? s->read_error : AVERROR_EOF, text, sizeof(text)));
    }
    if (s->frames == 0) {
        s->over = OC_FORMAT;
        return FAIL(err, OC_FORMAT, "no frame could be decoded");
    }
    if (!broke_off(s)) {
        s->over = OC_END;
        return OC_END;
    }
    s->over = OC_FORMAT;
    return FAIL(err, OC_FORMAT, "breaks off after %llu frames", (unsigned long long)s->frames);
}

/* Hands one packet of the video to the decoder, or begins to drain it. */
static oc_status feed(oc_source *s, oc_error *err)
{
    int code = av_read_frame(s->format, s->packet);

    if (code == AVERROR(EAGAIN))
        return OC_OK;
    if (code < 0) {
        if (cancelled(s) || (s->deadline_ms && now_ms() > s->deadline_ms))
            return failure(s, code, "read", err);
        s->read_error = code == AVERROR_EOF ? 0 : code;
        s->draining = true;
        code = avcodec_send_packet(s->decoder, NULL);
        return OC_OK;
    }
    if (s->packet->stream_index != s->stream) {
        av_packet_unref(s->packet);
        return OC_OK;
    }
    s->packets++;
    int64_t ts = s->packet->pts != AV_NOPTS_VALUE ? s->packet->pts : s->packet->dts;
    if (ts != AV_NOPTS_VALUE && (s->end_ts == AV_NOPTS_VALUE || ts > s->end_ts))
        s->end_ts = ts + s->packet->duration;
    if (s->packet->flags & AV_PKT_FLAG_KEY)
        s->await_key = false;
    /* a packet cut short by the end of the file would give half a picture */
    s->partial = (s->packet->flags & AV_PKT_FLAG_CORRUPT) && !s->live &&
                 !strstr(s->format->iformat->name, "mpegts");
    if (!s->await_key && !s->partial)
        code = avcodec_send_packet(s->decoder, s->packet); /* a damaged one is passed over */
    av_packet_unref(s->packet);
    return code == AVERROR(ENOMEM) ? FAIL(err, OC_NOMEM, "no memory for a video frame") : OC_OK;
}

static int64_t stream_time(oc_source *s, const AVFrame *picture)
{
    int64_t ts = picture->best_effort_timestamp;
    int64_t next = s->last_pts_ns < 0 ? 0 : s->last_pts_ns + s->frame_ns;

    if (ts != AV_NOPTS_VALUE) {
        if (s->first_ts == AV_NOPTS_VALUE)
            s->first_ts = ts;
        int64_t ns = av_rescale_q(ts - s->first_ts, s->format->streams[s->stream]->time_base,
                                  (AVRational){1, 1000000000});
        if (ns > s->last_pts_ns) /* else time ran backwards, and goes on by frames */
            next = ns;
    }
    s->last_pts_ns = next;
    return next;
}

static oc_status deliver(oc_source *s, oc_frame **out, oc_error *err)
{
    if (s->picture->width > SIDE_MAX || s->picture->height > SIDE_MAX) {
        oc_status st = FAIL(err, OC_UNSUPPORTED, "frame of %dx%d pixels: at most %d a side",
                            s->picture->width, s->picture->height, SIDE_MAX);
        av_frame_unref(s->picture);
        return st;
    }
    int64_t   pts_ns = stream_time(s, s->picture);
    oc_status st = ff_pictures_wrap(s->pictures, s->picture, s->chroma_center, out, err);
    if (st != OC_OK)
        return st;
    (*out)->pts_ns = pts_ns;
    s->frames++;
    return OC_OK;
}

oc_status ff_read(oc_source *s, oc_frame **out, oc_error *err)
{
    if (s->over == OC_END)
        return OC_END;
    if (s->over != OC_OK)
        return FAIL(err, s->over, "the stream is over");
    ff_forget_log();
    s->deadline_ms = s->timeout_ms ? now_ms() + s->timeout_ms : 0;
    for (;;) {
        if (cancelled(s))
            return FAIL(err, OC_CANCELLED, "cancelled");
        int code = avcodec_receive_frame(s->decoder, s->picture);
        if (code == 0)
            return deliver(s, out, err);
        if (s->draining) /* AVERROR_EOF, or a decoder that fails while it is drained */
            return finish(s, err);
        if (code != AVERROR(EAGAIN) && code != AVERROR_INVALIDDATA)
            return failure(s, code, "decoder", err);
        oc_status st = feed(s, err);
        if (st != OC_OK)
            return st;
    }
}

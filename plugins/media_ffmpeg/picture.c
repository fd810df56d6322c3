/* Decoded pictures become frames without a copy: the frame holds the decoder's buffer until the
 * last reference is given back. */
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <pthread.h>
#include <stdlib.h>

#include "ffmpeg.h"

typedef struct picture {
    oc_frame        frame;
    AVFrame        *av;        /* the decoder's buffer while the frame is out */
    AVFrame        *converted; /* memory of our own for unusual formats, kept */
    ff_pictures    *home;
    struct picture *next;
} picture;

struct ff_pictures {
    pthread_mutex_t    lock;
    picture           *free;
    size_t             out;
    bool               closed;
    struct SwsContext *sws; /* used by the reading thread only */
};

static void destroy_picture(picture *p)
{
    av_frame_free(&p->av);
    av_frame_free(&p->converted);
    free(p);
}

ff_pictures *ff_pictures_create(void)
{
    ff_pictures *home = calloc(1, sizeof(*home));

    if (home)
        pthread_mutex_init(&home->lock, NULL);
    return home;
}

static void destroy_home(ff_pictures *home)
{
    pthread_mutex_destroy(&home->lock);
    free(home);
}

void ff_pictures_close(ff_pictures *home)
{
    if (!home)
        return;
    sws_freeContext(home->sws);
    pthread_mutex_lock(&home->lock);
    picture *list = home->free;
    bool     last = home->out == 0;
    home->free = NULL;
    home->closed = true;
    pthread_mutex_unlock(&home->lock);
    while (list) {
        picture *next = list->next;
        destroy_picture(list);
        list = next;
    }
    if (last)
        destroy_home(home);
}

static void give_back(oc_frame *frame, void *owner)
{
    picture     *p = owner;
    ff_pictures *home = p->home;

    (void)frame;
    av_frame_unref(p->av); /* outside the lock: it may free a buffer */
    pthread_mutex_lock(&home->lock);
    bool closed = home->closed, last = --home->out == 0 && closed;
    if (!closed) {
        p->next = home->free;
        home->free = p;
    }
    pthread_mutex_unlock(&home->lock);
    if (closed)
        destroy_picture(p);
    if (last)
        destroy_home(home);
}

static picture *take_picture(ff_pictures *home)
{
    pthread_mutex_lock(&home->lock);
    picture *p = home->free;
    if (p)
        home->free = p->next;
    pthread_mutex_unlock(&home->lock);
    if (!p) {
        p = calloc(1, sizeof(*p));
        if (!p)
            return NULL;
        p->av = av_frame_alloc();
        p->converted = av_frame_alloc();
        if (!p->av || !p->converted) {
            destroy_picture(p);
            return NULL;
        }
        p->home = home;
    }
    pthread_mutex_lock(&home->lock);
    home->out++;
    pthread_mutex_unlock(&home->lock);
    return p;
}

static const struct {
    enum AVPixelFormat av;
    oc_pixel_format    ours;
} formats[] = {
    {AV_PIX_FMT_YUV420P, OC_PIXEL_I420}, {AV_PIX_FMT_YUVJ420P, OC_PIXEL_I420},
    {AV_PIX_FMT_YUV422P, OC_PIXEL_I422}, {AV_PIX_FMT_YUVJ422P, OC_PIXEL_I422},
    {AV_PIX_FMT_YUV444P, OC_PIXEL_I444}, {AV_PIX_FMT_YUVJ444P, OC_PIXEL_I444},
    {AV_PIX_FMT_NV12, OC_PIXEL_NV12},    {AV_PIX_FMT_NV21, OC_PIXEL_NV21},
    {AV_PIX_FMT_YUYV422, OC_PIXEL_YUYV}, {AV_PIX_FMT_UYVY422, OC_PIXEL_UYVY},
    {AV_PIX_FMT_GRAY8, OC_PIXEL_GRAY8},  {AV_PIX_FMT_RGB24, OC_PIXEL_RGB24},
    {AV_PIX_FMT_BGR24, OC_PIXEL_BGR24},  {AV_PIX_FMT_RGBA, OC_PIXEL_RGBA32},
    {AV_PIX_FMT_RGB0, OC_PIXEL_RGBA32},  {AV_PIX_FMT_BGRA, OC_PIXEL_BGRA32},
    {AV_PIX_FMT_BGR0, OC_PIXEL_BGRA32},
};

static oc_pixel_format our_format(int av)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (formats[i].av == av)
            return formats[i].ours;
    return OC_PIXEL_NONE;
}

static bool is_full_range(const AVFrame *av)
{
    switch (av->format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P: return true;
    case AV_PIX_FMT_GRAY8: return av->color_range != AVCOL_RANGE_MPEG;
    default: return av->color_range == AVCOL_RANGE_JPEG;
    }
}

/* Streams that do not say follow the size, as players do. */
static oc_yuv_matrix matrix_of(const AVFrame *av)
{
    switch (av->colorspace) {
    case AVCOL_SPC_BT709: return OC_YUV_BT709;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return OC_YUV_BT2020;
    case AVCOL_SPC_UNSPECIFIED:
        return av->width > 1024 || av->height > 576 ? OC_YUV_BT709 : OC_YUV_BT601;
    default: return OC_YUV_BT601;
    }
}

static int sws_matrix(oc_yuv_matrix matrix)
{
    return matrix == OC_YUV_BT709    ? SWS_CS_ITU709
           : matrix == OC_YUV_BT2020 ? SWS_CS_BT2020
                                     : SWS_CS_ITU601;
}

static bool is_rgb(const AVFrame *av)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(av->format);

    return d && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
}

/* Ten bits, RGB planes, 4:1:1 ...: to I420 of the same range and matrix. */
static oc_status convert(ff_pictures *home, const AVFrame *from, AVFrame *to, oc_error *err)
{
    home->sws =
        sws_getCachedContext(home->sws, from->width, from->height, from->format, from->width,
                             from->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, NULL, NULL, NULL);
    if (!home->sws)
        return FAIL(err, OC_UNSUPPORTED, "pixel format '%s' cannot be converted",
                    av_get_pix_fmt_name(from->format));
    int        rgb = is_rgb(from), full = !rgb && is_full_range(from);
    const int *k = sws_getCoefficients(sws_matrix(rgb ? OC_YUV_BT601 : matrix_of(from)));
    sws_setColorspaceDetails(home->sws, k, rgb || full, k, full, 0, 1 << 16, 1 << 16);

    if (to->width != from->width || to->height != from->height) {
        av_frame_unref(to);
        to->width = from->width;
        to->height = from->height;
        to->format = AV_PIX_FMT_YUV420P;
        if (av_frame_get_buffer(to, 64) < 0) {
            av_frame_unref(to);
            return FAIL(err, OC_NOMEM, "no memory for a frame of %dx%d", from->width, from->height);
        }
    }
    sws_scale(home->sws, (const uint8_t *const *)from->data, from->linesize, 0, from->height,
              to->data, to->linesize);
    return OC_OK;
}

static void describe(picture *p, const AVFrame *pixels, oc_pixel_format format, bool center)
{
    const AVFrame *av = p->av;

    p->frame = (oc_frame){
        .struct_size = sizeof(oc_frame),
        .refs = 1,
        .format = format,
        .width = av->width,
        .height = av->height,
        .matrix = is_rgb(av) ? OC_YUV_BT601 : matrix_of(av),
        .full_range = !(is_rgb(av) && format == OC_PIXEL_I420) && is_full_range(av),
        .chroma_center = av->chroma_location == AVCHROMA_LOC_UNSPECIFIED
                             ? center
                             : av->chroma_location == AVCHROMA_LOC_CENTER,
        .release = give_back,
        .owner = p,
    };
#ifdef AV_FRAME_FLAG_KEY
    p->frame.key = (av->flags & AV_FRAME_FLAG_KEY) != 0;
#else
    p->frame.key = av->key_frame != 0;
#endif
    for (int i = 0; i < 3; i++) {
        p->frame.plane[i] = pixels->data[i];
        p->frame.stride[i] = pixels->linesize[i];
    }
}

oc_status ff_pictures_wrap(ff_pictures *home, AVFrame *av, bool chroma_center, oc_frame **out,
                           oc_error *err)
{
    picture *p = take_picture(home);

    if (!p) {
        av_frame_unref(av);
        return FAIL(err, OC_NOMEM, "no memory for a frame");
    }
    av_frame_move_ref(p->av, av);
    oc_pixel_format format = our_format(p->av->format);
    const AVFrame  *pixels = p->av;
    if (format == OC_PIXEL_NONE) {
        oc_status st = convert(home, p->av, p->converted, err);
        if (st != OC_OK) {
            give_back(&p->frame, p);
            return st;
        }
        format = OC_PIXEL_I420;
        pixels = p->converted;
    }
    describe(p, pixels, format, chroma_center);
    *out = &p->frame;
    return OC_OK;
}

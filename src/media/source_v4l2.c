/* Cameras of the Linux kernel: "v4l2:/dev/video0".  Buffers are mapped; a frame is copied out, so
 * that one held long does not starve the driver. */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "media/image.h"
#include "media/source_builtin.h"

#define BUFFERS 4

struct oc_source {
    int                 fd;
    const volatile int *cancel;
    uint32_t            timeout_ms;
    uint32_t            fourcc;
    int32_t             width, height;
    uint32_t            row_bytes;
    bool                full_range, streaming;
    struct {
        void  *at;
        size_t bytes;
    } buffer[BUFFERS];
    uint32_t       n_buffers;
    oc_frame_pool *pool;
    int64_t        first_us;
};

static const struct {
    uint32_t        fourcc;
    oc_pixel_format format; /* NONE: compressed */
    const char     *name;
} formats[] = {
    {V4L2_PIX_FMT_YUYV, OC_PIXEL_YUYV, "yuyv"},   {V4L2_PIX_FMT_NV12, OC_PIXEL_NV12, "nv12"},
    {V4L2_PIX_FMT_UYVY, OC_PIXEL_UYVY, "uyvy"},   {V4L2_PIX_FMT_YUV420, OC_PIXEL_I420, "i420"},
    {V4L2_PIX_FMT_GREY, OC_PIXEL_GRAY8, "gray8"}, {V4L2_PIX_FMT_MJPEG, OC_PIXEL_NONE, "mjpeg"},
    {V4L2_PIX_FMT_JPEG, OC_PIXEL_NONE, "mjpeg"},
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static int v4l2_probe(const char *url)
{
    return strncmp(url, "v4l2:", 5) == 0 || strncmp(url, "/dev/video", 10) == 0 ? 95 : 0;
}

static int control(int fd, unsigned long request, void *arg)
{
    int code;

    do
        code = ioctl(fd, request, arg);
    while (code < 0 && errno == EINTR);
    return code;
}

static size_t format_row(uint32_t fourcc)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (formats[i].fourcc == fourcc)
            return i;
    return N_FORMATS;
}

static bool try_format(oc_source *s, uint32_t fourcc, int32_t width, int32_t height)
{
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};

    if (control(s->fd, VIDIOC_G_FMT, &f) < 0)
        return false;
    if (width > 0 && height > 0) {
        f.fmt.pix.width = (uint32_t)width;
        f.fmt.pix.height = (uint32_t)height;
    }
    if (fourcc)
        f.fmt.pix.pixelformat = fourcc;
    f.fmt.pix.field = V4L2_FIELD_ANY;
    if (control(s->fd, VIDIOC_S_FMT, &f) < 0)
        return false;
    s->fourcc = f.fmt.pix.pixelformat;
    s->width = (int32_t)f.fmt.pix.width;
    s->height = (int32_t)f.fmt.pix.height;
    s->row_bytes = f.fmt.pix.bytesperline;
    s->full_range = f.fmt.pix.quantization == V4L2_QUANTIZATION_FULL_RANGE;
    return fourcc == 0 ? format_row(s->fourcc) < N_FORMATS : s->fourcc == fourcc;
}

static oc_status set_format(oc_source *s, const oc_source_options *o, oc_error *err)
{
    bool chosen = false;

    for (size_t i = 0; !chosen && i < N_FORMATS; i++)
        if (!o->format || strcmp(o->format, formats[i].name) == 0)
            chosen = try_format(s, formats[i].fourcc, o->width, o->height);
    if (!chosen)
        return OC_FAIL(err, OC_UNSUPPORTED, "the camera gives no %s",
                       o->format ? o->format : "YUYV, NV12, UYVY, YUV420, GREY or MJPEG");
    if (s->width < 1 || s->height < 1 || s->width > OC_FRAME_SIDE_MAX ||
        s->height > OC_FRAME_SIDE_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "frames of %dx%d", s->width, s->height);
    return OC_OK;
}

static double set_rate(oc_source *s, double fps)
{
    struct v4l2_streamparm p = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};

    if (control(s->fd, VIDIOC_G_PARM, &p) < 0)
        return 0;
    if (fps > 0) {
        p.parm.capture.timeperframe.numerator = 1000;
        p.parm.capture.timeperframe.denominator = (uint32_t)(fps * 1000 + 0.5);
        if (control(s->fd, VIDIOC_S_PARM, &p) < 0)
            return 0;
    }
    struct v4l2_fract t = p.parm.capture.timeperframe;
    return t.numerator ? (double)t.denominator / t.numerator : 0;
}

static oc_status map_buffers(oc_source *s, oc_error *err)
{
    struct v4l2_requestbuffers r = {
        .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};

    if (control(s->fd, VIDIOC_REQBUFS, &r) < 0)
        return OC_FAIL(err, errno == EBUSY ? OC_IO : OC_UNSUPPORTED, "no mapped buffers: %s",
                       errno == EBUSY ? "somebody else uses the camera" : strerror(errno));
    for (uint32_t i = 0; i < r.count && i < BUFFERS; i++) {
        struct v4l2_buffer b = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (control(s->fd, VIDIOC_QUERYBUF, &b) < 0)
            return OC_FAIL(err, OC_IO, "buffer %u: %s", i, strerror(errno));
        void *at = mmap(NULL, b.length, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, b.m.offset);
        if (at == MAP_FAILED)
            return OC_FAIL(err, OC_IO, "buffer %u: %s", i, strerror(errno));
        s->buffer[i].at = at;
        s->buffer[i].bytes = b.length;
        s->n_buffers = i + 1;
        if (control(s->fd, VIDIOC_QBUF, &b) < 0)
            return OC_FAIL(err, OC_IO, "buffer %u: %s", i, strerror(errno));
    }
    return s->n_buffers > 0 ? OC_OK : OC_FAIL(err, OC_IO, "the driver gives no buffers");
}

static void v4l2_close(oc_source *s)
{
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

    if (!s)
        return;
    if (s->streaming)
        control(s->fd, VIDIOC_STREAMOFF, &type);
    for (uint32_t i = 0; i < s->n_buffers; i++)
        munmap(s->buffer[i].at, s->buffer[i].bytes);
    if (s->fd >= 0)
        close(s->fd);
    oc_frame_pool_destroy(s->pool);
    free(s);
}

static oc_status start(oc_source *s, const oc_source_options *o, oc_source_info *info,
                       oc_error *err)
{
    const char            *path = strncmp(o->url, "v4l2:", 5) == 0 ? o->url + 5 : o->url;
    struct v4l2_capability cap = {0};
    int                    type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    oc_status              st;

    s->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0)
        return OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s: %s", path,
                       strerror(errno));
    if (control(s->fd, VIDIOC_QUERYCAP, &cap) < 0)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: not a camera", path);
    uint32_t caps = cap.capabilities & V4L2_CAP_DEVICE_CAPS ? cap.device_caps : cap.capabilities;
    if (!(caps & V4L2_CAP_VIDEO_CAPTURE) || !(caps & V4L2_CAP_STREAMING))
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: this device does not capture video", path);
    if ((st = set_format(s, o, err)) != OC_OK)
        return st;
    double fps = set_rate(s, o->fps);
    if ((st = map_buffers(s, err)) != OC_OK)
        return st;
    if (control(s->fd, VIDIOC_STREAMON, &type) < 0)
        return OC_FAIL(err, OC_IO, "%s: cannot start: %s", path, strerror(errno));
    s->streaming = true;
    info->width = s->width;
    info->height = s->height;
    info->fps = fps;
    info->frames = -1;
    info->live = true;
    snprintf(info->codec, sizeof(info->codec), "%s", formats[format_row(s->fourcc)].name);
    return OC_OK;
}

static oc_status v4l2_open(const oc_source_options *options, oc_source **out, oc_source_info *info,
                           oc_error *err)
{
    oc_source *s = calloc(1, sizeof(*s));

    if (!s)
        return OC_FAIL(err, OC_NOMEM, "no memory for a source");
    s->fd = -1;
    s->cancel = options->cancel;
    s->timeout_ms = options->timeout_ms ? options->timeout_ms : 10000;
    s->first_us = INT64_MIN;
    oc_status st = oc_frame_pool_create(&s->pool, err);
    if (st == OC_OK)
        st = start(s, options, info, err);
    if (st != OC_OK) {
        v4l2_close(s);
        return st;
    }
    *out = s;
    return OC_OK;
}

/* Rows of the driver's buffer into a frame; padding at the end of rows is left out. */
static oc_status copy_out(oc_source *s, const uint8_t *from, size_t n, oc_frame **out,
                          oc_error *err)
{
    oc_pixel_format format = formats[format_row(s->fourcc)].format;

    if (format == OC_PIXEL_NONE)
        return oc_image_decode_pool(from, n, s->pool, out, err);
    oc_frame *f;
    oc_status st = oc_frame_pool_take(s->pool, format, s->width, s->height, &f, err);
    if (st != OC_OK)
        return st;
    size_t at = 0;
    for (int p = 0; p < 3; p++) {
        size_t bytes = oc_pixel_row_bytes(format, p, s->width);
        size_t rows = oc_pixel_rows(format, p, s->height);
        size_t step = s->row_bytes;
        if (format == OC_PIXEL_I420 && p > 0)
            step = (step + 1) / 2;
        if (step < bytes)
            step = bytes;
        for (size_t y = 0; y < rows; y++, at += step) {
            if (at + bytes > n) {
                oc_frame_unref(f);
                return OC_FAIL(err, OC_FORMAT, "the camera sent %zu bytes for %dx%d %s", n,
                               s->width, s->height, oc_pixel_name(format));
            }
            memcpy(f->plane[p] + (ptrdiff_t)y * f->stride[p], from + at, bytes);
        }
    }
    f->full_range = s->full_range || format == OC_PIXEL_GRAY8;
    f->key = true;
    *out = f;
    return OC_OK;
}

static oc_status v4l2_read(oc_source *s, oc_frame **out, oc_error *err)
{
    for (int tries = 0; tries < 8; tries++) {
        oc_status st = oc_source_wait(s->fd, s->timeout_ms, s->cancel, err);
        if (st != OC_OK)
            return st;
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (control(s->fd, VIDIOC_DQBUF, &b) < 0) {
            if (errno == EAGAIN)
                continue;
            return OC_FAIL(err, OC_IO, "the camera is gone: %s", strerror(errno));
        }
        size_t n = b.bytesused ? b.bytesused : b.length;
        bool   bad = (b.flags & V4L2_BUF_FLAG_ERROR) || b.index >= s->n_buffers;
        st = bad ? OC_FORMAT : copy_out(s, s->buffer[b.index].at, n, out, err);
        if (control(s->fd, VIDIOC_QBUF, &b) < 0 && st == OC_OK) {
            oc_frame_unref(*out);
            return OC_FAIL(err, OC_IO, "the camera is gone: %s", strerror(errno));
        }
        if (st == OC_FORMAT)
            continue; /* a damaged picture now and then is the way of cameras */
        if (st != OC_OK)
            return st;
        int64_t us = (int64_t)b.timestamp.tv_sec * 1000000 + b.timestamp.tv_usec;
        if (s->first_us == INT64_MIN)
            s->first_us = us;
        (*out)->pts_ns = (us - s->first_us) * 1000;
        return OC_OK;
    }
    return OC_FAIL(err, OC_IO, "the camera sends damaged pictures only");
}

const oc_media_ops oc_source_v4l2 = {
    .abi = OC_MEDIA_ABI,
    .struct_size = sizeof(oc_media_ops),
    .name = "v4l2",
    .probe = v4l2_probe,
    .open = v4l2_open,
    .read = v4l2_read,
    .close = v4l2_close,
};

#include "media/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/bytes.h"
#include "media/image_codec.h"

bool oc_image_sink_reserve(oc_image_sink *sink, size_t more)
{
    if (sink->room - sink->n >= more)
        return true;
    size_t room = sink->room ? sink->room : 65536;
    while (room - sink->n < more) {
        if (room > SIZE_MAX / 2)
            return false;
        room *= 2;
    }
    uint8_t *data = realloc(sink->data, room);
    if (!data)
        return false;
    sink->data = data;
    sink->room = room;
    return true;
}

oc_status oc_image_frame(oc_pixel_format format, uint32_t width, uint32_t height,
                         oc_frame_pool *pool, oc_frame **out, oc_error *err)
{
    if (width == 0 || height == 0)
        return OC_FAIL(err, OC_FORMAT, "picture of %ux%u pixels", width, height);
    if (width > OC_FRAME_SIDE_MAX || height > OC_FRAME_SIDE_MAX ||
        (uint64_t)width * height > OC_FRAME_PIXELS_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "picture of %ux%u pixels: at most %d a side and %d million in all", width,
                       height, OC_FRAME_SIDE_MAX, OC_FRAME_PIXELS_MAX / 1000000);
    if (pool)
        return oc_frame_pool_take(pool, format, (int32_t)width, (int32_t)height, out, err);
    return oc_frame_create(format, (int32_t)width, (int32_t)height, out, err);
}

oc_status oc_image_decode_pool(const uint8_t *bytes, size_t n, oc_frame_pool *pool, oc_frame **out,
                               oc_error *err)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    if (n == 0)
        return OC_FAIL(err, OC_FORMAT, "empty: no image in 0 bytes");
    if (n >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff)
        return oc_jpeg_decode(bytes, n, pool, out, err);
    if (n >= sizeof(png) && memcmp(bytes, png, sizeof(png)) == 0)
        return oc_png_decode(bytes, n, pool, out, err);
    if (n < sizeof(png) && (bytes[0] == 0xff || memcmp(bytes, png, n) == 0))
        return OC_FAIL(err, OC_FORMAT, "truncated: %zu bytes are no image", n);
    return OC_FAIL(err, OC_FORMAT, "neither JPEG nor PNG (starts with %02x %02x)", bytes[0],
                   n > 1 ? bytes[1] : 0);
}

oc_status oc_image_decode(const uint8_t *bytes, size_t n, oc_frame **out, oc_error *err)
{
    return oc_image_decode_pool(bytes, n, NULL, out, err);
}

oc_status oc_image_load(const char *path, oc_frame **out, oc_error *err)
{
    struct stat s;
    oc_bytes    file = {0};
    oc_status   st;

    if (stat(path, &s) != 0)
        return OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s: %s", path,
                       strerror(errno));
    if (!S_ISREG(s.st_mode))
        return OC_FAIL(err, OC_IO, "%s: not a file", path);
    if ((st = oc_bytes_open(path, &file, err)) != OC_OK)
        return st; /* names the path itself */
    if ((st = oc_image_decode(file.data, file.n, out, err)) != OC_OK)
        oc_error_prefix(err, "%s", path);
    oc_bytes_close(&file);
    return st;
}

/* The frame as the encoders take it; *made is what has to be given back. */
static oc_status plain_pixels(const oc_frame *frame, const oc_frame **plain, oc_frame **made,
                              oc_error *err)
{
    oc_status st;

    *plain = frame;
    if (frame->format == OC_PIXEL_RGB24 || (frame->format == OC_PIXEL_GRAY8 && frame->full_range))
        return OC_OK;
    st = oc_frame_create(OC_PIXEL_RGB24, frame->width, frame->height, made, err);
    if (st == OC_OK)
        st = oc_frame_convert(frame, *made, err);
    *plain = *made;
    return st;
}

static oc_status encode(const oc_frame *frame, int quality, bool png, uint8_t **out, size_t *n,
                        oc_error *err)
{
    oc_image_sink   sink = {0};
    const oc_frame *plain;
    oc_frame       *made = NULL;
    oc_status       st;

    if ((st = plain_pixels(frame, &plain, &made, err)) != OC_OK)
        goto out;
    st = png ? oc_png_encode(plain, &sink, err) : oc_jpeg_encode(plain, quality, &sink, err);
    if (st != OC_OK)
        goto out;
    *out = sink.data;
    *n = sink.n;
    sink.data = NULL;
out:
    free(sink.data);
    oc_frame_unref(made);
    return st;
}

oc_status oc_image_encode_jpeg(const oc_frame *frame, int quality, uint8_t **out, size_t *n,
                               oc_error *err)
{
    if (quality < 1 || quality > 100)
        return OC_FAIL(err, OC_INVALID, "JPEG quality %d: must be 1..100", quality);
    return encode(frame, quality, false, out, n, err);
}

oc_status oc_image_encode_png(const oc_frame *frame, uint8_t **out, size_t *n, oc_error *err)
{
    return encode(frame, 0, true, out, n, err);
}

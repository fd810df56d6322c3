/* Concatenated JPEGs, as cameras and `ffmpeg -f mjpeg` send them; what stands between the end of
 * one and the start of the next (multipart headers, padding) is skipped. */
#include <string.h>

#include "media/image.h"
#include "media/source_stream.h"

#define JPEG_BYTES_MAX ((size_t)64 << 20)

static oc_status mjpeg_begin(oc_source *s, const oc_source_options *options, oc_error *err)
{
    (void)s;
    (void)options;
    (void)err;
    return OC_OK;
}

/* At least `n` bytes from s->begin; false at the end of the stream. */
static bool reach(oc_source *s, size_t n, oc_status *st, oc_error *err)
{
    if (s->end - s->begin >= n)
        return true;
    if (n > JPEG_BYTES_MAX)
        *st = OC_FAIL(err, OC_FORMAT, "MJPEG: a picture of more than %zu MB", JPEG_BYTES_MAX >> 20);
    else
        *st = oc_stream_fill(s, n, err);
    return *st == OC_OK && s->end - s->begin >= n;
}

/* Moves s->begin to the next start of image. */
static bool find_start(oc_source *s, oc_status *st, oc_error *err)
{
    while (reach(s, 3, st, err)) {
        const uint8_t *b = s->bytes + s->begin;
        if (b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff)
            return true;
        const uint8_t *next = memchr(b + 1, 0xff, s->end - s->begin - 1);
        s->begin = next ? (size_t)(next - s->bytes) : s->end;
    }
    return false;
}

/* The end of the entropy-coded bytes at `at`: the next marker that is not a restart. */
static bool skip_scan(oc_source *s, size_t *at, oc_status *st, oc_error *err)
{
    for (;;) {
        size_t         have = s->end - s->begin;
        const uint8_t *b = s->bytes + s->begin;
        while (*at + 1 < have) {
            const uint8_t *ff = memchr(b + *at, 0xff, have - 1 - *at);
            if (!ff) {
                *at = have - 1;
                break;
            }
            *at = (size_t)(ff - b);
            uint8_t m = b[*at + 1];
            if (m != 0x00 && m != 0xff && (m < 0xd0 || m > 0xd7))
                return true;
            *at += m == 0xff ? 1 : 2;
        }
        if (!reach(s, *at + 2 > have ? *at + 2 : have + 1, st, err))
            return false;
    }
}

/* Length of the picture at s->begin, walking from marker to marker; 0 when it breaks off. */
static size_t picture_bytes(oc_source *s, oc_status *st, oc_error *err)
{
    size_t at = 2;

    for (;;) {
        if (!reach(s, at + 2, st, err))
            return 0;
        const uint8_t *b = s->bytes + s->begin + at;
        if (b[0] != 0xff) { /* not a marker: the decoder shall say what is wrong */
            if (!skip_scan(s, &at, st, err))
                return 0;
            continue;
        }
        if (b[1] == 0xff) {
            at++;
            continue;
        }
        if (b[1] == 0xd9)
            return at + 2;
        if (b[1] == 0x01 || b[1] == 0x00 || (b[1] >= 0xd0 && b[1] <= 0xd8)) {
            at += 2;
            continue;
        }
        if (!reach(s, at + 4, st, err))
            return 0;
        b = s->bytes + s->begin + at;
        bool scan = b[1] == 0xda;
        at += 2 + (((size_t)b[2] << 8) | b[3]);
        if (scan && !skip_scan(s, &at, st, err))
            return 0;
    }
}

static oc_status mjpeg_next(oc_source *s, oc_frame **out, oc_error *err)
{
    oc_status st = OC_OK;

    if (!find_start(s, &st, err))
        return st != OC_OK ? st : OC_END;
    size_t n = picture_bytes(s, &st, err);
    if (st != OC_OK)
        return st;
    if (n == 0)
        return oc_stream_broken(s, err);
    st = oc_image_decode_pool(s->bytes + s->begin, n, s->pool, out, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "after %llu frames", (unsigned long long)s->frames);
        return st;
    }
    s->begin += n;
    return OC_OK;
}

const oc_stream_kind oc_stream_mjpeg = {"mjpeg", mjpeg_begin, mjpeg_next};

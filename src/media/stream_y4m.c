/* YUV4MPEG2: a header line, then "FRAME ...\n" and planes, again and again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/source_stream.h"

#define LINE_MAX_BYTES 1024

/* The next line without its end, at s->begin; *length -1 at the end of the stream. */
static oc_status next_line(oc_source *s, ptrdiff_t *length, oc_error *err)
{
    for (size_t want = 64;; want *= 2) {
        oc_status st = oc_stream_fill(s, want, err);
        if (st != OC_OK)
            return st;
        size_t have = s->end - s->begin;
        if (have == 0) {
            *length = -1;
            return OC_OK;
        }
        const uint8_t *text = s->bytes + s->begin, *end = memchr(text, '\n', have);
        if (end) {
            *length = end - text;
            return OC_OK;
        }
        if (have < want)
            return oc_stream_broken(s, err);
        if (want >= LINE_MAX_BYTES)
            return OC_FAIL(err, OC_FORMAT, "Y4M: a line of more than %d bytes", LINE_MAX_BYTES);
    }
}

static oc_status set_chroma(oc_source *s, const char *c, oc_error *err)
{
    static const struct {
        const char     *text;
        oc_pixel_format format;
        bool            center;
    } rows[] = {
        {"420jpeg", OC_PIXEL_I420, true},   {"420mpeg2", OC_PIXEL_I420, false},
        {"420paldv", OC_PIXEL_I420, false}, {"420", OC_PIXEL_I420, true},
        {"422", OC_PIXEL_I422, false},      {"444", OC_PIXEL_I444, false},
        {"mono", OC_PIXEL_GRAY8, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(c, rows[i].text) == 0) {
            s->format = rows[i].format;
            s->chroma_center = rows[i].center;
            return OC_OK;
        }
    }
    return OC_FAIL(err, OC_UNSUPPORTED, "Y4M: chroma format '%s'", c);
}

static oc_status set_side(const char *text, int32_t *side, oc_error *err)
{
    char *end;
    long  v = strtol(text, &end, 10);

    if (end == text || *end != '\0' || v < 1 || v > OC_FRAME_SIDE_MAX)
        return OC_FAIL(err, OC_FORMAT, "Y4M: width or height '%s', must be 1..%d", text,
                       OC_FRAME_SIDE_MAX);
    *side = (int32_t)v;
    return OC_OK;
}

static oc_status set_tag(oc_source *s, const char *tag, oc_error *err)
{
    long num, den;

    switch (tag[0]) {
    case 'W': return set_side(tag + 1, &s->width, err);
    case 'H': return set_side(tag + 1, &s->height, err);
    case 'C': return set_chroma(s, tag + 1, err);
    case 'F':
        if (sscanf(tag + 1, "%ld:%ld", &num, &den) == 2 && num > 0 && den > 0)
            s->fps = (double)num / (double)den;
        return OC_OK;
    case 'X':
        if (strcmp(tag, "XCOLORRANGE=FULL") == 0)
            s->full_range = true;
        return OC_OK;
    default: return OC_OK; /* interlacing, pixel aspect, comments */
    }
}

static oc_status y4m_begin(oc_source *s, const oc_source_options *options, oc_error *err)
{
    char      line[LINE_MAX_BYTES + 1];
    ptrdiff_t length;
    oc_status st = next_line(s, &length, err);

    if (st != OC_OK)
        return st;
    if (length < 9 || memcmp(s->bytes + s->begin, "YUV4MPEG2", 9) != 0)
        return OC_FAIL(err, OC_FORMAT, "not a Y4M file: it does not start with YUV4MPEG2");
    size_t n = (size_t)length < LINE_MAX_BYTES ? (size_t)length : LINE_MAX_BYTES;
    memcpy(line, s->bytes + s->begin, n);
    line[n] = '\0';
    s->begin += (size_t)length + 1;
    s->format = OC_PIXEL_I420;
    s->chroma_center = true;
    double asked = options->fps;
    char  *rest = line + 9;
    for (char *tag; (tag = strsep(&rest, " ")) != NULL;)
        if (tag[0] && (st = set_tag(s, tag, err)) != OC_OK)
            return st;
    if (asked > 0)
        s->fps = asked;
    if (s->width == 0 || s->height == 0)
        return OC_FAIL(err, OC_FORMAT, "Y4M: the header gives no width and height");
    return OC_OK;
}

static oc_status y4m_next(oc_source *s, oc_frame **out, oc_error *err)
{
    ptrdiff_t length;
    oc_frame *frame;
    oc_status st = next_line(s, &length, err);

    if (st != OC_OK)
        return st;
    if (length < 0)
        return OC_END;
    if (length < 5 || memcmp(s->bytes + s->begin, "FRAME", 5) != 0)
        return OC_FAIL(err, OC_FORMAT, "Y4M: no frame header after %llu frames",
                       (unsigned long long)s->frames);
    s->begin += (size_t)length + 1;
    if ((st = oc_frame_pool_take(s->pool, s->format, s->width, s->height, &frame, err)) != OC_OK)
        return st;
    st = oc_stream_planes(s, frame, err);
    if (st != OC_OK) {
        oc_frame_unref(frame);
        return st == OC_END ? oc_stream_broken(s, err) : st;
    }
    frame->full_range = s->full_range;
    frame->chroma_center = s->chroma_center;
    *out = frame;
    return OC_OK;
}

const oc_stream_kind oc_stream_y4m = {"y4m", y4m_begin, y4m_next};

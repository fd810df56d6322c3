/* Chooses a reader for a URL and hands its frames on, numbered and with the URL in each message. */
#include "media/source.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "media/plugins.h"
#include "media/source_builtin.h"

struct oc_input {
    const oc_media_ops *ops;
    oc_source          *source;
    oc_source_info      info;
    char               *url;
    uint64_t            frames;
};

static const oc_media_ops *const builtin[] = {
    &oc_source_image,
    &oc_source_stream,
    &oc_source_v4l2,
};

#define N_BUILTIN (sizeof(builtin) / sizeof(builtin[0]))

const oc_media_ops *oc_media_reader(size_t i)
{
    return i < N_BUILTIN ? builtin[i] : oc_plugins_at(i - N_BUILTIN);
}

const char *oc_media_complaint(size_t i)
{
    return oc_plugins_complaint(i);
}

const char *oc_url_suffix(const char *url)
{
    const char *slash = strrchr(url, '/'), *dot = strrchr(url, '.');

    return dot && (!slash || dot > slash) ? dot + 1 : "";
}

double oc_source_fps(const oc_source_options *options)
{
    return options->fps > 0 ? options->fps : 25.0;
}

oc_status oc_source_wait(int fd, uint32_t timeout_ms, const volatile int *cancel, oc_error *err)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint32_t      waited = 0;

    for (;;) {
        if (oc_source_cancelled(cancel))
            return OC_FAIL(err, OC_CANCELLED, "cancelled");
        int slice = timeout_ms && timeout_ms - waited < 50 ? (int)(timeout_ms - waited) : 50;
        int n = poll(&p, 1, slice);
        if (n > 0)
            return OC_OK; /* an error condition too: the read that follows reports it */
        if (n < 0 && errno != EINTR)
            return OC_FAIL(err, OC_IO, "poll: %s", strerror(errno));
        waited += (uint32_t)slice;
        if (timeout_ms && waited >= timeout_ms)
            return OC_FAIL(err, OC_IO, "no data for %u ms", timeout_ms);
    }
}

/* A file that is not there is said to be so, whoever would have read it. */
static oc_status check_path(const char *url, oc_error *err)
{
    struct stat s;
    const char *colon = strchr(url, ':');

    if (colon && (strncmp(colon, "://", 3) == 0 || strncmp(url, "v4l2:", 5) == 0 ||
                  strncmp(url, "pipe:", 5) == 0))
        return OC_OK;
    if (strcmp(url, "-") == 0 || strpbrk(url, "*?["))
        return OC_OK;
    if (stat(url, &s) == 0) {
        if (S_ISREG(s.st_mode) && s.st_size == 0)
            return OC_FAIL(err, OC_FORMAT, "the file is empty");
        return OC_OK;
    }
    return OC_FAIL(err, errno == ENOENT || errno == ENOTDIR ? OC_NOT_FOUND : OC_IO, "%s",
                   strerror(errno));
}

static const oc_media_ops *best_of(const oc_media_ops *(*at)(size_t), const char *url)
{
    const oc_media_ops *best = NULL, *ops;
    int                 score = 0;

    for (size_t i = 0; (ops = at(i)) != NULL; i++) {
        int s = ops->probe(url);
        if (s > score) {
            score = s;
            best = ops;
        }
    }
    return best;
}

static const oc_media_ops *builtin_at(size_t i)
{
    return i < N_BUILTIN ? builtin[i] : NULL;
}

static oc_status choose(const oc_source_options *options, const oc_media_ops **out, oc_error *err)
{
    if (options->format && oc_source_stream_wants(options->format)) {
        *out = &oc_source_stream;
        return OC_OK;
    }
    *out = best_of(builtin_at, options->url);
    if (!*out) /* plug-ins are loaded only when nothing else serves */
        *out = best_of(oc_plugins_at, options->url);
    return *out ? OC_OK : oc_plugins_missing("read", err);
}

static oc_status open_source(oc_input *input, const oc_source_options *options, oc_error *err)
{
    oc_source_options o = {.struct_size = sizeof(o)};
    oc_status         st;

    size_t known = options->struct_size < sizeof(o) ? options->struct_size : sizeof(o);
    memcpy(&o, options, known);
    o.struct_size = sizeof(o);
    if (!(o.fps >= 0 && o.fps <= 1e6) || o.width < 0 || o.height < 0)
        return OC_FAIL(err, OC_INVALID, "fps %g, size %dx%d: must not be negative", o.fps, o.width,
                       o.height);
    if ((st = check_path(o.url, err)) != OC_OK || (st = choose(&o, &input->ops, err)) != OC_OK)
        return st;
    input->info.struct_size = sizeof(input->info);
    return input->ops->open(&o, &input->source, &input->info, err);
}

oc_status oc_input_open(const oc_source_options *options, oc_input **out, oc_error *err)
{
    assert(options->url && options->struct_size >= offsetof(oc_source_options, format));
    oc_input *input = calloc(1, sizeof(*input));
    oc_status st = OC_OK;

    if (!input || !(input->url = strdup(options->url)))
        st = OC_FAIL(err, OC_NOMEM, "no memory for a source");
    if (st == OC_OK)
        st = open_source(input, options, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s", options->url[0] ? options->url : "''");
        oc_input_close(input);
        return st;
    }
    *out = input;
    return OC_OK;
}

void oc_input_close(oc_input *input)
{
    if (!input)
        return;
    if (input->source)
        input->ops->close(input->source);
    free(input->url);
    free(input);
}

/* A plug-in's frame is used unseen by everything behind: a bad one stops here. */
static oc_status check_frame(const oc_frame *f, oc_error *err)
{
    bool good = f->width >= 1 && f->height >= 1 && f->width <= OC_FRAME_SIDE_MAX &&
                f->height <= OC_FRAME_SIDE_MAX && oc_pixel_row_bytes(f->format, 0, 1) > 0;

    for (int p = 0; good && p < 3; p++)
        if (oc_pixel_rows(f->format, p, f->height) > 0)
            good = f->plane[p] != NULL;
    return good ? OC_OK
                : OC_FAIL(err, OC_UNSUPPORTED, "the reader gave a frame of %dx%d, format %d",
                          f->width, f->height, (int)f->format);
}

oc_status oc_input_read(oc_input *input, oc_frame **out, oc_error *err)
{
    oc_frame *frame = NULL;
    oc_status st = input->ops->read(input->source, &frame, err);

    if (st == OC_END)
        return st;
    if (st == OC_OK && (st = check_frame(frame, err)) != OC_OK)
        oc_frame_unref(frame);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s", input->url);
        return st;
    }
    frame->index = input->frames++;
    *out = frame;
    return OC_OK;
}

const oc_source_info *oc_input_info(const oc_input *input)
{
    return &input->info;
}

const char *oc_input_reader(const oc_input *input)
{
    return input->ops->name;
}

const char *oc_input_url(const oc_input *input)
{
    return input->url;
}

uint64_t oc_input_frames(const oc_input *input)
{
    return input->frames;
}

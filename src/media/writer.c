#include "media/writer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/frame.h"
#include "media/plugins.h"
#include "media/source.h"
#include "media/source_builtin.h"
#include "media/writer_y4m.h"

struct oc_writer {
    char               *path, *part;
    const oc_media_ops *ops; /* whoever writes; y4m is a table like the plug-ins' */
    void               *file;
    int32_t             width, height;
    oc_frame           *i420; /* for frames of other formats or range */
    bool                failed, made;
};

static const oc_media_ops *plugin_that_writes(void)
{
    const oc_media_ops *ops;

    for (size_t i = 0; (ops = oc_plugins_at(i)) != NULL; i++)
        if (ops->writer_open)
            return ops;
    return NULL;
}

static oc_status check(const char *path, int32_t width, int32_t height, double fps, oc_error *err)
{
    struct stat s;

    if (width < 1 || height < 1 || width > OC_FRAME_SIDE_MAX || height > OC_FRAME_SIDE_MAX ||
        !(fps > 0 && fps <= 1e6))
        return OC_FAIL(err, OC_INVALID, "video of %dx%d at %g frames/s", width, height, fps);
    if (stat(path, &s) == 0 && S_ISDIR(s.st_mode))
        return OC_FAIL(err, OC_IO, "it is a folder");
    if (stat(path, &s) == 0 && !S_ISREG(s.st_mode))
        return OC_FAIL(err, OC_IO, "it is a pipe or a device: a video must be a file");
    return OC_OK;
}

static oc_status start(oc_writer *w, const char *path, double fps, oc_error *err)
{
    oc_status st = check(path, w->width, w->height, fps, err);

    if (st != OC_OK)
        return st;
    w->path = strdup(path);
    if (!w->path || asprintf(&w->part, "%s.part", path) < 0) {
        w->part = NULL;
        return OC_FAIL(err, OC_NOMEM, "no memory for a writer");
    }
    w->ops = strcasecmp(oc_url_suffix(path), "y4m") == 0 ? &oc_writer_y4m : plugin_that_writes();
    if (!w->ops)
        return oc_plugins_missing("write", err);
    st = w->ops->writer_open(w->part, w->width, w->height, fps, &w->file, err);
    w->made = true;
    return st;
}

oc_status oc_writer_open(const char *path, int32_t width, int32_t height, double fps,
                         oc_writer **out, oc_error *err)
{
    oc_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return OC_FAIL(err, OC_NOMEM, "%s: no memory for a writer", path);
    w->width = width;
    w->height = height;
    oc_status st = start(w, path, fps, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s", path);
        oc_writer_drop(w);
        return st;
    }
    *out = w;
    return OC_OK;
}

/* What the encoder takes: limited-range I420. */
static oc_status encodable(oc_writer *w, const oc_frame *frame, const oc_frame **out, oc_error *err)
{
    if (frame->width != w->width || frame->height != w->height)
        return OC_FAIL(err, OC_INVALID, "a frame of %dx%d does not fit a video of %dx%d",
                       frame->width, frame->height, w->width, w->height);
    *out = frame;
    if (frame->format == OC_PIXEL_I420 && !frame->full_range)
        return OC_OK;
    oc_status st = OC_OK;
    if (!w->i420)
        st = oc_frame_create(OC_PIXEL_I420, w->width, w->height, &w->i420, err);
    if (st == OC_OK)
        st = oc_frame_convert(frame, w->i420, err);
    if (st == OC_OK)
        oc_frame_limit_range(w->i420);
    *out = w->i420;
    return st;
}

oc_status oc_writer_put(oc_writer *w, const oc_frame *frame, oc_error *err)
{
    const oc_frame *i420 = NULL;
    oc_status       st = encodable(w, frame, &i420, err);

    if (st == OC_OK) {
        st = w->ops->writer_put(w->file, i420, err);
        w->failed = w->failed || st != OC_OK;
    }
    if (st != OC_OK)
        oc_error_prefix(err, "%s", w->path);
    return st;
}

static void destroy(oc_writer *w)
{
    oc_frame_unref(w->i420);
    free(w->path);
    free(w->part);
    free(w);
}

oc_status oc_writer_close(oc_writer *w, oc_error *err)
{
    oc_status st = w->ops->writer_close(w->file, err);

    if (st == OC_OK && w->failed)
        st = OC_FAIL(err, OC_IO, "a frame could not be written before");
    if (st == OC_OK && rename(w->part, w->path) != 0)
        st = OC_FAIL(err, OC_IO, "rename from '%s': %s", w->part, strerror(errno));
    if (st != OC_OK) {
        unlink(w->part);
        oc_error_prefix(err, "%s", w->path);
    }
    destroy(w);
    return st;
}

void oc_writer_drop(oc_writer *w)
{
    if (!w)
        return;
    if (w->file)
        (void)w->ops->writer_close(w->file, NULL); /* whatever it says, the file goes */
    if (w->made)
        unlink(w->part);
    destroy(w);
}

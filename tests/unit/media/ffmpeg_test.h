/* ffmpeg_test.h -- finds the plug-in of this build, and makes videos with it. */
#ifndef FFMPEG_TEST_H
#define FFMPEG_TEST_H

#include "media_test.h"

#include "media/writer.h"

/* False, with a word to the reader, when the plug-in was not built. */
static inline bool ft_find_plugin(void)
{
    char    path[512];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

    if (n <= 0)
        return false;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    snprintf(slash, 64, "/../plugins");
    setenv("OCELLUS_PLUGINS", path, 1);
    for (size_t i = 0;; i++) {
        const oc_media_ops *ops = oc_media_reader(i);
        if (!ops)
            break;
        if (strcmp(ops->name, "ffmpeg") == 0)
            return true;
    }
    const char *why = oc_media_complaint(0);
    printf("skipped: the plug-in media_ffmpeg is not here (%s)\n", why ? why : "not built");
    return false;
}

/* n frames of moving waves, ten a second. */
static inline void ft_make_video(const char *path, int w, int h, int n)
{
    oc_writer *writer = NULL;

    assert_ok(oc_writer_open(path, w, h, 10, &writer, err));
    for (int i = 0; i < n; i++) {
        oc_frame *f = mt_frame(OC_PIXEL_I420, w, h, (uint32_t)i, true);
        f->pts_ns = (int64_t)i * 100000000;
        assert_ok(oc_writer_put(writer, f, err));
        oc_frame_unref(f);
    }
    assert_ok(oc_writer_close(writer, err));
}

#endif

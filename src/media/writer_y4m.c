#include "media/writer_y4m.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/frame.h"

typedef struct y4m_file {
    FILE   *file;
    int32_t width, height;
    double  fps;
    bool    begun;
} y4m_file;

static oc_status y4m_open(const char *path, int32_t width, int32_t height, double fps, void **out,
                          oc_error *err)
{
    y4m_file *w = calloc(1, sizeof(*w));

    if (!w)
        return OC_FAIL(err, OC_NOMEM, "no memory for a writer");
    *w = (y4m_file){.file = fopen(path, "wbe"), .width = width, .height = height, .fps = fps};
    if (!w->file) {
        oc_status st = OC_FAIL(err, OC_IO, "cannot be written: %s", strerror(errno));
        free(w);
        return st;
    }
    *out = w;
    return OC_OK;
}

static bool begin(y4m_file *w, bool chroma_center)
{
    long num = (long)(w->fps * 1000 + 0.5), den = 1000;

    w->begun = true;
    while (num % 10 == 0 && den > 1) {
        num /= 10;
        den /= 10;
    }
    return fprintf(w->file, "YUV4MPEG2 W%d H%d F%ld:%ld Ip A1:1 %s XCOLORRANGE=LIMITED\n", w->width,
                   w->height, num, den, chroma_center ? "C420jpeg" : "C420mpeg2") > 0;
}

static oc_status y4m_put(void *writer, const oc_frame *f, oc_error *err)
{
    y4m_file *w = writer;
    bool      good = w->begun || begin(w, f->chroma_center);

    good = good && fputs("FRAME\n", w->file) >= 0;
    for (int p = 0; p < 3; p++) {
        size_t n = oc_pixel_row_bytes(OC_PIXEL_I420, p, w->width);
        size_t rows = oc_pixel_rows(OC_PIXEL_I420, p, w->height);
        for (size_t y = 0; good && y < rows; y++)
            good = fwrite(f->plane[p] + (ptrdiff_t)y * f->stride[p], 1, n, w->file) == n;
    }
    return good ? OC_OK : OC_FAIL(err, OC_IO, "write: %s", strerror(errno));
}

static oc_status y4m_close(void *writer, oc_error *err)
{
    y4m_file *w = writer;
    bool      good = (w->begun || begin(w, true)) && !ferror(w->file);
    int       why = errno;

    if (fclose(w->file) != 0) {
        good = false;
        why = errno;
    }
    free(w);
    return good ? OC_OK : OC_FAIL(err, OC_IO, "write: %s", strerror(why));
}

const oc_media_ops oc_writer_y4m = {
    .abi = OC_MEDIA_ABI,
    .struct_size = sizeof(oc_media_ops),
    .name = "y4m",
    .writer_open = y4m_open,
    .writer_put = y4m_put,
    .writer_close = y4m_close,
};

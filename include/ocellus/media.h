/* media.h -- frames, and the table a media plug-in implements to bring them. */
#ifndef OCELLUS_MEDIA_H
#define OCELLUS_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Pixel formats: name, value (ABI), text.  Planar YUV: planes Y, U, V; NV12/NV21: Y, interleaved
 * chroma; the others have one plane. */
#define OC_PIXEL_MAP(X)     \
    X(I420, 1, "i420")      \
    X(I422, 2, "i422")      \
    X(I444, 3, "i444")      \
    X(NV12, 4, "nv12")      \
    X(NV21, 5, "nv21")      \
    X(YUYV, 6, "yuyv")      \
    X(UYVY, 7, "uyvy")      \
    X(GRAY8, 8, "gray8")    \
    X(RGB24, 9, "rgb24")    \
    X(BGR24, 10, "bgr24")   \
    X(RGBA32, 11, "rgba32") \
    X(BGRA32, 12, "bgra32")

typedef enum oc_pixel_format {
    OC_PIXEL_NONE = 0,
#define X(name, value, text) OC_PIXEL_##name = (value),
    OC_PIXEL_MAP(X)
#undef X
} oc_pixel_format;

typedef enum oc_yuv_matrix { OC_YUV_BT601 = 0, OC_YUV_BT709 = 1, OC_YUV_BT2020 = 2 } oc_yuv_matrix;

/* A picture as the decoder left it.  Shared by reference count: whoever keeps it takes a reference;
 * the pixels are read-only while more than one holds it. */
typedef struct oc_frame oc_frame;
struct oc_frame {
    uint32_t        struct_size;
    uint32_t        refs; /* atomic; use oc_frame_ref and oc_frame_unref */
    oc_pixel_format format;
    int32_t         width, height; /* 1 .. 16384; chroma planes are rounded up */
    uint8_t        *plane[3];
    int32_t         stride[3]; /* bytes from row to row; may be negative */
    oc_yuv_matrix   matrix;
    bool            full_range; /* 0..255 instead of 16..235 */
    bool            key;
    bool            chroma_center; /* 4:2:0, 4:2:2: chroma lies between two luma columns (JPEG,
                                      MPEG-1), not on every second one (MPEG-2, H.264) */
    uint64_t        index;         /* 0, 1, 2 ... as captured, dropped ones counted */
    int64_t         pts_ns;        /* stream time, from 0 at the first frame */
    void (*release)(oc_frame *frame, void *owner); /* called when refs reaches 0 */
    void *owner;
};

OC_API oc_frame *oc_frame_ref(oc_frame *frame);
OC_API void      oc_frame_unref(oc_frame *frame); /* NULL is fine */

/* A frame with planes of its own (32-byte aligned rows), for decoders without pools and for
 * drawing.  OC_INVALID: size outside 1..16384.  OC_NOMEM. */
OC_API OC_MUST_CHECK oc_status oc_frame_create(oc_pixel_format format, int32_t width,
                                               int32_t height, oc_frame **out, oc_error *err);

/* ---- sources: implemented by built-in readers and by plug-ins ---- */

typedef struct oc_source oc_source; /* the implementer's own state */

typedef struct oc_source_options {
    uint32_t            struct_size;
    const char         *url;    /* path, folder, "rtsp://...", "v4l2:/dev/video0", "pipe:0" ... */
    const char         *format; /* forced container or pixel format, or NULL */
    double              fps;    /* for sources that have no rate of their own; 0 = 25 */
    int32_t             width, height; /* for raw pipes and cameras; 0 = as the source has it */
    uint32_t            timeout_ms;    /* for opening and for one read of live sources; 0 = 10000 */
    bool                rtsp_udp;      /* RTSP over UDP instead of TCP */
    const volatile int *cancel; /* non-zero: give up soon with OC_CANCELLED; may be NULL.  Set by
                                   an atomic store, from another thread or a signal handler */
} oc_source_options;

typedef struct oc_source_info {
    uint32_t struct_size;
    int32_t  width, height;
    double   fps;    /* nominal; 0 = not known */
    int64_t  frames; /* -1 = not known */
    bool     live;   /* a camera: time does not wait */
    char     codec[32];
} oc_source_info;

#define OC_MEDIA_ABI 1u

typedef struct oc_media_ops {
    uint32_t    abi;         /* OC_MEDIA_ABI */
    uint32_t    struct_size; /* sizeof(oc_media_ops) when compiled */
    const char *name;        /* "ffmpeg" */

    /* 0 = cannot read such a thing; the highest score is asked to open.  Looks at the text, and at
     * most asks what kind of file it names. */
    int (*probe)(const char *url);
    /* `options` and its strings are read during the call only, but `cancel` lives as long as the
     * source.  `info` comes with struct_size set, the rest zeroed. */
    oc_status (*open)(const oc_source_options *options, oc_source **out, oc_source_info *info,
                      oc_error *err);
    /* The next frame, blocking; the caller owns one reference.  OC_END: orderly end of the stream.
     * OC_FORMAT: it broke off or is corrupt here (what came before counts).  OC_IO: lost (live).
     * OC_CANCELLED. */
    oc_status (*read)(oc_source *source, oc_frame **out, oc_error *err);
    void (*close)(oc_source *source);

    /* Encoder, optional as a block: NULL = cannot write.  `path` is the name while the file is being
     * written, "<final name>.part": the container goes by the final name's suffix.  The host renames
     * it, or removes it when a call failed. */
    oc_status (*writer_open)(const char *path, int32_t width, int32_t height, double fps,
                             void **out, oc_error *err);
    oc_status (*writer_put)(void *writer, const oc_frame *i420, oc_error *err);
    oc_status (*writer_close)(void *writer, oc_error *err); /* finishes the file; frees always */
} oc_media_ops;

/* The one symbol a media plug-in exports, as "oc_media_entry".  Plug-ins link against nothing of
 * ours: a frame is the plug-in's own memory with refs 1 and a `release` that takes it back, perhaps
 * from another thread and after close; an error is written into the record (status, message). */
typedef const oc_media_ops *oc_media_entry_fn(void);

#ifdef __cplusplus
}
#endif

#endif

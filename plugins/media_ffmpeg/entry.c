/* The plug-in's table, and errors in FFmpeg's words. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "ffmpeg.h"

static _Thread_local char logged[160];

/* FFmpeg prints to stderr unless told otherwise; a library does not. */
static void keep_errors(void *of, int level, const char *fmt, va_list ap)
{
    (void)of;
    if (level > AV_LOG_ERROR)
        return;
    char text[sizeof(logged)];
    vsnprintf(text, sizeof(text), fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    if (text[0])
        memcpy(logged, text, sizeof(logged));
}

oc_status ff_fail(oc_error *err, oc_status status, const char *file, int line, const char *fmt, ...)
{
    if (!err)
        return status;
    err->status = status;
    err->file = file;
    err->line = line;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    return status;
}

void ff_forget_log(void)
{
    logged[0] = '\0';
}

const char *ff_reason(int code, char *text, size_t text_bytes)
{
    char words[AV_ERROR_MAX_STRING_SIZE] = "";

    av_strerror(code, words, sizeof(words));
    if (logged[0])
        snprintf(text, text_bytes, "%s (%s)", words, logged);
    else
        snprintf(text, text_bytes, "%s", words);
    return text;
}

static void start(void)
{
    av_log_set_callback(keep_errors);
    avformat_network_init();
}

static const oc_media_ops table = {
    .abi = OC_MEDIA_ABI,
    .struct_size = sizeof(oc_media_ops),
    .name = "ffmpeg",
    .probe = ff_probe,
    .open = ff_open,
    .read = ff_read,
    .close = ff_close,
    .writer_open = ff_writer_open,
    .writer_put = ff_writer_put,
    .writer_close = ff_writer_close,
};

OC_API const oc_media_ops *oc_media_entry(void);

const oc_media_ops *oc_media_entry(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, start);
    return &table;
}

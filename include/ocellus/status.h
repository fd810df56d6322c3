/* status.h -- what a call can answer, and the record that says why it failed. */
#ifndef OCELLUS_STATUS_H
#define OCELLUS_STATUS_H

#include <stdarg.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, value, sentence.  Values are part of the ABI: never renumbered. */
#define OC_STATUS_MAP(X)                                      \
    X(OK, 0, "success")                                       \
    X(NOMEM, -1, "out of memory")                             \
    X(INVALID, -2, "invalid argument")                        \
    X(FORMAT, -3, "malformed input")                          \
    X(UNSUPPORTED, -4, "well formed, but not supported here") \
    X(IO, -5, "input/output failure")                         \
    X(BUSY, -6, "queue full, try again later")                \
    X(NOT_FOUND, -7, "no such thing")                         \
    X(END, -8, "end of the stream")                           \
    X(CANCELLED, -9, "cancelled")                             \
    X(DYNAMIC, -10, "decided by the data at run time")

typedef enum oc_status {
#define X(name, value, text) OC_##name = (value),
    OC_STATUS_MAP(X)
#undef X
} oc_status;

/* Filled in by the call that failed.  It lives in the caller's frame, so that reporting an error
 * (out of memory among them) never allocates. */
typedef struct oc_error {
    oc_status   status;
    int         line;         /* our own source: where it was raised */
    const char *file;         /* static string, never freed */
    char        message[488]; /* the input's fault, outermost place first:
                                 "yolo.onnx: node 'conv1' (Conv): kernel 7x7 exceeds ..." */
} oc_error;

#if defined(__GNUC__)
#define OC_API __attribute__((visibility("default")))
#define OC_MUST_CHECK __attribute__((warn_unused_result))
#define OC_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define OC_API
#define OC_MUST_CHECK
#define OC_PRINTF(f, a)
#endif

/* Records a failure and gives back `status`; err may be NULL. */
#define OC_FAIL(err, status, ...) oc_fail_at((err), (status), __FILE__, __LINE__, __VA_ARGS__)
OC_API oc_status oc_fail_at(oc_error *err, oc_status status, const char *file, int line,
                            const char *fmt, ...) OC_PRINTF(5, 6);

/* On the way up: puts "<fmt>: " in front of the message.  err may be NULL. */
OC_API void oc_error_prefix(oc_error *err, const char *fmt, ...) OC_PRINTF(2, 3);

OC_API const char *oc_status_name(oc_status status); /* "OC_NOMEM" */
OC_API const char *oc_status_text(oc_status status); /* "out of memory" */

#ifdef __cplusplus
}
#endif

#endif

/* The error record: formatting without allocation. */
#include <stdio.h>
#include <string.h>

#include "ocellus/status.h"

oc_status oc_fail_at(oc_error *err, oc_status status, const char *file, int line, const char *fmt,
                     ...)
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

void oc_error_prefix(oc_error *err, const char *fmt, ...)
{
    if (!err)
        return;
    char    head[sizeof(err->message)];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(head, sizeof(head), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n + 3 > sizeof(head))
        return; /* no room for the place: the reason matters more */
    size_t room = sizeof(head) - (size_t)n;
    snprintf(head + n, room, ": %.*s", (int)(room - 3), err->message);
    memcpy(err->message, head, sizeof(head));
}

const char *oc_status_name(oc_status status)
{
    switch (status) {
#define X(name, value, text) \
    case OC_##name: return "OC_" #name;
        OC_STATUS_MAP(X)
#undef X
    }
    return "OC_?";
}

const char *oc_status_text(oc_status status)
{
    switch (status) {
#define X(name, value, text) \
    case OC_##name: return text;
        OC_STATUS_MAP(X)
#undef X
    }
    return "unknown status";
}

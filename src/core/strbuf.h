/* strbuf.h -- a text that grows as it is written.
 *
 * Where memory ends `failed` is set and nothing more is written; the caller looks once, at the end.
 * Not for a frame's way: it allocates. */
#ifndef OC_CORE_STRBUF_H
#define OC_CORE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/status.h"

typedef struct oc_strbuf { /* a zeroed one is empty and ready */
    char  *data;           /* NULL, or ends with a zero byte */
    size_t n, cap;
    bool   failed;
} oc_strbuf;

void oc_strbuf_add(oc_strbuf *t, const char *bytes, size_t n);
void oc_strbuf_put(oc_strbuf *t, const char *text);
void oc_strbuf_printf(oc_strbuf *t, const char *fmt, ...) OC_PRINTF(2, 3);
void oc_strbuf_number(oc_strbuf *t, double value);   /* the shortest that reads back as the same */
void oc_strbuf_json(oc_strbuf *t, const char *text); /* in quotes; NULL is "", bytes that are no
                                                      UTF-8 become U+FFFD */
void oc_strbuf_clear(oc_strbuf *t);                  /* keeps the memory */
void oc_strbuf_finish(oc_strbuf *t);

#endif

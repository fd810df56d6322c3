/* json.h -- JSON text into memory of the caller, without allocation.
 *
 * Commas and nesting are kept by the writer.  What does not fit sets `full` and writes nothing
 * more; the caller looks once, at the end.  Strings: UTF-8; control characters are escaped, bytes
 * that are not UTF-8 become U+FFFD.  NaN and infinities become null. */
#ifndef OC_EVENTS_JSON_H
#define OC_EVENTS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/detect.h"

#define OC_JSON_DEPTH 32

typedef struct oc_jsonw {
    char    *text; /* always ends with a zero byte */
    size_t   n, cap;
    bool     full;
    unsigned depth;
    bool     comma[OC_JSON_DEPTH]; /* something stands before, on this level */
} oc_jsonw;

void oc_jsonw_init(oc_jsonw *j, char *text, size_t cap); /* cap >= 1 */

/* key NULL: an element of a list, or the document itself. */
void oc_jsonw_open(oc_jsonw *j, const char *key, char bracket);      /* '{' or '[' */
void oc_jsonw_close(oc_jsonw *j, char bracket);                      /* '}' or ']' */
void oc_jsonw_text(oc_jsonw *j, const char *key, const char *value); /* NULL = null */
void oc_jsonw_int(oc_jsonw *j, const char *key, int64_t value);
void oc_jsonw_uint(oc_jsonw *j, const char *key, uint64_t value);
void oc_jsonw_float(oc_jsonw *j, const char *key, double value, int digits); /* after the point */
void oc_jsonw_bool(oc_jsonw *j, const char *key, bool value);
void oc_jsonw_raw(oc_jsonw *j, const char *key, const char *json, size_t n); /* a value as it is */
void oc_jsonw_box(oc_jsonw *j, const char *key, const oc_box *box); /* [x0,y0,x1,y1], 1/10 pixel */

#endif

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

typedef struct oc_json {
    char    *text; /* always ends with a zero byte */
    size_t   n, cap;
    bool     full;
    unsigned depth;
    bool     comma[OC_JSON_DEPTH]; /* something stands before, on this level */
} oc_json;

void oc_json_init(oc_json *j, char *text, size_t cap); /* cap >= 1 */

/* key NULL: an element of a list, or the document itself. */
void oc_json_open(oc_json *j, const char *key, char bracket); /* '{' or '[' */
void oc_json_close(oc_json *j, char bracket);                 /* '}' or ']' */
void oc_json_text(oc_json *j, const char *key, const char *value); /* NULL = null */
void oc_json_int(oc_json *j, const char *key, int64_t value);
void oc_json_uint(oc_json *j, const char *key, uint64_t value);
void oc_json_float(oc_json *j, const char *key, double value, int digits); /* after the point */
void oc_json_bool(oc_json *j, const char *key, bool value);
void oc_json_box(oc_json *j, const char *key, const oc_box *box); /* [x0,y0,x1,y1], 1/10 pixel */

#endif

/* json_pull.h -- JSON read token by token from a file of any size, in bounded memory.
 *
 * Source: RFC 8259.  UTF-8 is taken as it comes; \u escapes become UTF-8.  Depth, text length and
 * number form are checked; errors name the byte and line. */
#ifndef OC_DATA_JSON_PULL_H
#define OC_DATA_JSON_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#define OC_JSON_DEPTH_MAX 64
#define OC_JSON_TEXT_MAX ((size_t)16 << 20) /* of one string */

typedef enum oc_json_token {
    OC_JSON_OBJECT,     /* {  */
    OC_JSON_OBJECT_END, /* }  */
    OC_JSON_ARRAY,      /* [  */
    OC_JSON_ARRAY_END,  /* ]  */
    OC_JSON_KEY,        /* text */
    OC_JSON_TEXT,       /* text */
    OC_JSON_NUMBER,     /* number */
    OC_JSON_BOOL,       /* number is 0 or 1 */
    OC_JSON_NULL,
    OC_JSON_END, /* of the document */
} oc_json_token;

typedef struct oc_json oc_json;

OC_MUST_CHECK oc_status oc_json_open(const char *path, oc_json **out, oc_error *err);
void                    oc_json_close(oc_json *j); /* NULL is fine */

/* The next token.  Text is valid until the next call; it is 0-ended and holds no other 0. */
OC_MUST_CHECK oc_status oc_json_next(oc_json *j, oc_json_token *token, oc_error *err);
const char             *oc_json_peek_text(const oc_json *j, size_t *n); /* n may be NULL */
double                  oc_json_number(const oc_json *j);
const char             *oc_json_peek_word(const oc_json *j); /* a number as it was written */
uint64_t                oc_json_line(const oc_json *j);      /* of the last token, from 1 */

/* After KEY or inside an array: passes over one whole value. */
OC_MUST_CHECK oc_status oc_json_skip(oc_json *j, oc_error *err); /* texts of any length */
/* The same, kept as JSON in one line: *out is for free(), numbers stand as they were written. */
OC_MUST_CHECK oc_status oc_json_capture(oc_json *j, char **out, oc_error *err);
/* The next token must be of this kind; `what` names it in the message. */
OC_MUST_CHECK oc_status oc_json_expect(oc_json *j, oc_json_token want, const char *what,
                                       oc_error *err);
/* Numbers of a flat array into out[max]; *n tells how many there were (never above max). */
OC_MUST_CHECK oc_status oc_json_numbers(oc_json *j, double *out, size_t max, size_t *n,
                                        oc_error *err);

#endif

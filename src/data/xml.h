/* xml.h -- XML as annotation files use it: elements, attributes, text, one call each.
 *
 * Parsed by expat, as UTF-8.  A document type with declarations is refused before anything of it is used: no
 * entity is ever declared, expanded or fetched.  Depth and length of texts are bounded. */
#ifndef OC_DATA_XML_H
#define OC_DATA_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/status.h"

#define OC_XML_DEPTH_MAX 32
#define OC_XML_TEXT_MAX ((size_t)16 << 20) /* of one element */

typedef struct oc_xml oc_xml;

typedef struct oc_xml_handler {
    /* An element begins; its ancestors are asked for by oc_xml_name.  attrs: name, value, name,
     * value ... NULL. */
    oc_status (*open)(void *ctx, const oc_xml *x, const char *name, const char *const *attrs,
                      oc_error *err);
    /* It ends; text: what stood directly in it, blanks at both ends dropped. */
    oc_status (*close)(void *ctx, const oc_xml *x, const char *name, const char *text,
                       oc_error *err);
    void *ctx;
} oc_xml_handler;

/* OC_FORMAT, and whatever a handler gives back, with "path: line n: " before the reason. */
OC_MUST_CHECK oc_status oc_xml_read(const char *path, const oc_xml_handler *handler, oc_error *err);

/* During a call: how deep the element lies (the document's own: 1), and who is at that depth. */
size_t      oc_xml_depth(const oc_xml *x);
const char *oc_xml_name(const oc_xml *x, size_t depth); /* "" beyond it */
/* In close: the element as it stood in the file, tags and all; not 0-ended. */
const char *oc_xml_peek_raw(const oc_xml *x, size_t *n);

const char *oc_xml_attr(const char *const *attrs, const char *name); /* NULL: none */

#endif

/* gzip.h -- pages and requests made smaller, for who asks for it (RFC 1952). */
#ifndef OC_OBSERVE_GZIP_H
#define OC_OBSERVE_GZIP_H

#include "core/strbuf.h"

/* Replaces text by its gzip form, quickly rather than well: pages of metrics shrink to a tenth.
 * False, and text is as it was: no memory. */
bool oc_gzip(oc_strbuf *text);

#endif

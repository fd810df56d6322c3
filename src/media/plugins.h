/* plugins.h -- the media plug-ins of this process, found and loaded once, when first asked for. */
#ifndef OC_MEDIA_PLUGINS_H
#define OC_MEDIA_PLUGINS_H

#include "ocellus/media.h"

const oc_media_ops *oc_plugins_at(size_t i);        /* NULL past the end; loads */
const char         *oc_plugins_complaint(size_t i); /* why one was refused; NULL past the end */

/* OC_UNSUPPORTED with a message for somebody who wants to `what` ("read", "write") a thing and has
 * no plug-in for it: what failed to load and the package that mends it. */
oc_status oc_plugins_missing(const char *what, oc_error *err);

#endif

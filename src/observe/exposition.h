/* exposition.h -- the metrics as text, in the two forms that Prometheus reads.
 *
 * Sources: OpenMetrics 1.0.0; Prometheus, "Text-based format" 0.0.4. */
#ifndef OC_OBSERVE_EXPOSITION_H
#define OC_OBSERVE_EXPOSITION_H

#include "core/strbuf.h"
#include "telemetry/metrics.h"

typedef enum oc_exposition {
    OC_EXPOSITION_CLASSIC,
    OC_EXPOSITION_OPENMETRICS,
    OC_EXPOSITIONS
} oc_exposition;

/* Runs the collectors and writes a page.  text.failed: no memory. */
void oc_exposition_write(oc_metrics *m, oc_exposition form, oc_strbuf *text);

/* What a client's Accept header asks for; NULL and what we cannot speak give the classic form. */
oc_exposition oc_exposition_choose(const char *accept);

/* Does an Accept-Encoding header (NULL: none) take gzip? */
bool oc_exposition_gzip(const char *accept_encoding);

const char *oc_exposition_name(oc_exposition form); /* "classic", "openmetrics" */
const char *oc_exposition_type(oc_exposition form); /* for Content-Type */

#endif

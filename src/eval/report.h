/* report.h -- a document of figures as one page of HTML that needs nothing else.
 *
 * The document is the JSON of `ocellus eval` (with or without --compare), `ocellus gate` or
 * `ocellus run`; which one it is, its members tell.  Charts are inline SVG, pictures data: URIs. */
#ifndef OC_EVAL_REPORT_H
#define OC_EVAL_REPORT_H

#include <stddef.h>

#include "ocellus/status.h"

#define OC_EVAL_REPORT_SHOWN_MAX 200

typedef struct oc_eval_report_options {
    const char *input;
    const char *baseline;         /* a document of the same kind, told beside it; NULL */
    const char *title;            /* NULL: what the document is */
    const char *images, *gt, *dt; /* detection: folder, truth, results (COCO); all or none */
    size_t      shown;            /* images drawn, at most OC_EVAL_REPORT_SHOWN_MAX */
    const char *events;           /* of a run, a JSON object a line; NULL */
} oc_eval_report_options;

/* Writes the page; it is whole or not there.
 *
 * OC_IO      a file cannot be read or written
 * OC_FORMAT  not JSON, no document that is known, or a member is missing or odd: err names it
 * OC_INVALID an option does not go with the kind of document */
OC_MUST_CHECK oc_status oc_eval_report_write(const oc_eval_report_options *o, const char *path,
                                             oc_error *err);

#endif

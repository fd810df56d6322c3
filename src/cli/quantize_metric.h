/* quantize_metric.h -- what a mixture of integer and float layers is judged by: AP of a detector, or
 * the share of right first classes of a classifier, on labelled pictures. */
#ifndef OC_CLI_QUANTIZE_METRIC_H
#define OC_CLI_QUANTIZE_METRIC_H

#include "cli/pictures.h"
#include "eval/coco.h"
#include "onnx/write_doc.h"
#include "vision/card.h"

typedef struct cli_metric {
    const char *card; /* name or path */
    const char *images,
        *gt; /* a detector's; gt NULL: `images` holds a classifier's labelled pictures */
    char         file[4096]; /* where mixtures are written while they are looked at */
    oc_pool     *pool;
    oc_coco_set  truth;
    cli_pictures pictures;
    const char  *name; /* "AP" or "top-1" */
} cli_metric;

/* out: the file that is being made; mixtures go beside it.  OC_INVALID: the card's network gives
 * neither boxes nor classes, or the truth is of the other kind. */
OC_MUST_CHECK oc_status cli_metric_open(cli_metric *m, const oc_card *card, const char *out,
                                        oc_error *err);
void                    cli_metric_close(cli_metric *m);
size_t                  cli_metric_pictures(const cli_metric *m); /* labelled ones */
/* A q_metric_fn. */
OC_MUST_CHECK oc_status cli_metric_value(void *ctx, const oc_doc *doc, size_t part, double *value,
                                         oc_error *err);

#endif

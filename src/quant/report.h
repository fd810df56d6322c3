/* report.h -- what quantisation did to a network: for people (a page) and for programs (JSON). */
#ifndef OC_QUANT_REPORT_H
#define OC_QUANT_REPORT_H

#include <stdio.h>

#include "quant/search.h"

typedef struct q_summary {
    const q_network *network;
    const q_search  *search; /* NULL: layers were not measured */
    const char      *model, *out;
    const char      *metric; /* "AP", "top-1"; NULL: none */
    double           max_drop;
} q_summary;

OC_MUST_CHECK oc_status q_report_json(const q_summary *s, FILE *to, oc_error *err);
/* One file without references to others; written beside and renamed. */
OC_MUST_CHECK oc_status q_report_html(const q_summary *s, const char *path, oc_error *err);

#endif

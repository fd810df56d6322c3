/* page.h -- writing the report: text with and without escaping, numbers, pictures. */
#ifndef OC_PIPELINE_PAGE_H
#define OC_PIPELINE_PAGE_H

#include "pipeline/state.h"

/* The first failure sticks; everything after it does nothing. */
typedef struct oc_page {
    oc_part  *part;
    oc_error *err;
    oc_status status;
} oc_page;

void oc_page_put(oc_page *page, const char *html);                        /* as it is */
void oc_page_printf(oc_page *page, const char *fmt, ...) OC_PRINTF(2, 3); /* numbers only */
void oc_page_text(oc_page *page, const char *text); /* escaped, for text and quoted attributes */
void oc_page_base64(oc_page *page, const uint8_t *bytes, size_t n);
void oc_page_color(oc_page *page, uint64_t id);   /* "#rrggbb" of a track */
void oc_page_clock(oc_page *page, double time_s); /* "1:07.5" */

extern const char oc_page_style[];

/* Sections with charts: report_charts.c */
void oc_report_activity(oc_page *page, const oc_pipeline *p);
void oc_report_throughput(oc_page *page, const oc_pipeline *p);
void oc_report_stages(oc_page *page, const oc_pipeline *p);
void oc_report_presence(oc_page *page, const oc_pipeline *p);

#endif

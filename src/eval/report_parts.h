/* report_parts.h -- what the sections of a report share.  Private to report*.c. */
#ifndef OC_EVAL_REPORT_PARTS_H
#define OC_EVAL_REPORT_PARTS_H

#define OC_REPORT_TILES 8

#include <jansson.h>
#include <stdbool.h>

#include "eval/report.h"
#include "pipeline/plot.h"

typedef struct oc_report {
    oc_page                       page; /* its status is the report's */
    const oc_eval_report_options *o;
    json_t                       *doc, *base; /* base: NULL without a baseline */
    const struct oc_report_kind  *kind;
    bool                          minus_one; /* -1 stands for "nothing defines it" (COCO) */
} oc_report;

typedef struct oc_report_kind {
    const char *name;                   /* "Detection" */
    const char *tiles[OC_REPORT_TILES]; /* the figures shown large; dots lead into members */
    bool (*is)(const json_t *doc);
    void (*sections)(oc_report *r); /* charts and tables of its own; NULL */
    const char *tables[4];          /* lists of objects told as tables */
    bool        pictures, events;   /* takes --images, --events */
    bool        minus_one;
} oc_report_kind;

/* ---- members: report_members.c.  Each failure names file, member and reason, and sticks. ---- */

/* Room for "sequences[12].alpha.HOTA". */
typedef struct oc_report_place {
    char text[160];
} oc_report_place;

void oc_report_fail(oc_report *r, const json_t *in, const char *where, const char *fmt, ...)
    OC_PRINTF(4, 5);
/* where: of `in` within its document, "" for the document itself. */
oc_report_place oc_report_at(const char *where, const char *key);
oc_report_place oc_report_item(const char *where, size_t i);
/* NAN where the member is null or not there; a member of another kind fails. */
double oc_report_number(oc_report *r, const json_t *in, const char *where, const char *key);
/* "" where it is not there. */
const char *oc_report_text(oc_report *r, const json_t *in, const char *where, const char *key);
/* NULL where it is not there. */
const json_t *oc_report_list(oc_report *r, const json_t *in, const char *where, const char *key);
const json_t *oc_report_object(oc_report *r, const json_t *in, const char *where, const char *key);
/* n numbers of a list, NAN for null; other lengths fail.  false: the list is not there. */
bool oc_report_numbers(oc_report *r, const json_t *in, const char *where, const char *key,
                       double *out, size_t n);
/* "a.b" from nested objects; NULL. */
const json_t *oc_report_find(const json_t *doc, const char *path);
/* The element of a list with this name; NULL. */
const json_t *oc_report_named(const json_t *list, const char *name);

/* ---- text: report_text.c ---- */

/* Of a figure by its name's last part: 1 more is better, -1 less is better, 0 neither. */
int oc_report_direction(const char *figure);
/* A number as a cell's text; "–" for NAN. */
void oc_report_value(oc_report *r, double v, bool whole);
/* " +0.0123", coloured by direction; nothing for NAN. */
void oc_report_delta(oc_report *r, double delta, bool whole, int direction);
/* Escaped, cut to so many letters; for narrow places. */
void oc_report_short(oc_report *r, const char *text, size_t letters);
void oc_report_section(oc_report *r, const char *heading, const char *note); /* note NULL: none */
void oc_report_section_end(oc_report *r);
/* The kind's figures, large; of several sequences those of all together. */
void oc_report_tiles(oc_report *r);
/* Every number of the document but those within lists, with the baseline's. */
void oc_report_figures(oc_report *r);
/* A list of objects: a column for each number, the baseline's rows found by name. */
void oc_report_table(oc_report *r, const char *key);

/* ---- kinds ---- */

void oc_report_detection(oc_report *r);
void oc_report_classes(oc_report *r);
void oc_report_tracking(oc_report *r);
void oc_report_comparison(oc_report *r);
void oc_report_gate(oc_report *r);
void oc_report_run(oc_report *r);
void oc_report_pictures(oc_report *r);

#endif

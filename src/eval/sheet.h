/* sheet.h -- a comparison as one page of HTML that needs nothing else: figures with their intervals,
 * then what changed most, drawn. */
#ifndef OC_EVAL_SHEET_H
#define OC_EVAL_SHEET_H

#include "eval/compare.h"
#include "media/frame.h"
#include "pipeline/page.h"

/* path: of the page, which is whole or not there.  title: what is compared with what. */
OC_MUST_CHECK oc_status oc_sheet_open(const char *path, const char *title, oc_page *page,
                                      oc_error *err);
void oc_sheet_figures(oc_page *page, const oc_compare_run *run, const oc_compare_row *row);
/* Closes and finishes the file; frees in any case. */
OC_MUST_CHECK oc_status oc_sheet_close(oc_page *page, oc_error *err);

/* A section of pairs: begin, any number of cells, end. */
void oc_sheet_begin(oc_page *page, const char *heading);
void oc_sheet_end(oc_page *page);
/* A line over the cells of a unit: its name, the score of both. */
void oc_sheet_unit(oc_page *page, const char *name, double other, double own);
/* Texts beside a picture; file NULL or not a picture: the text alone. */
void oc_sheet_picture(oc_page *page, const char *file, const char *text);

/* Boxes of one image of a run: truths missed are blue, results green where they are right (overlap
 * of .5 or more with a truth of the category) and red where not.  score: those below are not drawn. */
void oc_sheet_boxes(oc_page *page, const char *file, const char *caption, const oc_coco_set *truth,
                    const oc_coco_set *results, int64_t image, double score);

/* Of one truth's track: who followed it when, a strip per run, other above own. */
void oc_sheet_track(oc_page *page, const oc_mot_record *other, const oc_mot_record *own,
                    uint32_t truth);
/* A frame of it: every result in its track's colour, the truth's box (may be NULL) in white.
 * frame: may be NULL, the caption stands alone. */
void oc_sheet_tracked(oc_page *page, const oc_frame *frame, const char *caption,
                      const oc_mot_rows *results, int64_t number, const oc_mot_row *truth);

#endif

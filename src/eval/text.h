/* text.h -- how well text is read: character and word error rates, and detection and reading
 * together.
 *
 * Errors are edits (insert, remove, replace) between what stands there and what was read, over code
 * points of UTF-8 or over words, divided by the truth's number of them.  Detection and reading follow
 * the end-to-end protocol of ICDAR 2015's robust reading competition: a word is found where a result
 * overlaps it by more than half, right where it also reads the same; "###" marks what nobody can
 * read, which neither counts nor harms. */
#ifndef OC_EVAL_TEXT_H
#define OC_EVAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "ocellus/status.h"

#define OC_TEXT_LENGTH_MAX 16384 /* code points of one text */

/* ---- readings ---- */

typedef struct oc_text_row {
    const char *path, *truth, *read;
    uint32_t    chars, char_errors, words, word_errors; /* of the truth; edits */
} oc_text_row;

typedef struct oc_text_scores {
    oc_arena     mem;
    oc_text_row *row;
    size_t       n, cap;
    uint64_t     chars, char_errors, words, word_errors, exact; /* exact: rows without an error */
    double       cer, wer; /* may exceed 1; NaN without truth */
} oc_text_scores;

/* fold: a..z and A..Z are the same.  Blanks at the ends do not count, runs of them are one.
 * OC_UNSUPPORTED: a text is too long. */
OC_MUST_CHECK oc_status oc_text_add(oc_text_scores *s, const char *path, const char *truth,
                                    const char *read, bool fold, oc_error *err);
void                    oc_text_sum(oc_text_scores *s); /* rates from the rows */
/* A table with columns `truth` and `read`, where wanted `path`; others are passed over. */
OC_MUST_CHECK oc_status oc_text_score(const char *csv, bool fold, oc_text_scores *out,
                                      oc_error *err);
void                    oc_text_scores_finish(oc_text_scores *s); /* a zeroed one is fine */

/* ---- found and read ---- */

typedef struct oc_text_word {
    const char *text;
    double      corner[4][2]; /* pixels, in turn; a convex outline */
    bool        placed;       /* false: no corners told, found where it is read */
    bool        unreadable;   /* truth: "###" */
} oc_text_word;

typedef struct oc_text_image {
    const char   *name;
    oc_text_word *truth, *found;
    size_t        n_truth, n_found;
    /* filled in by oc_text_spot */
    uint32_t wanted, given, placed, right; /* truths and results that count; pairs that overlap;
                                              that also read the same */
} oc_text_image;

typedef struct oc_text_set {
    oc_arena       mem;
    oc_text_image *image;
    size_t         n;
} oc_text_set;

/* Folders of text files, one an image, a line a word: eight numbers (four corners) or four (left,
 * top, right, bottom) or none, then the text, all separated by commas; a name "gt_x.txt" or
 * "res_x.txt" stands for x.  Images of the truth without a file of results have found nothing.
 * OC_IO, OC_NOT_FOUND, OC_FORMAT: file, line, reason; results of an image the truth does not have. */
OC_MUST_CHECK oc_status oc_text_set_read(const char *truth, const char *found, oc_text_set *out,
                                         oc_error *err);
void                    oc_text_set_finish(oc_text_set *set); /* a zeroed one is fine */

typedef struct oc_text_rate {
    uint64_t right, wanted, given;
    double   precision, recall, f1; /* 0 where nothing defines them */
} oc_text_rate;

/* iou: overlap above which a word is found (.5). */
void oc_text_spot(oc_text_set *set, double iou, bool fold, oc_text_rate *found, oc_text_rate *read);
oc_text_rate oc_text_rate_of(uint64_t right, uint64_t wanted, uint64_t given);

/* Area that two convex quadrangles share, and of one; corners in either direction. */
double oc_quad_shared(const double a[4][2], const double b[4][2]);
double oc_quad_area(const double a[4][2]);

#endif

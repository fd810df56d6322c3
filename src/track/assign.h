/* assign.h -- who belongs to whom at the least total cost.
 *
 * Shortest augmenting paths over dual prices (Jonker and Volgenant 1987, Crouse 2016), rectangular,
 * with forbidden pairs and the choice to leave a row alone.  O(rows^2 * columns) at worst. */
#ifndef OC_TRACK_ASSIGN_H
#define OC_TRACK_ASSIGN_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

typedef struct oc_assign oc_assign; /* scratch memory; one thread at a time */

#define OC_ASSIGN_NEVER INFINITY

OC_MUST_CHECK oc_status oc_assign_create(size_t rows_max, size_t cols_max, oc_assign **out,
                                         oc_error *err);
void                    oc_assign_destroy(oc_assign *a); /* NULL is fine */

/* Minimises the sum of the pairs' costs plus `alone` for every row without a partner.
 *
 *   cost        [rows][cols], dense; finite (either sign), or OC_ASSIGN_NEVER.  NaN counts as never
 *   alone       finite.  A pair that costs more than this is never made; a value above the sum of
 *               all costs makes as many pairs as can be
 *   row_to_col  [rows]: the partner's column or -1
 *
 * rows and cols may be 0, and are at most the maxima of create.  Ties go to lower columns.
 * Allocates nothing. */
void oc_assign_run(oc_assign *a, const float *cost, size_t rows, size_t cols, double alone,
                   int32_t *row_to_col);
/* The same over doubles, for scores that must not be rounded. */
void oc_assign_run_f64(oc_assign *a, const double *cost, size_t rows, size_t cols, double alone,
                       int32_t *row_to_col);

#endif

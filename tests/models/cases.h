/* cases.h -- the rows of cases.txt, and the files they name. */
#ifndef TESTS_MODELS_CASES_H
#define TESTS_MODELS_CASES_H

#include <stdbool.h>
#include <stddef.h>

#include "support/picture.h"

typedef struct model_case {
    char           name[64], model[256], images[16], rows[64];
    picture_recipe recipe; /* width and height 0: as the network has them */
    double         tolerance;
} model_case;

/* OC_NOT_FOUND: no such row.  OC_FORMAT: a key that is not known. */
OC_MUST_CHECK oc_status case_read(const char *table, const char *name, model_case *out,
                                  oc_error *err);
/* The network's file; false when it is not on this machine. */
bool case_model_path(const model_case *c, char *path, size_t bytes);
/* The i-th picture of the case's list that is on this machine; what is to be cut out of it goes into
 * the recipe. */
bool case_picture_path(const model_case *c, size_t i, char *path, size_t bytes,
                       picture_recipe *recipe);

#endif

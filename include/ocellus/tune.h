/* tune.h -- kernels that `ocellus tune` has measured to be the quickest on this machine.
 *
 * A table from layers (instruction set, shapes, attributes) to names of kernels, for
 * oc_session_options.tune.  It changes speed, and results within rounding; never what runs. */
#ifndef OCELLUS_TUNE_H
#define OCELLUS_TUNE_H

#include "ocellus/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oc_tune oc_tune;

/* Reads what the file says about this machine's processor.  A file that is not there gives an empty
 * table.  So does a damaged one, and *warning (may be NULL) names file, line and fault; its status
 * is OC_OK otherwise.
 *
 * OC_IO  the file is there and cannot be read */
OC_API OC_MUST_CHECK oc_status oc_tune_load(const char *path, oc_tune **out, oc_error *warning,
                                            oc_error *err);
OC_API void oc_tune_destroy(oc_tune *tune); /* NULL is fine; no session may be made with it then */

#ifdef __cplusplus
}
#endif

#endif

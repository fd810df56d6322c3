/* tune.h -- the file that keeps a tune table.
 *
 * Text, a line an entry: processor, key, name of the kernel, divided by tabs, after a first line
 * that names the format.  What stands there about other processors is kept when it is written. */
#ifndef OC_RUNTIME_TUNE_H
#define OC_RUNTIME_TUNE_H

#include "ocellus/tune.h"

#define OC_TUNE_FORMAT "ocellus tune 1"

/* Written beside and renamed, so that a reader sees the old or the new file.  The folder must be
 * there.  A damaged file is replaced. */
OC_MUST_CHECK oc_status oc_tune_save(const oc_tune *tune, const char *path, oc_error *err);

#endif

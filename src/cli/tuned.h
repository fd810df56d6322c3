/* tuned.h -- where `ocellus tune` keeps what it measured: ${XDG_CACHE_HOME:-~/.cache}/ocellus/tune.txt. */
#ifndef OC_CLI_TUNED_H
#define OC_CLI_TUNED_H

#include <stddef.h>

#include "ocellus/tune.h"

OC_MUST_CHECK oc_status cli_tune_path(char *path, size_t n, oc_error *err);
/* For oc_tune_destroy.  A damaged file is told on stderr and counts as empty. */
OC_MUST_CHECK oc_status cli_tune_load(oc_tune **out, oc_error *err);

#endif

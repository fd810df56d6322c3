/* run_check.h -- ocellus run --check: what the pipeline will take of this machine. */
#ifndef OC_CLI_RUN_CHECK_H
#define OC_CLI_RUN_CHECK_H

#include <stdbool.h>

#include "pipeline/site.h"

/* Prints, and gives back the exit code.  file: the pipeline's. */
int cli_run_check(oc_site *site, const char *file, bool json);

#endif

/* process.h -- other programs that `models get` leans on: apt-get, dpkg-deb, python3. */
#ifndef OC_CLI_PROCESS_H
#define OC_CLI_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "ocellus/status.h"

/* Runs argv in `folder` (NULL = here) and waits; its output goes to our stderr.
 * OC_NOT_FOUND: no such program.  OC_IO: it failed; the message tells how. */
OC_MUST_CHECK oc_status cli_run(const char *const argv[], const char *folder, oc_error *err);

/* Starts argv with its output as *fd.  cli_wait tells how it ended; reading less than all of the
 * output is no failure of the program. */
OC_MUST_CHECK oc_status cli_start(const char *const argv[], int *fd, pid_t *pid, oc_error *err);
OC_MUST_CHECK oc_status cli_wait(const char *name, pid_t pid, oc_error *err);

/* Runs argv and keeps what it prints to stdout, for free(); its stderr is ours.  A program that
 * runs for more than `seconds`, or prints more than `most` bytes, is killed.  OC_IO: that, or it
 * failed; OC_CANCELLED. */
OC_MUST_CHECK oc_status cli_capture(const char *const argv[], double seconds, size_t most,
                                    char **text, size_t *n, oc_error *err);

#endif

/* untar.h -- takes named files out of a tar archive, plain or gzipped, read once from front to
 * back. */
#ifndef OC_CLI_UNTAR_H
#define OC_CLI_UNTAR_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/status.h"

typedef struct cli_want {
    const char *path; /* inside the archive, without "./" and the first `strip` folders */
    const char *to;   /* file to write */
    bool        got;
} cli_want;

/* fd is closed.  Formats: ustar, GNU long names, pax paths.  Stops when all wants are got.
 * OC_FORMAT: damaged.  OC_NOT_FOUND: a wanted file is not in it. */
OC_MUST_CHECK oc_status cli_untar(int fd, unsigned strip, cli_want *wants, size_t n, oc_error *err);

#endif

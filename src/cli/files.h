/* files.h -- what fetching does with files: folders, hashes, copies, replacing at once. */
#ifndef OC_CLI_FILES_H
#define OC_CLI_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "ocellus/status.h"

/* Makes the folder and those above it. */
OC_MUST_CHECK oc_status cli_make_folders(const char *path, oc_error *err);

OC_MUST_CHECK oc_status cli_sha256(const char *path, char hex[65], oc_error *err);
/* OC_FORMAT: the file has another hash.  want NULL: any will do. */
OC_MUST_CHECK oc_status cli_check_sha256(const char *path, const char *want, oc_error *err);

OC_MUST_CHECK oc_status cli_copy(const char *from, const char *to, oc_error *err);
/* Leaves bytes [from, to) of the file; OC_FORMAT when it has fewer. */
OC_MUST_CHECK oc_status cli_cut(const char *path, int64_t from, int64_t to, oc_error *err);
/* Renames within a file system, after the bytes have reached the disk. */
OC_MUST_CHECK oc_status cli_replace(const char *from, const char *to, oc_error *err);

bool    cli_exists(const char *path);
int64_t cli_size(const char *path); /* -1: not there */

/* Removes a folder of files (one level of folders in it at most). */
void cli_remove_folder(const char *path);

#endif

/* pictures.h -- lists of pictures with labels: from the command line, a table, a folder. */
#ifndef OC_CLI_PICTURES_H
#define OC_CLI_PICTURES_H

#include <stddef.h>

#include "ocellus/status.h"

typedef struct cli_picture {
    char *path;
    char *label; /* NULL: not told */
} cli_picture;

typedef struct cli_pictures { /* a zeroed one is empty */
    cli_picture *item;
    size_t       n, room;
} cli_pictures;

OC_MUST_CHECK oc_status cli_pictures_add(cli_pictures *p, const char *path, const char *label,
                                         oc_error *err);
/* Lines "path,label"; more columns are ignored, fields may stand in quotes, blanks around them do
 * not count.  Paths are relative to the file's folder.  A first line of exactly "path,label" is a
 * heading; empty lines are skipped.  OC_FORMAT names file and line. */
OC_MUST_CHECK oc_status cli_pictures_csv(cli_pictures *p, const char *file, oc_error *err);
/* JPEG and PNG files, at any depth below the folders in `folder`, whose names are the labels.  In
 * the order of their paths.  OC_NOT_FOUND: none there. */
OC_MUST_CHECK oc_status cli_pictures_folder(cli_pictures *p, const char *folder, oc_error *err);
void                    cli_pictures_finish(cli_pictures *p);

#endif

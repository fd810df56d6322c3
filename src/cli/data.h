/* data.h -- the kinds of `ocellus data`, one file each, and what they share. */
#ifndef OC_CLI_DATA_H
#define OC_CLI_DATA_H

#include "cli/cli.h"
#include "data/file.h"
#include "data/format.h"
#include "ocellus/media.h"

#define OC_DATA_KIND(name, what) int cli_data_##name(int argc, char **argv);
#include "cli/data.inc"
#undef OC_DATA_KIND

/* Where a set of labels comes from, as given on the command line. */
typedef struct cli_data_source {
    const char *from, *path, *images; /* from NULL: guessed */
} cli_data_source;

#define CLI_DATA_SOURCE_OPTIONS(s)                                        \
    {"--from", 's', &(s).from, "FORMAT", "the labels' format (guessed)"}, \
    {                                                                     \
        "--images", 's', &(s).images, "DIR",                              \
            "where the pictures are (looked for beside the labels)"       \
    }

/* OC_INVALID: no such format.  *format may be NULL. */
OC_MUST_CHECK oc_status cli_data_open(const cli_data_source *source, oc_data_set *out,
                                      const oc_data_format **format, oc_error *err);
/* The picture of an image of the set. */
OC_MUST_CHECK oc_status cli_data_picture(const cli_data_source *source, const oc_data_set *set,
                                         uint32_t image, char path[OC_DATA_PATH_MAX],
                                         oc_error *err);
/* A frame as PNG or, by any other ending of the path, JPEG of that quality; written whole or not at
 * all. */
OC_MUST_CHECK oc_status cli_data_save(const char *path, const oc_frame *rgb, int quality,
                                      oc_error *err);
/* OC_INVALID names the formats. */
OC_MUST_CHECK oc_status cli_data_format(const char *name, const oc_data_format **out,
                                        oc_error *err);
/* Bad usage that shows only after options were read: exit code for the status. */
int cli_data_fail(const char *command, const oc_error *err);

#endif

/* eval_mot.h -- two runs of a tracker beside each other: for `eval mot` and `eval track`. */
#ifndef OC_CLI_EVAL_MOT_H
#define OC_CLI_EVAL_MOT_H

#include "cli/eval_compare.h"
#include "eval/mot.h"

#define CLI_MOT_SEQUENCES_MAX (sizeof(((cli_texts *)0)->item) / sizeof(const char *))

typedef struct cli_mot_compare {
    const char *const *name;           /* of the sequences */
    const char *const *file;           /* of their results in a folder of a run */
    const oc_mot_rows *truth, *result; /* [n] */
    size_t             n, block;
    oc_mot_benchmark   benchmark;
    int64_t            frames;   /* at least */
    const cli_texts   *pictures; /* for the sheet: a folder or a video of each sequence */
} cli_mot_compare;

/* clang-format off */
#define CLI_MOT_COMPARE_OPTIONS(pictures, block)                                                   \
    {"--images", 'S', &(pictures), "DIR", "for the sheet: the frames, in the order of their "      \
                                          "names; once for each sequence"},                        \
    {"--video", 'S', &(pictures), "F", "or a video of them"},                                      \
    {"--block", 'u', &(block), "N", "frames that the bootstrap keeps together (30)"}
/* clang-format on */

/* Other runs are a file each, or with several sequences folders of files. */
OC_MUST_CHECK oc_status cli_mot_compare_report(const cli_mot_compare *c, const cli_compare *options,
                                               bool json, oc_error *err);

#endif

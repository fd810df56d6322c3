/* eval_data.h -- what a figure was measured on: its hash goes into every JSON of `ocellus eval`. */
#ifndef OC_CLI_EVAL_DATA_H
#define OC_CLI_EVAL_DATA_H

#include "cli/cli.h"

typedef struct cli_eval_data {
    const char *lock;
    bool        no_hash;
    char        sha256[65]; /* empty: not asked for */
    size_t      files;      /* that it is over */
} cli_eval_data;

extern cli_eval_data cli_measured; /* of the one evaluation of this process */

/* clang-format off */
#define CLI_EVAL_DATA_OPTIONS                                                                      \
    {"--lock", 's', &cli_measured.lock, "F.json", "check the data against its `data lock` first; " \
                                                  "the JSON names the lock's hash"},               \
    {"--no-data-hash", 'f', &cli_measured.no_hash, NULL, "the JSON names no hash of the data"}
/* clang-format on */

/* Hashes what a truth is read from.  A file: its sha256; a folder: that of `data lock FOLDER`;
 * several: over their lines "<sha256>  <path as given>\n", in the order given.  With a lock every
 * file it names is checked, and the hash is the lock's; it is of the first truth or of a folder
 * around it.  Without a lock nothing is read when `json` is off.
 * OC_INVALID: the lock is of other data, or a file is not what it was. */
OC_MUST_CHECK oc_status cli_eval_data_read(const char *const *truth, size_t n, bool json,
                                           oc_error *err);
/* The end of a JSON document: ,"data":{"sha256":...}} and a new line. */
void cli_eval_data_end(void);

#endif

/* gate.h -- what `ocellus gate` found, and the forms it is told in. */
#ifndef OC_CLI_GATE_H
#define OC_CLI_GATE_H

#include "eval/gate.h"

typedef enum cli_gate_state { CLI_GATE_PASSED, CLI_GATE_FAILED, CLI_GATE_SKIPPED } cli_gate_state;

typedef struct cli_gate_outcome { /* of one check */
    cli_gate_state   state;
    oc_gate_findings findings;
    double           seconds;
    char             reason[488]; /* why there was nothing to judge; "" otherwise */
    json_t          *doc;         /* NULL for golden frames */
} cli_gate_outcome;

typedef struct cli_gate_run {
    const char       *path, *device;
    oc_gate           gate;
    cli_gate_outcome *outcome; /* one a check */
    size_t            passed, failed, skipped;
} cli_gate_run;

const char *cli_gate_word(cli_gate_state state); /* "passed" */
/* "AP: 0.31, >= 0.33" or with the reason, in one line. */
void cli_gate_line(const oc_gate_finding *f, char *text, size_t bytes);

json_t *cli_gate_checks_json(const cli_gate_run *run); /* the list; the caller's */

void                    cli_gate_print(const cli_gate_run *run);
OC_MUST_CHECK oc_status cli_gate_print_json(const cli_gate_run *run, oc_error *err);
/* The files are written beside and renamed.  OC_IO. */
OC_MUST_CHECK oc_status cli_gate_write_junit(const cli_gate_run *run, const char *path,
                                             oc_error *err);
OC_MUST_CHECK oc_status cli_gate_write_markdown(const cli_gate_run *run, const char *path,
                                                oc_error *err);
/* An in-toto statement (https://in-toto.io/Statement/v1): subjects are the networks, the predicate
 * says what was measured, on which data, on which device, when. */
OC_MUST_CHECK oc_status cli_gate_write_attestation(const cli_gate_run *run, const char *path,
                                                   oc_error *err);

#endif

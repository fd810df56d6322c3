/* eval_compare.h -- what the kinds of `ocellus eval` share to compare two runs. */
#ifndef OC_CLI_EVAL_COMPARE_H
#define OC_CLI_EVAL_COMPARE_H

#include "cli/cli.h"
#include "eval/compare.h"
#include "eval/sheet.h"

typedef struct cli_compare {
    cli_texts   with, again; /* first of `with`: the other run; behind it, its re-runs */
    const char *folds, *sheet;
    uint64_t    resamples, seed, shown;
} cli_compare;

#define CLI_COMPARE_DEFAULTS                      \
    {                                             \
        .resamples = 1000, .seed = 1, .shown = 12 \
    }

/* clang-format off */
#define CLI_COMPARE_OPTIONS(c)                                                                     \
    {"--compare", 'S', &(c).with, "OTHER", "another run's results, in the same format; given "     \
                                           "again: its re-runs"},                                  \
    {"--again", 'S', &(c).again, "RESULTS", "re-runs of this run (other seeds): their spread"},    \
    {"--fold-of", 's', &(c).folds, "split.json", "figures over the folds: mean and interval"},     \
    {"--sheet", 's', &(c).sheet, "F.html", "what changed most, drawn"},                            \
    {"--resamples", 'u', &(c).resamples, "B", "draws of the bootstrap (1000)"},                    \
    {"--seed", 'u', &(c).seed, "N", "of the draws (1)"},                                           \
    {"--changed", 'u', &(c).shown, "N", "how many of what changed most are told (12)"}
/* clang-format on */

bool cli_compare_wanted(const cli_compare *c);

/* How a kind of evaluation takes part. */
typedef struct cli_compare_kind {
    void *ctx;
    /* Results in the kind's format, made ready.  first: the other run, kept for drawing. */
    oc_status (*make)(void *ctx, const char *path, bool first, oc_compare_run *out, oc_error *err);
    /* Draws a unit, the other run beside this one; may be NULL. */
    void (*draw)(void *ctx, oc_page *page, const oc_compare_run *own, size_t unit);
    /* What changes are told besides units (tracks); may be NULL. */
    void (*more)(void *ctx, oc_page *page, bool json, size_t shown);
} cli_compare_kind;

/* Prints the comparison: a table, or one JSON document. */
OC_MUST_CHECK oc_status cli_compare_report(const cli_compare *c, const cli_compare_kind *kind,
                                           const oc_compare_run *own, uint64_t threads, bool json,
                                           oc_error *err);

/* A number, or null. */
void cli_json_number(const char *key, double v, bool first);

#endif

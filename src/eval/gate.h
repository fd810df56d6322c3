/* gate.h -- what must hold of measured figures before a network or pipeline is let through.
 *
 * A gate is a YAML file of checks (docs/gate.md).  A check names where its figures come from: a
 * command of this program with --json, a JSON document that is there already, or golden frames.
 * Rules bound single figures of that document, or compare them with those of a baseline, which is
 * the document of an earlier run.  Reading and judging live here; running the commands does not. */
#ifndef OC_EVAL_GATE_H
#define OC_EVAL_GATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/yaml.h"
#include "core/arena.h"

#define OC_GATE_CHECKS_MAX 256
#define OC_GATE_WORDS_MAX 96 /* of a command */

typedef enum oc_gate_kind {
    OC_GATE_FLOOR,   /* value >= limit */
    OC_GATE_CEILING, /* value <= limit */
    OC_GATE_DROP,    /* baseline - value <= limit */
    OC_GATE_RISE,    /* value - baseline <= limit */
} oc_gate_kind;

typedef struct oc_gate_rule {
    oc_gate_kind kind;
    const char  *figure; /* members joined by points: "latency_ms.p99" */
    double       limit;
    bool         relative; /* drops and rises: limit is a share of the baseline's magnitude */
} oc_gate_rule;

typedef struct oc_gate_rules {
    oc_gate_rule *rule;
    size_t        n;
} oc_gate_rules;

typedef struct oc_gate_check {
    const char   *name;
    const char   *on[16]; /* device classes it is for; none: all */
    size_t        n_on;
    const char   *command[OC_GATE_WORDS_MAX]; /* words after "ocellus", without --json */
    size_t        n_command;
    const char   *result;             /* instead of a command: a document; else NULL */
    const char   *model;              /* golden: the network; else what the attestation is about */
    const char   *golden;             /* instead of both: a folder of cases; else NULL */
    double        absolute, relative; /* golden: |difference| <= absolute + relative * |expected| */
    const char   *baseline;           /* a document; NULL */
    const char   *data[32];           /* files and folders the figures were measured on */
    size_t        n_data;
    double        timeout; /* seconds */
    oc_gate_rules rules;
    const char   *each_in, *each_by; /* rules for every element of a list or map; NULL */
    const char   *except[64];        /* but those of these names */
    size_t        n_except;
    oc_gate_rules each;
} oc_gate_check;

typedef struct oc_gate {
    const char    *name;
    oc_gate_check *check;
    size_t         n;
    oc_arena       arena;
    oc_yaml       *doc; /* owns the texts */
} oc_gate;

/* OC_IO, OC_FORMAT with "file:line:column: reason". */
OC_MUST_CHECK oc_status oc_gate_read(const char *path, oc_gate *out, oc_error *err);
void                    oc_gate_finish(oc_gate *gate);

/* Whether the check is for this class of device. */
bool oc_gate_concerns(const oc_gate_check *check, const char *device);

/* One rule met with one figure. */
typedef struct oc_gate_finding {
    char   figure[160]; /* "categories[person].AP"; golden: "case/output" */
    char   rule[96];    /* ">= 0.33", "drop <= 1% of 0.3335" */
    char   reason[160]; /* of a failure without a value: "not in the document" */
    double value;       /* NAN: none */
    double bound;       /* the value it was compared with */
    bool   passed;
} oc_gate_finding;

typedef struct oc_gate_findings { /* a zeroed one is empty */
    oc_gate_finding *item;
    size_t           n, cap, failed;
} oc_gate_findings;

void oc_gate_findings_finish(oc_gate_findings *f);

/* A new finding at the end, zeroed but for `passed`; NULL: out of memory. */
oc_gate_finding *oc_gate_find(oc_gate_findings *f, bool passed);

/* Judges a document by the check's rules.  base: the baseline's document, NULL where the check has
 * none.  OC_NOMEM. */
OC_MUST_CHECK oc_status oc_gate_judge(const oc_gate_check *check, const json_t *doc,
                                      const json_t *base, oc_gate_findings *out, oc_error *err);

#endif

/* choice.h -- which of several kernels serves a node: candidates by name, a guess, and what a tuner
 * has measured.
 *
 * An operator with more than one way tells in prepare what the ways are called and which one its
 * cost model takes for the quickest; the session's tune table, where it knows the node's key,
 * overrules the guess.  The key says everything that the times depend on and nothing else: instruction
 * set, operator, shapes, attributes; so that networks share what was measured. */
#ifndef OC_OPS_CHOICE_H
#define OC_OPS_CHOICE_H

#include "ocellus/tune.h"
#include "ops/op.h"

#define OC_CHOICE_MAX 8
#define OC_CHOICE_KEY_MAX 160
#define OC_CHOICE_NAME_MAX 24

/* Of one node, in the memory of its program. */
typedef struct oc_choice {
    char        key[OC_CHOICE_KEY_MAX]; /* one word: no spaces */
    const char *name[OC_CHOICE_MAX];    /* static: "direct-16", "winograd-4" */
    unsigned    n, guess, at;           /* at: the one that serves */
} oc_choice;

/* Settles which candidate serves and tells so in p->work->choice.  What a table names that is not
 * among the candidates (an old one, another build) counts as not known. */
OC_MUST_CHECK oc_status oc_choice_make(const oc_prepare *p, const char *key,
                                       const char *const *names, unsigned n, unsigned guess,
                                       unsigned *at, oc_error *err);

/* ---- the table: key -> name ---- */

OC_MUST_CHECK oc_status oc_tune_create(oc_tune **out, oc_error *err); /* for oc_tune_destroy */
/* key and name are copied; a key that is there already gets the new name. */
OC_MUST_CHECK oc_status oc_tune_put(oc_tune *tune, const char *key, const char *name,
                                    oc_error *err);
const char             *oc_tune_find(const oc_tune *tune, const char *key); /* NULL: not known */
/* The i-th entry in the order of keys; false past the end. */
bool oc_tune_at(const oc_tune *tune, size_t i, const char **key, const char **name);

#endif

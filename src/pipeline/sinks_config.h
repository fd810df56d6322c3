/* sinks_config.h -- `sinks:` of a pipeline file, and the observer through which events reach them
 * (docs/buses.md). */
#ifndef OC_PIPELINE_SINKS_CONFIG_H
#define OC_PIPELINE_SINKS_CONFIG_H

#include "config/yaml.h"
#include "events/sinks.h"

struct oc_observer;

typedef struct oc_sink_secret { /* of which pair the value comes from outside the file */
    size_t      pair;
    const char *file, *env; /* one of them */
} oc_sink_secret;

#define OC_SINK_SECRETS_MAX 4

typedef struct oc_sinks_config {
    oc_sink_config      item[OC_SINKS_MAX];
    const oc_yaml_node *at[OC_SINKS_MAX];
    oc_sink_secret      secret[OC_SINKS_MAX][OC_SINK_SECRETS_MAX];
    size_t              n_secrets[OC_SINKS_MAX];
    size_t              n;
    uint32_t            drain_ms; /* how long the end of a run may deliver: the longest of all */
    char               *text[OC_SINKS_MAX * OC_SINK_PAIRS_MAX]; /* values written out */
    size_t              n_texts;
} oc_sinks_config;

/* Kinds, keys and ranges; neither plug-ins nor secrets are looked at.  The texts belong to the
 * document. */
OC_MUST_CHECK oc_status oc_sinks_config_read(const oc_yaml_node *list, oc_sinks_config **out,
                                             oc_error *err);
void                    oc_sinks_config_destroy(oc_sinks_config *c); /* NULL is fine */

/* What can be told without opening anything: plug-ins and secrets are there.  Errors name the place
 * in the file. */
OC_MUST_CHECK oc_status oc_sinks_config_check(const oc_sinks_config *c, oc_error *err);
/* only: name of the one that is wanted, or NULL. */
OC_MUST_CHECK oc_status oc_sinks_start(const oc_sinks_config *c, const char *group,
                                       const char *only, oc_sinks **out, oc_error *err);

/* Every event of every stream that it is given to goes to the sinks. */
void oc_sinks_observe(oc_sinks *sinks, struct oc_observer *out);

#endif

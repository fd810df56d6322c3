/* sinks.h -- all the ways out of a process: which events go where, how dear each is. */
#ifndef OC_EVENTS_SINKS_H
#define OC_EVENTS_SINKS_H

#include "events/bus_kinds.h"
#include "events/sink.h"

#define OC_SINKS_MAX 8
#define OC_SINK_TYPES_MAX 32
#define OC_SINK_PAIRS_MAX 64

typedef struct oc_sink_rank {
    const char *type;
    oc_priority priority;
} oc_sink_rank;

/* Texts are read during oc_sinks_create only.  Options of the bus: secrets stand under their plain
 * key, "password"; see oc_sinks_secret. */
typedef struct oc_sink_config {
    const char     *name, *kind;
    const char     *type[OC_SINK_TYPES_MAX]; /* none = all */
    size_t          n_types;
    oc_sink_rank    rank[OC_SINK_TYPES_MAX]; /* instead of the usual one */
    size_t          n_ranks;
    oc_bus_pair     pair[OC_SINK_PAIRS_MAX];
    size_t          n_pairs;
    const char     *spool; /* path; NULL = the default one, "" = none */
    oc_sink_options o;     /* figures only */
} oc_sink_config;

typedef struct oc_sinks oc_sinks;

/* group names what the sinks belong to, in default paths of spools.  All or none are made.
 * As oc_sink_create; OC_UNSUPPORTED: a plug-in is missing. */
OC_MUST_CHECK oc_status oc_sinks_create(const oc_sink_config *config, size_t n, const char *group,
                                        oc_sinks **out, oc_error *err);
/* Several threads at once.  line: a JSON object. */
void   oc_sinks_put(oc_sinks *s, const char *stream, const char *type, const char *line, size_t n);
size_t oc_sinks_count(const oc_sinks *s);
const char *oc_sinks_name(const oc_sinks *s, size_t i);
const char *oc_sinks_kind(const oc_sinks *s, size_t i);
void        oc_sinks_stats(oc_sinks *s, size_t i, oc_sink_stats *out);
/* Delivers what it can in drain_ms, all sinks together.  NULL is fine.  last: final figures of each,
 * or NULL. */
void oc_sinks_destroy(oc_sinks *s, uint32_t drain_ms, oc_sink_stats *last);

/* The priority that a type has where nobody says otherwise. */
oc_priority oc_sinks_priority(const char *type);
const char *oc_sinks_priority_name(oc_priority p); /* "low" */

/* Where the spool of a sink is by default; makes no folder. */
OC_MUST_CHECK oc_status oc_sinks_spool_path(const char *group, const char *sink, char *path,
                                            size_t bytes, oc_error *err);
/* A secret from a file (its first line) or a variable; *out for free().  OC_IO, OC_INVALID. */
OC_MUST_CHECK oc_status oc_sinks_secret(const char *file, const char *env, char **out,
                                        oc_error *err);

#endif

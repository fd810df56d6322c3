/* site_config.h -- the streams that a pipeline file describes: one, or those of its `streams:`.
 *
 * With `streams:` the rest of the file is what they have in common; each entry is laid over it
 * (oc_yaml_merge) and has a name of its own. */
#ifndef OC_PIPELINE_SITE_CONFIG_H
#define OC_PIPELINE_SITE_CONFIG_H

#include "pipeline/config.h"

#define OC_STREAMS_MAX 64
#define OC_STREAM_NAME_MAX 64 /* letters; with `streams:` they are names of folders, too */

typedef struct oc_site_config {
    oc_yaml            *doc;
    const char         *file, *name;
    bool                many;       /* has `streams:` */
    oc_yaml            *common_doc; /* the root without `streams:` */
    const oc_yaml_node *common;
    const oc_yaml_node *over[OC_STREAMS_MAX];
    oc_pipeline_config *stream[OC_STREAMS_MAX]; /* NULL once moved out */
    size_t              n;
} oc_site_config;

/* OC_IO, OC_FORMAT: "file:line:column: reason". */
OC_MUST_CHECK oc_status oc_site_config_load(const char *path, oc_site_config **out, oc_error *err);
OC_MUST_CHECK oc_status oc_site_config_memory(const char *name, const void *text, size_t bytes,
                                              oc_site_config **out, oc_error *err);
void                    oc_site_config_destroy(oc_site_config *c); /* NULL is fine */

/* One stream more, of settings given as text (YAML or JSON, a map) that `from` stands for in
 * messages.  Its name is checked; whether it is there already is the caller's to look at. */
OC_MUST_CHECK oc_status oc_site_config_stream(const oc_site_config *c, const char *from,
                                              const void *text, size_t bytes,
                                              oc_pipeline_config **out, oc_error *err);

/* 1 .. 64 of letters, digits, '_', '-' and '.', not a '.' first. */
bool oc_stream_name_ok(const char *name);

#endif

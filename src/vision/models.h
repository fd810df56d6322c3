/* models.h -- networks that several users in a process have in common: read once, and their packed
 * weights kept once.  Each user makes sessions of its own on them. */
#ifndef OC_VISION_MODELS_H
#define OC_VISION_MODELS_H

#include "sched/sched.h"

typedef struct oc_models oc_models; /* for several threads at once */

OC_MUST_CHECK oc_status oc_models_create(oc_models **out, oc_error *err);
/* All that was taken has been given back.  NULL is fine. */
void oc_models_destroy(oc_models *models);

/* The network in this file; read now, unless it is in use already and the file has not changed.
 * For oc_models_give.  Errors as of oc_model_load. */
OC_MUST_CHECK oc_status oc_models_take(oc_models *models, const char *path, oc_model **out,
                                       oc_error *err);
/* The last to give a network back frees it.  model NULL is fine. */
void oc_models_give(oc_models *models, oc_model *model);

/* The scheduler's number of the network that has this name: added, as the options say, at the first
 * call.  Numbers are never given back; when the scheduler has no more, unlike networks share one. */
#define OC_MODELS_NAME 128
OC_MUST_CHECK oc_status oc_models_network(oc_models *models, oc_sched *sched,
                                          const oc_sched_network_options *options,
                                          uint32_t *network, oc_error *err);

/* Something made of the network in this file that several users have in common: made for the first who
 * asks with this key, destroyed after the last has given it back.  A file that has changed is another
 * one.  `make` may take networks. */
typedef struct oc_models_part {
    oc_status (*make)(void *ctx, void **out, oc_error *err);
    void (*destroy)(void *part);
    void *ctx; /* for make */
} oc_models_part;
OC_MUST_CHECK oc_status oc_models_part_take(oc_models *models, const char *path, const char *key,
                                            const oc_models_part *part, void **out, oc_error *err);
void                    oc_models_part_give(oc_models *models, void *part); /* NULL is fine */

size_t oc_models_count(oc_models *models); /* networks in use */

#endif

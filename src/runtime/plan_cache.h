/* plan_cache.h -- plans kept in a folder, made when they are missed.
 *
 * A plan's name is a hash of what was asked for: the model's path, bound shapes, instruction set,
 * options.  Whether it still fits (the model's contents, this build, ...) the plan itself tells: one
 * that is refused is made anew.  Several processes may share a folder: plans appear whole. */
#ifndef OC_RUNTIME_PLAN_CACHE_H
#define OC_RUNTIME_PLAN_CACHE_H

#include "ocellus/session.h"

#define OC_PLAN_CACHE_BYTES_MAX ((uint64_t)2 << 30)

typedef struct oc_plan_cache {
    const char *folder;    /* made, for its owner alone, when it is not there */
    uint64_t    bytes_max; /* of all plans: those not used for the longest go first */
} oc_plan_cache;

typedef struct oc_plan_cache_seen {
    bool served;    /* from the plan that was there */
    char note[400]; /* why that was refused, or why none could be kept; else "" */
} oc_plan_cache_seen;

/* As oc_session_create on the model at that path, to the bit.  What keeps the cache from being used
 * or written is no failure but a note.  options: of this header's size.  OC_INVALID: options with a tune
 * table, which no name could tell apart. */
OC_MUST_CHECK oc_status oc_plan_cache_open(const oc_plan_cache *cache, const char *model_path,
                                           const oc_session_options *options, oc_session **out,
                                           oc_plan_cache_seen *seen, oc_error *err);

/* The same in two steps, for who has the model at hand.  find: *out stays as it is where no plan serves;
 * then the session that was made without is given to keep. */
OC_MUST_CHECK oc_status oc_plan_cache_find(const oc_plan_cache *cache, const char *model_path,
                                           const oc_session_options *options, oc_session **out,
                                           oc_plan_cache_seen *seen, oc_error *err);
OC_MUST_CHECK oc_status oc_plan_cache_keep(const oc_plan_cache *cache, const char *model_path,
                                           const oc_session_options *options,
                                           const oc_session *session, oc_plan_cache_seen *seen,
                                           oc_error *err);

#endif

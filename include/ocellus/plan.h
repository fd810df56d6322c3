/* plan.h -- a compiled network kept in a file, so that the next start takes milliseconds.
 *
 * A plan holds the optimised graph, the packed weights as this machine's kernels read them, and
 * what it depends on: the model's sha256, bound shapes, instruction set, options and the build of
 * this library.  It is mapped, not read: processes share its pages.  See docs/plans.md. */
#ifndef OCELLUS_PLAN_H
#define OCELLUS_PLAN_H

#include "ocellus/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes what a session has compiled.  The file appears whole or not at all, readable and writable
 * by its owner alone.  The model must come from a file that is still the same.
 *
 * OC_UNSUPPORTED  another backend than "cpu", a model from memory, shapes decided by the data
 * OC_INVALID      the model's file changed since it was loaded
 * OC_IO           the file cannot be written */
OC_API OC_MUST_CHECK oc_status oc_plan_save(const oc_session *session, const char *path,
                                            oc_error *err);

/* A session from a plan: as oc_session_create on model_path would make it, to the bit.
 *
 *   model_path  the file the plan was made from; read only when its time stamps differ
 *   options     what the plan was made with; shapes may be left out (the plan's are taken).  Read
 *               during this call only; NULL = defaults
 *   out         for oc_session_destroy; untouched on failure
 *
 * OC_NOT_FOUND    there is no such file
 * OC_UNSUPPORTED  it was made from another model, for other shapes, options or instruction sets, by
 *                 another build or version of this library: err says which; make it anew
 * OC_FORMAT       no plan, or a damaged one
 * OC_IO           it cannot be read, or it (or its folder) is not the user's own
 * OC_NOMEM        the limits of the options are too low; err tells the need */
OC_API OC_MUST_CHECK oc_status oc_plan_open(const char *path, const char *model_path,
                                            const oc_session_options *options, oc_session **out,
                                            oc_error *err);

#ifdef __cplusplus
}
#endif

#endif

/* recording_info.h -- what ran: in front of every segment, so that a replay can run the same.
 *
 * One JSON object:
 *   run                             another one for every opening of a stream
 *   version, build, cpu, arch, isa, threads
 *   pipeline: file, text; source, at, width, height, fps, gallery
 *   networks: [{role, card, card_sha256, model, model_sha256}], gallery_sha256
 *   kernels: {layer: kernel}        what serves each layer for which there was a choice
 *   stages, drops: names            numbers in the blocks are places in these lists */
#ifndef OC_PIPELINE_RECORDING_INFO_H
#define OC_PIPELINE_RECORDING_INFO_H

#include <jansson.h>

#include "pipeline/state.h"

/* The text, for free.  Reads the networks' files (their hashes). */
OC_MUST_CHECK oc_status oc_recording_info_make(const oc_pipeline *p, const char *run, char **out,
                                               oc_error *err);

/* For json_decref.  OC_FORMAT: not JSON, or something is missing or of the wrong kind. */
OC_MUST_CHECK oc_status oc_recording_info_parse(const void *text, size_t n, json_t **out,
                                                oc_error *err);

const char *oc_info_text(const json_t *info, const char *key); /* "" where it is not there */

/* Each thing in which `here` (of a pipeline made for the replay) is not as it was recorded. */
typedef void oc_info_differs_fn(void *ctx, const char *what, const char *was, const char *is);
void oc_recording_info_compare(const json_t *was, const json_t *here, oc_info_differs_fn *differs,
                               void *ctx);

/* The kernels as a table that forces them; for oc_tune_destroy. */
OC_MUST_CHECK oc_status oc_recording_info_tune(const json_t *info, oc_tune **out, oc_error *err);

#endif

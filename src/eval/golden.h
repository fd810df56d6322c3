/* golden.h -- golden frames: inputs of a network with the outputs it must give for them.
 *
 * A folder of cases, each CASE/inputs/PORT.npy and CASE/outputs/PORT.npy; in file names '/' and
 * ':' of a port's name are '_', as `ocellus infer --output` writes them. */
#ifndef OC_EVAL_GOLDEN_H
#define OC_EVAL_GOLDEN_H

#include "eval/gate.h"
#include "ocellus/session.h"

/* Runs every case and leaves a finding per output (and per output without an expectation, and per
 * expectation without an output).  OC_NOT_FOUND: no case there.  OC_IO, OC_FORMAT, OC_INVALID: a
 * file or the network is at fault. */
OC_MUST_CHECK oc_status oc_golden_run(const char *model, const char *folder, double absolute,
                                      double relative, oc_pool *pool, oc_gate_findings *out,
                                      oc_error *err);

#endif

/* taps.h -- a document run on samples, with chosen values as outputs.
 *
 * A session per input shape is made when it is first met and kept.  Half-written documents never get
 * here: what runs is what would be written. */
#ifndef OC_QUANT_TAPS_H
#define OC_QUANT_TAPS_H

#include "onnx/write_doc.h"
#include "quant/samples.h"

typedef struct q_runner q_runner;

/* names: float values to look at, beside the document's own outputs where `outputs`; those that are
 * outputs already are not made twice.  The document is not changed and not needed afterwards. */
OC_MUST_CHECK oc_status q_runner_create(const oc_doc *doc, const char *const *names, size_t n,
                                        bool outputs, oc_pool *pool, q_runner **out, oc_error *err);
void                    q_runner_destroy(q_runner *r); /* NULL is fine */

/* Results in the order: names, then outputs (the document's order).  Valid until the next run. */
size_t                  q_runner_results(const q_runner *r);
const char             *q_runner_name(const q_runner *r, size_t i);
OC_MUST_CHECK oc_status q_runner_run(q_runner *r, const oc_tensor_view *in,
                                     const oc_tensor_view **results, oc_error *err);
/* The network's inputs. */
size_t q_runner_inputs(const q_runner *r, const oc_port **ports);

#endif

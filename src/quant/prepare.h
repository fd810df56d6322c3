/* prepare.h -- a network made ready for quantisation, with the same results. */
#ifndef OC_QUANT_PREPARE_H
#define OC_QUANT_PREPARE_H

#include "quant/index.h"

/* The operator set raised to 13, the first with scales per channel: forms that changed between the
 * file's and that one are rewritten.  Files of 13 and newer stay as they are.
 * OC_UNSUPPORTED: opset below 7, graphs inside nodes, or a form that has no like; names the node. */
OC_MUST_CHECK oc_status q_raise_opset(oc_doc *doc, oc_error *err);

/* On to 21, the first whose QuantizeLinear gives 16 bits; of a document raised to 13. */
OC_MUST_CHECK oc_status q_raise_wide(oc_doc *doc, oc_error *err);

/* Constants become initializers, initializers that are inputs too become constants, Identity and
 * Dropout go. */
OC_MUST_CHECK oc_status q_tidy(oc_doc *doc, oc_error *err);

/* Batch normalisation, and products and sums with a number per channel, folded into the convolution
 * or product before them. */
OC_MUST_CHECK oc_status q_fold(oc_doc *doc, oc_error *err);

/* All of these, in that order. */
OC_MUST_CHECK oc_status q_prepare(oc_doc *doc, oc_error *err);

/* ---- helpers for rewrites ---- */

/* A copy of a float tensor in the document's arena. */
OC_MUST_CHECK float    *q_floats(oc_doc *doc, const oc_tensor_view *view, size_t *n);
OC_MUST_CHECK oc_status q_new_tensor(oc_doc *doc, const char *base, oc_dtype dtype,
                                     const oc_shape *shape, const void *data, const char **name,
                                     oc_error *err);

#endif

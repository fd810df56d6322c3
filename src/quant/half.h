/* half.h -- a network whose weights are stored in half precision.
 *
 * Each float32 constant of 64 elements or more that a node reads becomes float16, with a Cast back in
 * front of its readers: inputs, outputs and arithmetic stay float32, and runtimes undo the cast while
 * they load.  A constant with a value beyond half's range (65504) stays as it is. */
#ifndef OC_QUANT_HALF_H
#define OC_QUANT_HALF_H

#include "onnx/write_doc.h"

typedef struct q_halved {
    size_t tensors; /* in half precision */
    size_t left;    /* not: out of range */
} q_halved;

OC_MUST_CHECK oc_status q_halve(oc_doc *doc, q_halved *out, oc_error *err);
OC_MUST_CHECK oc_status q_halve_file(const char *from, const char *to, q_halved *out,
                                     oc_error *err);

#endif

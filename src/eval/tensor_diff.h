/* tensor_diff.h -- how far a tensor is from the one that was expected. */
#ifndef OC_EVAL_TENSOR_DIFF_H
#define OC_EVAL_TENSOR_DIFF_H

#include "ocellus/tensor.h"

typedef struct oc_tensor_diff {
    size_t elements, beyond; /* beyond: |got - expected| > absolute + relative * |expected| */
    double largest;          /* |got - expected|; infinite where only one of them is a number */
    double largest_expected; /* largest |expected| */
    size_t at;               /* element of the largest difference, row-major */
    double got, expected;    /* there */
} oc_tensor_diff;

/* Element i, row-major, of any type; NAN for a type this cannot read. */
double oc_tensor_element(const oc_tensor_view *v, size_t i);

/* Two NaNs are equal, two infinities of one sign too.  OC_INVALID: type or shape differ; the
 * message says both.  OC_UNSUPPORTED: a type this cannot read. */
OC_MUST_CHECK oc_status oc_tensor_compare(const oc_tensor_view *got, const oc_tensor_view *expected,
                                          double absolute, double relative, oc_tensor_diff *out,
                                          oc_error *err);

#endif

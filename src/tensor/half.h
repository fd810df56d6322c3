/* half.h -- IEEE 754 binary16, kept as its bits. */
#ifndef OC_TENSOR_HALF_H
#define OC_TENSOR_HALF_H

#include <stddef.h>
#include <stdint.h>

typedef uint16_t oc_half;

float   oc_half_to_float(oc_half h);   /* exact; NaN keeps its payload */
oc_half oc_half_from_double(double d); /* nearest, ties to even; overflow gives infinity */
static inline oc_half oc_half_from_float(float f)
{
    return oc_half_from_double((double)f); /* the widening is exact: one rounding only */
}

/* n of them, from and to memory of any alignment of its element. */
void oc_half_to_floats(size_t n, const oc_half *from, float *to);
void oc_half_from_floats(size_t n, const float *from, oc_half *to);

#endif

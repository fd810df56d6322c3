#include "eval/tensor_diff.h"

#include <math.h>

#include "tensor/half.h"

double oc_tensor_element(const oc_tensor_view *v, size_t i)
{
    switch (v->info.dtype) {
    case OC_F32: return (double)((const float *)v->data)[i];
    case OC_F64: return ((const double *)v->data)[i];
    case OC_F16: return (double)oc_half_to_float(((const uint16_t *)v->data)[i]);
    case OC_U8:
    case OC_BOOL: return ((const uint8_t *)v->data)[i];
    case OC_I8: return ((const int8_t *)v->data)[i];
    case OC_U16: return ((const uint16_t *)v->data)[i];
    case OC_I16: return ((const int16_t *)v->data)[i];
    case OC_U32: return ((const uint32_t *)v->data)[i];
    case OC_I32: return ((const int32_t *)v->data)[i];
    case OC_U64: return (double)((const uint64_t *)v->data)[i];
    case OC_I64: return (double)((const int64_t *)v->data)[i];
    case OC_DTYPE_NONE: break;
    }
    return NAN;
}

static double distance(double got, double expected)
{
    if (got == expected || (isnan(got) && isnan(expected)))
        return 0;
    double d = fabs(got - expected);
    return isnan(d) ? (double)INFINITY : d;
}

oc_status oc_tensor_compare(const oc_tensor_view *got, const oc_tensor_view *expected,
                            double absolute, double relative, oc_tensor_diff *out, oc_error *err)
{
    const oc_tensor_info *g = &got->info, *e = &expected->info;
    char                  a[96], b[96];
    *out = (oc_tensor_diff){0};
    if (g->dtype != e->dtype || !oc_shape_equal(&g->shape, &e->shape))
        return OC_FAIL(err, OC_INVALID, "%s %s, expected is %s %s", oc_dtype_name(g->dtype),
                       oc_shape_text(&g->shape, a, sizeof(a)), oc_dtype_name(e->dtype),
                       oc_shape_text(&e->shape, b, sizeof(b)));
    if (oc_dtype_bytes(g->dtype) == 0 || !oc_shape_elements(&g->shape, &out->elements))
        return OC_FAIL(err, OC_UNSUPPORTED, "a tensor of %s", oc_dtype_name(g->dtype));
    for (size_t i = 0; i < out->elements; i++) {
        const double x = oc_tensor_element(got, i), y = oc_tensor_element(expected, i),
                     d = distance(x, y);
        const double size = isfinite(y) ? fabs(y) : 0;
        out->beyond += d > absolute + relative * size;
        out->largest_expected = size > out->largest_expected ? size : out->largest_expected;
        if (d > out->largest || i == 0) {
            out->largest = d;
            out->at = i;
            out->got = x;
            out->expected = y;
        }
    }
    return OC_OK;
}

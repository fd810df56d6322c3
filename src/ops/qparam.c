#include "ops/qparam.h"

#include <math.h>

bool oc_is_byte(oc_dtype dtype)
{
    return dtype == OC_U8 || dtype == OC_I8;
}

int32_t oc_zero_at(oc_dtype dtype, const void *data, size_t i)
{
    if (!data)
        return 0;
    switch (dtype) {
    case OC_U8: return ((const uint8_t *)data)[i];
    case OC_I8: return ((const int8_t *)data)[i];
    case OC_U16: return ((const uint16_t *)data)[i];
    case OC_I16: return ((const int16_t *)data)[i];
    case OC_I32: return ((const int32_t *)data)[i];
    default: return 0;
    }
}

oc_status oc_qparams_constant(const oc_infer *ask, uint64_t inputs, oc_error *err)
{
    for (uint32_t i = 0; i < ask->n_in && i < 64; i++)
        if ((inputs >> i & 1) && ask->in[i].dtype != OC_DTYPE_NONE && !ask->in_data[i])
            return OC_FAIL(err, OC_DYNAMIC,
                           "input %u, a scale or zero point, is computed at run time", i);
    return OC_OK;
}

oc_status oc_qzero_read(const oc_args *a, uint32_t i_zero, oc_dtype dtype, size_t n,
                        const char *what, oc_qparam *out, oc_error *err)
{
    *out = (oc_qparam){.dtype = dtype};
    if (!oc_args_has(a, i_zero))
        return OC_OK;
    if (!a->data[i_zero])
        return OC_FAIL(err, OC_DYNAMIC, "the zero point of %s is computed at run time", what);
    if (a->in[i_zero]->dtype != dtype)
        return OC_FAIL(err, OC_FORMAT, "the zero point of %s is %s, not %s", what,
                       oc_dtype_name(a->in[i_zero]->dtype), oc_dtype_name(dtype));
    out->n_zero = oc_elements(a->in[i_zero]);
    if (out->n_zero != 1 && out->n_zero != n)
        return OC_FAIL(err, OC_FORMAT, "%zu zero points of %s, must be 1 or %zu", out->n_zero, what,
                       n);
    out->zero = a->data[i_zero];
    return OC_OK;
}

oc_status oc_qparam_read(const oc_args *a, uint32_t i_scale, uint32_t i_zero, oc_dtype dtype,
                         size_t n, const char *what, oc_qparam *out, oc_error *err)
{
    oc_status st = oc_qzero_read(a, i_zero, dtype, n, what, out, err);
    if (st != OC_OK)
        return st;
    if (!oc_args_has(a, i_scale) || a->in[i_scale]->dtype != OC_F32)
        return OC_FAIL(err, OC_FORMAT, "the scale of %s must be float32", what);
    if (!a->data[i_scale])
        return OC_FAIL(err, OC_DYNAMIC, "the scale of %s is computed at run time", what);
    out->scale = a->data[i_scale];
    out->n_scale = oc_elements(a->in[i_scale]);
    if (out->n_scale != 1 && out->n_scale != n)
        return OC_FAIL(err, OC_FORMAT, "%zu scales of %s, must be 1 or %zu", out->n_scale, what, n);
    for (size_t i = 0; i < out->n_scale; i++)
        if (!(out->scale[i] > 0.0f) || !isfinite(out->scale[i]))
            return OC_FAIL(err, OC_FORMAT, "scale %zu of %s is %g", i, what, (double)out->scale[i]);
    return OC_OK;
}

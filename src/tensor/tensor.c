#include "ocellus/tensor.h"

#include <stdio.h>

const char *oc_dtype_name(oc_dtype dtype)
{
    switch (dtype) {
#define X(name, value, bytes, text) \
    case OC_##name: return text;
        OC_DTYPE_MAP(X)
#undef X
    case OC_DTYPE_NONE: break;
    }
    return "?";
}

size_t oc_dtype_bytes(oc_dtype dtype)
{
    switch (dtype) {
#define X(name, value, bytes, text) \
    case OC_##name: return bytes;
        OC_DTYPE_MAP(X)
#undef X
    case OC_DTYPE_NONE: break;
    }
    return 0;
}

bool oc_shape_elements(const oc_shape *shape, size_t *elements)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0 || __builtin_mul_overflow(n, shape->dim[i], &n))
            return false;
    *elements = (size_t)n;
    return true;
}

bool oc_shape_equal(const oc_shape *a, const oc_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *oc_shape_text(const oc_shape *shape, char *text, size_t text_bytes)
{
    size_t at = 0;
    snprintf(text, text_bytes, "%s", shape->rank ? "" : "scalar");
    for (uint32_t i = 0; i < shape->rank && at < text_bytes; i++) {
        int n = shape->dim[i] < 0 ? snprintf(text + at, text_bytes - at, "%s?", i ? "x" : "")
                                  : snprintf(text + at, text_bytes - at, "%s%lld", i ? "x" : "",
                                             (long long)shape->dim[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    return text;
}

bool oc_tensor_bytes(const oc_tensor_info *info, size_t *bytes)
{
    size_t n;
    return oc_shape_elements(&info->shape, &n) &&
           !__builtin_mul_overflow(n, oc_dtype_bytes(info->dtype), bytes);
}

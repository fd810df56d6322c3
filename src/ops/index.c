#include "ops/index.h"

#include "ops/args.h"

oc_status oc_index_check(const oc_tensor_info *info, oc_error *err)
{
    if (info->dtype != OC_I64 && info->dtype != OC_I32)
        return OC_FAIL(err, OC_FORMAT, "indices are %s, must be int64 or int32",
                       oc_dtype_name(info->dtype));
    return oc_shape_known(info, "the tensor of indices", err);
}

oc_status oc_index_check_range(const oc_slot *slot, int64_t dim, oc_error *err)
{
    size_t n = slot->data ? oc_elements(&slot->info) : 0;
    for (size_t i = 0; i < n; i++) {
        int64_t k = slot->info.dtype == OC_I64 ? ((const int64_t *)slot->data)[i]
                                               : ((const int32_t *)slot->data)[i];
        if (k < -dim || k >= dim)
            return OC_FAIL(err, OC_FORMAT, "index %zu is %lld, the axis has %lld", i, (long long)k,
                           (long long)dim);
    }
    return OC_OK;
}

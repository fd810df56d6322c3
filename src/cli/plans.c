#include "cli/plans.h"

#include <stdio.h>

static void tell(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "plan cache: %s\n", text);
}

oc_status cli_plans(char *folder, size_t bytes, oc_net_plans *out, oc_error *err)
{
    oc_status st = oc_store_cache("plans", folder, bytes, err);
    if (st == OC_OK)
        *out = (oc_net_plans){.cache = {.folder = folder, .bytes_max = OC_PLAN_CACHE_BYTES_MAX},
                              .note = tell};
    return st;
}

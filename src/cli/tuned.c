#include "cli/tuned.h"

#include <stdio.h>

#include "vision/store.h"

oc_status cli_tune_path(char *path, size_t n, oc_error *err)
{
    return oc_store_cache("tune.txt", path, n, err);
}

oc_status cli_tune_load(oc_tune **out, oc_error *err)
{
    char      path[4096];
    oc_error  warning;
    oc_status st = cli_tune_path(path, sizeof(path), err);

    if (st == OC_OK)
        st = oc_tune_load(path, out, &warning, err);
    if (st == OC_OK && warning.status != OC_OK)
        fprintf(stderr, "warning: %s; kernels are chosen by guess\n", warning.message);
    return st;
}

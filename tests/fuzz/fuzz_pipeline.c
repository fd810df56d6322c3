/* Pipelines: YAML, every key, every name that refers to another. */
#include <stdlib.h>

#include "fuzz.h"
#include "pipeline/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    oc_pipeline_config *config = NULL;
    oc_error            err = {0};
    oc_status           st = oc_pipeline_config_memory("fuzz.yaml", data, n, &config, &err);
    if (st != OC_OK && (!err.message[0] || err.status != st))
        abort(); /* a refusal without a reason */
    oc_pipeline_config_destroy(config);
    return 0;
}

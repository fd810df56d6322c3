/* How many pictures a network is to take at once. */
#include "pipeline/batch.h"

#define WAIT_MAX_S 1.0

void oc_batch_read(oc_yaml_map *map, uint32_t missing, oc_batch_config *out)
{
    out->at = oc_yaml_any_or(map, "batch");
    out->most = (uint32_t)oc_yaml_int_or(map, "batch", 1, OC_LANE_BATCH_MAX, missing);
    out->wait_s = oc_yaml_seconds_or(map, "batch_wait", 0);
    if (out->wait_s > WAIT_MAX_S)
        oc_yaml_object(map, "batch_wait", "longer than a second");
    else if (out->wait_s > 0 && out->most < 2)
        oc_yaml_object(map, "batch_wait", "goes with a 'batch' of 2 or more");
}

void oc_batch_apply(const oc_batch_config *config, oc_net_options *options)
{
    options->batch = config->most;
    options->batch_wait_ns = (uint64_t)(config->wait_s * 1e9);
    options->batch_bytes_max = config->at ? 0 : OC_BATCH_BYTES;
}

oc_status oc_batch_check(const oc_batch_config *config, const oc_net *net, oc_error *err)
{
    const char *why;
    if (!config->at || config->most < 2 || oc_net_batch(net, &why) > 1)
        return OC_OK;
    return oc_yaml_fail(err, config->at, "network '%s' %s", oc_net_card(net)->name, why);
}

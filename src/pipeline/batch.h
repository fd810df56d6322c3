/* batch.h -- `batch` and `batch_wait` of a pipeline's networks, from the file to the network. */
#ifndef OC_PIPELINE_BATCH_H
#define OC_PIPELINE_BATCH_H

#include "pipeline/config.h"
#include "vision/net.h"

/* What a lane of a network that was not told may take: several small pictures at once gain much and cost
 * little, large ones the other way round. */
#define OC_BATCH_BYTES ((uint64_t)4 << 20)

/* `missing` where the file says nothing: that many as far as the network and OC_BATCH_BYTES allow. */
void oc_batch_read(oc_yaml_map *map, uint32_t missing, oc_batch_config *out);
void oc_batch_apply(const oc_batch_config *config, oc_net_options *options);
/* What the file asks for by name must be there. */
OC_MUST_CHECK oc_status oc_batch_check(const oc_batch_config *config, const oc_net *net,
                                       oc_error *err);

#endif

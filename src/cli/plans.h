/* plans.h -- the user's folder of compiled networks. */
#ifndef OC_CLI_PLANS_H
#define OC_CLI_PLANS_H

#include "vision/net.h"
#include "vision/store.h"

/* folder: OC_PATH_MAX bytes, borrowed by *out; what kept a plan from working goes to stderr. */
OC_MUST_CHECK oc_status cli_plans(char *folder, size_t bytes, oc_net_plans *out, oc_error *err);

#endif

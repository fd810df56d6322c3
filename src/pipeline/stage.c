/* Names of stages. */
#include "pipeline/stage.h"

static const struct {
    const char *name, *what;
} stages[] = {
#define X(name, text, what) {text, what},
    OC_STAGE_MAP(X)
#undef X
};

const char *oc_stage_name(oc_stage stage)
{
    return stages[stage].name;
}

const char *oc_stage_what(oc_stage stage)
{
    return stages[stage].what;
}

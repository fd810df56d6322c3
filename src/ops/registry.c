#include <string.h>

#include "ops/op.h"

#define OC_OP(symbol) extern const oc_op oc_op_##symbol;
#include "ops/list.inc"
#undef OC_OP

static const oc_op *const rows[] = {
#define OC_OP(symbol) &oc_op_##symbol,
#include "ops/list.inc"
#undef OC_OP
};

const oc_op *oc_op_at(size_t i)
{
    return i < sizeof(rows) / sizeof(rows[0]) ? rows[i] : NULL;
}

const oc_op *oc_op_find(const char *domain, const char *op_type)
{
    if (strcmp(domain, "ai.onnx") == 0)
        domain = "";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i]->name, op_type) == 0 && strcmp(rows[i]->domain, domain) == 0)
            return rows[i];
    return NULL;
}

#include "kernels/u8_table.h"

oc_k_u8_table_fn *oc_k_u8_table(oc_isa have)
{
    oc_k_u8_table_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_u8_table__##name;
#include "kernels/u8_table.inc"
#undef OC_K
    return best;
}

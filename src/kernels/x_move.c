#include "kernels/x_move.h"

oc_k_x_move_fn *oc_k_x_move(oc_isa have)
{
    oc_k_x_move_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_x_move__##name;
#include "kernels/x_move.inc"
#undef OC_K
    return best;
}

#include "kernels/f32_reduce.h"

#include <math.h>

oc_k_f32_reduce_fn *oc_k_f32_reduce(oc_isa have)
{
    oc_k_f32_reduce_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_reduce__##name;
#include "kernels/f32_reduce.inc"
#undef OC_K
    return best;
}

void oc_reduce_start(oc_reduce_kind kind, float acc[8])
{
    for (int i = 0; i < 8; i++)
        acc[i] = kind == OC_REDUCE_MAX    ? -INFINITY
                 : kind == OC_REDUCE_MIN  ? INFINITY
                 : kind == OC_REDUCE_PROD ? 1.0f
                                          : 0.0f;
}

static float join(oc_reduce_kind kind, float a, float b)
{
    switch (kind) {
    case OC_REDUCE_MAX: return isnan(a) || a > b ? a : b;
    case OC_REDUCE_MIN: return isnan(a) || a < b ? a : b;
    case OC_REDUCE_PROD: return a * b;
    default: return a + b;
    }
}

float oc_reduce_fold(oc_reduce_kind kind, const float acc[8])
{
    const float a = join(kind, join(kind, acc[0], acc[4]), join(kind, acc[2], acc[6]));
    const float b = join(kind, join(kind, acc[1], acc[5]), join(kind, acc[3], acc[7]));

    return join(kind, a, b);
}

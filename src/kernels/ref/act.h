/* act.h -- y = act(x) for one value: what the reference kernels store, and what the vector versions
 * are measured against.  NaN in gives NaN out. */
#ifndef OC_KERNELS_REF_ACT_H
#define OC_KERNELS_REF_ACT_H

#include <math.h>

#include "tensor/act.h"

static inline float oc_act_sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

/* min(hi, max(lo, x)): lo > hi gives hi. */
static inline float oc_act_clamp(float x, float lo, float hi)
{
    float v = x < lo ? lo : x;
    return v > hi ? hi : v;
}

/* x * tanh(log(1 + e)) with e = exp(x) is x * n / (n + 2), n = e * (e + 2): no logarithm, and for
 * x > 20 the factor is 1 to the last bit while e * e would leave float at 44. */
static inline float oc_act_mish(float x)
{
    if (x > 20.0f)
        return x;
    float e = expf(x), n = e * (e + 2.0f);
    return x * (n / (n + 2.0f));
}

static inline float oc_act_gelu(float x)
{
    return 0.5f * x * (1.0f + erff(x * 0.70710678f));
}

static inline float oc_act_apply(oc_act act, float x)
{
    switch (act.kind) {
    case OC_ACT_NONE: return x;
    case OC_ACT_RELU: return x < 0.0f ? 0.0f : x;
    case OC_ACT_CLIP: return oc_act_clamp(x, act.a, act.b);
    case OC_ACT_LEAKY: return x < 0.0f ? act.a * x : x;
    case OC_ACT_SIGMOID: return oc_act_sigmoid(x);
    case OC_ACT_SILU: return x == -INFINITY ? -0.0f : x * oc_act_sigmoid(x); /* its limit */
    case OC_ACT_HARDSIGMOID: return oc_act_clamp(act.a * x + act.b, 0.0f, 1.0f);
    case OC_ACT_HARDSWISH: return x * oc_act_clamp(act.a * x + act.b, 0.0f, 1.0f);
    case OC_ACT_TANH: return tanhf(x);
    case OC_ACT_GELU: return oc_act_gelu(x);
    case OC_ACT_MISH: return oc_act_mish(x);
    }
    return x;
}

#endif

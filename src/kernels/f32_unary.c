#include "kernels/f32_unary.h"

static const struct {
    oc_act_kind   act;
    oc_unary_kind kind;
} pairs[] = {
    {OC_ACT_RELU, OC_UNARY_RELU},           {OC_ACT_CLIP, OC_UNARY_CLIP},
    {OC_ACT_LEAKY, OC_UNARY_LEAKY},         {OC_ACT_SIGMOID, OC_UNARY_SIGMOID},
    {OC_ACT_SILU, OC_UNARY_SILU},           {OC_ACT_HARDSIGMOID, OC_UNARY_HARDSIGMOID},
    {OC_ACT_HARDSWISH, OC_UNARY_HARDSWISH}, {OC_ACT_TANH, OC_UNARY_TANH},
    {OC_ACT_GELU, OC_UNARY_GELU},           {OC_ACT_MISH, OC_UNARY_MISH},
};

oc_k_f32_unary_fn *oc_k_f32_unary(oc_isa have)
{
    oc_k_f32_unary_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_unary__##name;
#include "kernels/f32_unary.inc"
#undef OC_K
    return best;
}

oc_act_kind oc_unary_act_kind(oc_unary_kind kind)
{
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (pairs[i].kind == kind)
            return pairs[i].act;
    return OC_ACT_NONE;
}

oc_unary oc_unary_of_act(oc_act act)
{
    oc_unary op = {OC_UNARY_CLIP, (double)act.a, (double)act.b};

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (pairs[i].act == act.kind)
            op.kind = pairs[i].kind;
    return op;
}

/* act.h -- activations that kernels compute on a result before it is stored: y = act(x). */
#ifndef OC_TENSOR_ACT_H
#define OC_TENSOR_ACT_H

typedef enum oc_act_kind {
    OC_ACT_NONE,
    OC_ACT_RELU,
    OC_ACT_CLIP,  /* min(b, max(a, x)) */
    OC_ACT_LEAKY, /* x >= 0 ? x : a * x */
    OC_ACT_SIGMOID,
    OC_ACT_SILU,        /* x * sigmoid(x) */
    OC_ACT_HARDSIGMOID, /* min(1, max(0, a * x + b)) */
    OC_ACT_HARDSWISH,   /* x * min(1, max(0, a * x + b)); a = 1/6, b = 1/2 */
    OC_ACT_TANH,
    OC_ACT_GELU, /* x / 2 * (1 + erf(x / sqrt(2))) */
    OC_ACT_MISH, /* x * tanh(log(1 + exp(x))) */
} oc_act_kind;

typedef struct oc_act {
    oc_act_kind kind;
    float       a, b;
} oc_act;

#endif

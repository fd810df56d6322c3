#include "kernels/f32_binary.h"

#include <math.h>

static float apply(oc_binary_kind kind, float a, float b)
{
    switch (kind) {
    case OC_BINARY_ADD: return a + b;
    case OC_BINARY_SUB: return a - b;
    case OC_BINARY_MUL: return a * b;
    case OC_BINARY_DIV: return a / b;
    case OC_BINARY_MIN: return isnan(a) || a < b ? a : b;
    case OC_BINARY_MAX: return isnan(a) || a > b ? a : b;
    case OC_BINARY_PRELU: return a < 0.0f ? a * b : a;
    case OC_BINARY_KEEP_EQUAL: return a == b ? a : a * 0.0f;
    default: return powf(a, b);
    }
}

void oc_k_f32_binary__ref(const oc_f32_binary *w)
{
    for (size_t i = 0; i < w->n; i++)
        w->y[i] = apply(w->kind, w->a[oc_operand_at(w->a_is, i)], w->b[oc_operand_at(w->b_is, i)]);
}

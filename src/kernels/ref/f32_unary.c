#include "kernels/f32_unary.h"

#include "kernels/ref/act.h"

#define T float
#define F(name) name##f
#define APPLY apply
#include "kernels/ref/unary.tmpl.h"

/* What kernels fuse is computed by the very same function here. */
void oc_k_f32_unary__ref(const oc_unary *op, size_t n, const float *x, float *y)
{
    const oc_act act = {oc_unary_act_kind(op->kind), (float)op->a, (float)op->b};

    if (act.kind != OC_ACT_NONE) {
        for (size_t i = 0; i < n; i++)
            y[i] = oc_act_apply(act, x[i]);
        return;
    }
    for (size_t i = 0; i < n; i++)
        y[i] = apply(op, x[i]);
}

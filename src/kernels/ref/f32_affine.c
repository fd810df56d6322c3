#include "kernels/f32_affine.h"

void oc_k_f32_affine__ref(const oc_f32_affine *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const size_t k = oc_operand_at(w->is, i);

        w->y[i] = (w->x[i] - w->m[k]) * w->a[k] + w->b[k];
    }
}

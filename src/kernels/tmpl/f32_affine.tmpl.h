/* f32_affine.tmpl.h -- oc_k_f32_affine of the vocabulary that is included. */
#include "kernels/f32_affine.h"

OC_INLINE vf affine(vf x, vf m, vf a, vf b)
{
    return vf_fma(vf_sub(x, m), a, b);
}

static void each_its_own(const oc_f32_affine *w)
{
    const size_t n = w->n;
    size_t       i = 0;

    for (; i + VF <= n; i += VF)
        vf_store(w->y + i, affine(vf_load(w->x + i), vf_load(w->m + i), vf_load(w->a + i),
                                  vf_load(w->b + i)));
    if (i < n)
        vf_store_n(w->y + i, n - i,
                   affine(vf_load_n(w->x + i, n - i), vf_load_n(w->m + i, n - i),
                          vf_load_n(w->a + i, n - i), vf_load_n(w->b + i, n - i)));
}

/* Of the eight lanes no more is read than there are elements. */
OC_INLINE vf fixed(const float *p, oc_operand is, size_t n)
{
    return is == OC_OPERAND_ONE ? vf_load1(p) : n < 8 ? vf_load_n(p, n) : vf_load8(p);
}

void OC_KERNEL(f32_affine)(const oc_f32_affine *w)
{
    const size_t n = w->n;
    const float *x = w->x;
    float       *y = w->y;
    size_t       i = 0;

    if (w->is == OC_OPERAND_FULL) {
        each_its_own(w);
        return;
    }
    const vf m = fixed(w->m, w->is, n), a = fixed(w->a, w->is, n), b = fixed(w->b, w->is, n);
    for (; i + VF <= n; i += VF)
        vf_store(y + i, affine(vf_load(x + i), m, a, b));
    if (i < n)
        vf_store_n(y + i, n - i, affine(vf_load_n(x + i, n - i), m, a, b));
}

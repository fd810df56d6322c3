/* x8_qmul.tmpl.h -- oc_k_x8_qmul of a vocabulary with eight floats in a vector; four at a time where
 * there is BYTES_OF_4 (s32_finish.tmpl.h). */
#include <math.h>

#include "kernels/x8_qmul.h"

typedef struct factors {
    const uint8_t *a, *b;
    vf             a_zero, b_zero, eight, ratio;
} factors;

OC_INLINE vf difference(const uint8_t *x, vf zero, bool is_signed)
{
    return vf_sub(vf_from_bytes(x, is_signed), zero);
}

OC_INLINE vf product(const factors *f, size_t i, const bool b_eight, const bool is_signed)
{
    const vf b = b_eight ? f->eight : difference(f->b + i, f->b_zero, is_signed);
    return vf_mul(vf_mul(difference(f->a + i, f->a_zero, is_signed), b), f->ratio);
}

#ifdef BYTES_OF_4
OC_INLINE size_t by_four(const factors *f, size_t n, int32_t zero, uint8_t *y, const bool b_eight)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        BYTES_OF_4(product(f, i, b_eight, false), product(f, i + 8, b_eight, false),
                   product(f, i + 16, b_eight, false), product(f, i + 24, b_eight, false), zero,
                   y + i);
    return i;
}
#endif

void OC_KERNEL(x8_qmul)(size_t n, const oc_k_qmul *q, const void *a, const void *b, void *y)
{
    const vf lo = vf_set((float)((q->is_signed ? -128 : 0) - q->y_zero));
    const vf hi = vf_set((float)((q->is_signed ? 127 : 255) - q->y_zero));
    uint8_t *to = y;
    size_t   i = 0;
    factors  f = {.a = a,
                  .b = b,
                  .a_zero = vf_set((float)q->a_zero),
                  .b_zero = vf_set((float)q->b_zero),
                  .eight = vf_zero(),
                  .ratio = vf_set(q->ratio)};

    if (q->b_eight && n >= 8)
        f.eight = difference(f.b, f.b_zero, q->is_signed);
#ifdef BYTES_OF_4
    if (!q->is_signed && isfinite(q->ratio)) /* else products may be NaN */
        i = q->b_eight ? by_four(&f, n, q->y_zero, to, true) : by_four(&f, n, q->y_zero, to, false);
#endif
    for (; i + 8 <= n; i += 8) {
        const vf v = vf_max_known(lo, product(&f, i, q->b_eight, q->is_signed));
        vf_to_bytes(to + i, vf_at_most(hi, v), q->y_zero, q->is_signed);
    }
    if (i < n)
        oc_k_x8_qmul__ref(n - i, q, f.a + i, f.b + (q->b_eight ? 0 : i), to + i);
}

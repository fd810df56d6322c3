/* f32_dot.tmpl.h -- oc_k_f32_dot of the vocabulary that is included. */
#include "kernels/f32_dot.h"

/* `at` rows side by side share the loads of x.  However many they are, a row's own sums are the
 * same two chains and one partial tail. */
OC_INLINE void dots(const size_t at, size_t n, const float *x, const float *y, size_t stride,
                    float *out)
{
    vf     even[4], odd[4];
    size_t i = 0;

    OC_UNROLL for (size_t r = 0; r < at; r++) even[r] = odd[r] = vf_zero();
    for (; i + 2 * VF <= n; i += 2 * VF) {
        const vf x0 = vf_load(x + i), x1 = vf_load(x + i + VF);

        OC_UNROLL for (size_t r = 0; r < at; r++)
        {
            const float *row = y + r * stride + i;

            even[r] = vf_fma(x0, vf_load(row), even[r]);
            odd[r] = vf_fma(x1, vf_load(row + VF), odd[r]);
        }
    }
    for (; i < n; i += VF) {
        const size_t left = n - i < VF ? n - i : VF;
        const vf     x0 = vf_load_n(x + i, left);

        OC_UNROLL for (size_t r = 0; r < at; r++) even[r] =
            vf_fma(x0, vf_load_n(y + r * stride + i, left), even[r]);
    }
    OC_UNROLL for (size_t r = 0; r < at; r++) out[r] = vf_sum(vf_add(even[r], odd[r]));
}

void OC_KERNEL(f32_dot)(size_t rows, size_t n, const float *x, const float *y, size_t stride,
                        float *out)
{
    size_t r = 0;

    for (; r + 4 <= rows; r += 4)
        dots(4, n, x, y + r * stride, stride, out + r);
    for (; r < rows; r++)
        dots(1, n, x, y + r * stride, stride, out + r);
}

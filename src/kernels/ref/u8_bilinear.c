#include "kernels/u8_bilinear.h"

static float vertical(const oc_u8_bilinear_row *row, size_t j)
{
    float a = row->a[j * row->step], b = row->b[j * row->step];

    return a + (b - a) * row->w;
}

void oc_k_u8_bilinear__ref(const oc_u8_bilinear_row *row, float *out)
{
    const oc_u8_taps *t = row->taps;

    for (size_t i = 0; i < t->n; i++) {
        size_t at = (size_t)t->at[i];
        float  left = vertical(row, at);
        /* the pixel beyond the last one is not there to be multiplied by nothing */
        float right = t->w[i] > 0 ? vertical(row, at + 1) : left;
        out[i] = left + (right - left) * t->w[i];
    }
}

#include "kernels/s16_taps.h"

void oc_k_s16_taps__ref(size_t n, size_t taps, const int16_t *const *x, const int16_t *w,
                        int32_t *acc)
{
    for (size_t i = 0; i < n; i++) {
        int32_t sum = 0;
        for (size_t t = 0; t < taps; t++)
            sum += x[t][i] * w[t];
        acc[i] = sum;
    }
}

#include "kernels/s16_pairs.h"

void oc_k_s16_pairs__ref(size_t n, const uint8_t *x0, const uint8_t *x1, int32_t zero, int16_t *to)
{
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = (int16_t)(x0 ? x0[i] - zero : 0);
        to[2 * i + 1] = (int16_t)(x1 ? x1[i] - zero : 0);
    }
}

#include "kernels/s16_gemm_4x16.h"

#include <string.h>

void oc_k_s16_gemm_4x16__ref(size_t k2, const int16_t *w, const int16_t *a, int32_t *acc)
{
    memset(acc, 0, 4 * 16 * sizeof(*acc));
    for (size_t k = 0; k < k2; k++, w += 8, a += 32)
        for (size_t r = 0; r < 4; r++)
            for (size_t c = 0; c < 16; c++)
                acc[r * 16 + c] += w[2 * r] * a[2 * c] + w[2 * r + 1] * a[2 * c + 1];
}

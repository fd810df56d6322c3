#include "kernels/u8_linear.h"

#include <math.h>

void oc_k_u8_linear__ref(size_t n, const uint8_t *x, const float a[3], const float b[3],
                         uint8_t *out)
{
    for (size_t i = 0; i < 3 * n; i++) {
        float v = fmaf(x[i], a[i % 3], b[i % 3]);
        v = v > 0 ? v : 0;
        out[i] = (uint8_t)lrintf(v < 255 ? v : 255);
    }
}

#include "kernels/u8_mirror.h"

void oc_k_u8_mirror__ref(size_t n, const uint8_t *x, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = x + 3 * (n - 1 - i);
        out[3 * i] = p[0];
        out[3 * i + 1] = p[1];
        out[3 * i + 2] = p[2];
    }
}

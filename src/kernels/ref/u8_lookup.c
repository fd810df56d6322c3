#include "kernels/u8_lookup.h"

void oc_k_u8_lookup__ref(size_t n, const uint8_t table[256], const uint8_t *x, uint8_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = table[x[i]];
}

#include "kernels/u8_table.h"

void oc_k_u8_table__ref(size_t n, const uint8_t *x, const uint8_t *table, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = table[x[i]];
}

#include "kernels/s16_pack.h"

#include <string.h>

void oc_k_s16_pack__ref(const oc_k_pack *p, const void *x, int16_t *to)
{
    memset(to, 0, (p->rows + 1) / 2 * 32 * sizeof(*to));
    for (size_t k = 0; k < p->rows; k++) {
        const uint8_t *row = (const uint8_t *)x + k * p->stride;
        int16_t       *dst = to + k / 2 * 32 + k % 2;
        for (size_t c = 0; c < p->cols; c++)
            dst[2 * c] = (int16_t)((p->is_signed ? (int8_t)row[c] : row[c]) - p->zero);
    }
}

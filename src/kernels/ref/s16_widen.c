#include "kernels/s16_widen.h"

void oc_k_s16_widen__ref(size_t n, const void *x, size_t step, int32_t zero, bool is_signed,
                         int16_t *to)
{
    const uint8_t *from = x;
    for (size_t i = 0; i < n; i++, from += step)
        to[i] = (int16_t)((is_signed ? (int8_t)*from : *from) - zero);
}

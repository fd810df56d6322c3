#include "kernels/u8_lanes.h"

#include <string.h>

void oc_k_u8_lanes__ref(size_t n, size_t n_pieces, const oc_k_byte_lanes *pieces, uint8_t *dst)
{
    memset(dst, 0, n * 8);
    for (size_t k = 0; k < n_pieces; k++)
        for (size_t i = 0; i < 8; i++)
            for (size_t p = 0; p < n && pieces[k].lane[i] >= 0; p++)
                dst[p * 8 + i] = pieces[k].src[p * 8 + (size_t)pieces[k].lane[i]];
}

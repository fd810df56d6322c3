#include "kernels/f32_lanes.h"

#include <string.h>

void oc_k_f32_lanes__ref(size_t n, size_t n_pieces, const oc_k_lanes *pieces, float *dst)
{
    memset(dst, 0, n * 8 * sizeof(*dst));
    for (size_t k = 0; k < n_pieces; k++)
        for (size_t i = 0; i < 8; i++) {
            if (pieces[k].lane[i] < 0)
                continue;
            const float *src = pieces[k].src + pieces[k].lane[i];
            for (size_t p = 0; p < n; p++)
                dst[p * 8 + i] = src[p * 8];
        }
}

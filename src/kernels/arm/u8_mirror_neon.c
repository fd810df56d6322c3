#include <arm_neon.h>

#include "kernels/u8_mirror.h"

static inline uint8x16_t turned(uint8x16_t v)
{
    v = vrev64q_u8(v);
    return vextq_u8(v, v, 8);
}

void oc_k_u8_mirror__neon(size_t n, const uint8_t *x, uint8_t *out)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        uint8x16x3_t v = vld3q_u8(x + 3 * (n - i - 16));
        for (int c = 0; c < 3; c++)
            v.val[c] = turned(v.val[c]);
        vst3q_u8(out + 3 * i, v);
    }
    if (i < n)
        oc_k_u8_mirror__ref(n - i, x, out + 3 * i);
}

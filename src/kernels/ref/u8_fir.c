#include "kernels/u8_fir.h"

void oc_k_u8_fir__ref(size_t n, size_t n_taps, const uint8_t *const *tap, const int16_t *w,
                      uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        int32_t sum = 64;
        for (size_t k = 0; k < n_taps; k++)
            sum += (tap[k][i] * 128 * w[k] + (1 << 14)) >> 15;
        sum >>= 7;
        out[i] = (uint8_t)(sum > 255 ? 255 : sum);
    }
}

/* s16_gemm_4x16.tmpl.h -- oc_k_s16_gemm_4x16 with sixteen sums of 32 bits in a register.
 *
 * Before it stand the vocabulary of AVX-512 and GEMM_STEP(acc, a, b): acc plus the products of
 * neighbouring 16-bit values, pair by pair.  Differences of bytes cannot overflow 32 bits. */
#include <string.h>

#include "kernels/s16_gemm_4x16.h"

void OC_KERNEL(s16_gemm_4x16)(size_t k2, const int16_t *w, const int16_t *a, int32_t *acc)
{
    __m512i sum[4];

    for (int r = 0; r < 4; r++)
        sum[r] = _mm512_setzero_si512();
    for (size_t k = 0; k < k2; k++, w += 8, a += 32) {
        const __m512i both = _mm512_loadu_si512(a);
        OC_UNROLL for (int r = 0; r < 4; r++)
        {
            int32_t pair;
            memcpy(&pair, w + 2 * r, sizeof(pair));
            sum[r] = GEMM_STEP(sum[r], both, _mm512_set1_epi32(pair));
        }
    }
    for (int r = 0; r < 4; r++)
        _mm512_storeu_si512(acc + r * 16, sum[r]);
}

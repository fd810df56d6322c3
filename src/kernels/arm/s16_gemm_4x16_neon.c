/* Loads that take even and odd elements apart undo the pairs: then each k is a product by lane,
 * widened and added into 32 bits. */
#include <arm_neon.h>

#include "kernels/s16_gemm_4x16.h"

/* acc[r][..] += a * lane `lane` of w, 16 columns in two vectors. */
#define ROW(r, lane, lo, hi)                                              \
    acc4[r][0] = vmlal_laneq_s16(acc4[r][0], vget_low_s16(lo), wv, lane); \
    acc4[r][1] = vmlal_high_laneq_s16(acc4[r][1], lo, wv, lane);          \
    acc4[r][2] = vmlal_laneq_s16(acc4[r][2], vget_low_s16(hi), wv, lane); \
    acc4[r][3] = vmlal_high_laneq_s16(acc4[r][3], hi, wv, lane);

void oc_k_s16_gemm_4x16__neon(size_t k2, const int16_t *w, const int16_t *a, int32_t *acc)
{
    int32x4_t acc4[4][4];

    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 4; c++)
            acc4[r][c] = vdupq_n_s32(0);
    for (size_t k = 0; k < k2; k++, w += 8, a += 32) {
        const int16x8_t   wv = vld1q_s16(w);
        const int16x8x2_t lo = vld2q_s16(a), hi = vld2q_s16(a + 16);

        ROW(0, 0, lo.val[0], hi.val[0])
        ROW(1, 2, lo.val[0], hi.val[0])
        ROW(2, 4, lo.val[0], hi.val[0])
        ROW(3, 6, lo.val[0], hi.val[0])
        ROW(0, 1, lo.val[1], hi.val[1])
        ROW(1, 3, lo.val[1], hi.val[1])
        ROW(2, 5, lo.val[1], hi.val[1])
        ROW(3, 7, lo.val[1], hi.val[1])
    }
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 4; c++)
            vst1q_s32(acc + r * 16 + c * 4, acc4[r][c]);
}

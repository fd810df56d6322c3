/* A table look-up by bytes takes any lanes of a pixel's two vectors; places beyond the table give
 * zero, so that pieces are simply joined. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/f32_lanes.h"

/* For each byte of the eight floats, which byte of the source: 255 for none. */
static void bytes_of(const oc_k_lanes *piece, uint8_t places[32])
{
    for (unsigned i = 0; i < 32; i++) {
        const int32_t lane = piece->lane[i / 4];
        places[i] = lane < 0 ? 255 : (uint8_t)((unsigned)lane * 4 + i % 4);
    }
}

/* Inlined with a constant number of pieces, so that the places stay in registers. */
static inline __attribute__((always_inline)) void some(size_t n, const size_t n_pieces,
                                                       const oc_k_lanes *pieces, float *dst)
{
    uint8x16_t lo[OC_K_LANE_PIECES], hi[OC_K_LANE_PIECES];

    for (size_t k = 0; k < n_pieces; k++) {
        uint8_t places[32];
        bytes_of(pieces + k, places);
        lo[k] = vld1q_u8(places);
        hi[k] = vld1q_u8(places + 16);
    }
    for (size_t p = 0; p < n; p++) {
        uint8x16_t a = vdupq_n_u8(0), b = a;
        for (size_t k = 0; k < n_pieces; k++) {
            const uint8_t     *from = (const uint8_t *)(pieces[k].src + p * 8);
            const uint8x16x2_t v = {{vld1q_u8(from), vld1q_u8(from + 16)}};
            a = vorrq_u8(a, vqtbl2q_u8(v, lo[k]));
            b = vorrq_u8(b, vqtbl2q_u8(v, hi[k]));
        }
        vst1q_u8((uint8_t *)(dst + p * 8), a);
        vst1q_u8((uint8_t *)(dst + p * 8) + 16, b);
    }
}

void oc_k_f32_lanes__neon(size_t n, size_t n_pieces, const oc_k_lanes *pieces, float *dst)
{
    static const int32_t same[8] = {0, 1, 2, 3, 4, 5, 6, 7};

    if (n_pieces == 1 && memcmp(pieces[0].lane, same, sizeof(same)) == 0)
        memcpy(dst, pieces[0].src, n * 8 * sizeof(*dst));
    else if (n_pieces == 1)
        some(n, 1, pieces, dst);
    else if (n_pieces == 2)
        some(n, 2, pieces, dst);
    else if (n_pieces == 3)
        some(n, 3, pieces, dst);
    else if (n_pieces == 4)
        some(n, 4, pieces, dst);
    else
        some(n, n_pieces, pieces, dst);
}

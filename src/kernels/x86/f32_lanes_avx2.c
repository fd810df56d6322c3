/* One permutation and one mask per piece and pixel. */
#include <immintrin.h>
#include <string.h>

#include "kernels/f32_lanes.h"

static void one(size_t n, const oc_k_lanes *a, float *dst)
{
    __m256i lane = _mm256_loadu_si256((const __m256i *)a->lane);
    __m256  off = _mm256_castsi256_ps(_mm256_srai_epi32(lane, 31));
    for (size_t p = 0; p < n; p++) {
        __m256 v = _mm256_permutevar8x32_ps(_mm256_loadu_ps(a->src + p * 8), lane);
        _mm256_storeu_ps(dst + p * 8, _mm256_andnot_ps(off, v));
    }
}

static void two(size_t n, const oc_k_lanes *a, const oc_k_lanes *b, float *dst)
{
    __m256i la = _mm256_loadu_si256((const __m256i *)a->lane);
    __m256i lb = _mm256_loadu_si256((const __m256i *)b->lane);
    __m256  not_a = _mm256_castsi256_ps(_mm256_srai_epi32(la, 31));
    __m256  none = _mm256_castsi256_ps(_mm256_srai_epi32(_mm256_and_si256(la, lb), 31));
    for (size_t p = 0; p < n; p++) {
        __m256 va = _mm256_permutevar8x32_ps(_mm256_loadu_ps(a->src + p * 8), la);
        __m256 vb = _mm256_permutevar8x32_ps(_mm256_loadu_ps(b->src + p * 8), lb);
        _mm256_storeu_ps(dst + p * 8, _mm256_andnot_ps(none, _mm256_blendv_ps(va, vb, not_a)));
    }
}

/* Inlined with a constant number of pieces, so that masks and permutations stay in registers. */
static inline __attribute__((always_inline)) void some(size_t n, size_t n_pieces,
                                                       const oc_k_lanes *pieces, float *dst)
{
    __m256i lane[OC_K_LANE_PIECES];
    __m256  off[OC_K_LANE_PIECES];
    for (size_t k = 0; k < n_pieces; k++) {
        lane[k] = _mm256_loadu_si256((const __m256i *)pieces[k].lane);
        off[k] = _mm256_castsi256_ps(_mm256_srai_epi32(lane[k], 31));
    }
    for (size_t p = 0; p < n; p++) {
        __m256 sum = _mm256_setzero_ps();
        for (size_t k = 0; k < n_pieces; k++) {
            __m256 v = _mm256_permutevar8x32_ps(_mm256_loadu_ps(pieces[k].src + p * 8), lane[k]);
            sum = _mm256_or_ps(sum, _mm256_andnot_ps(off[k], v));
        }
        _mm256_storeu_ps(dst + p * 8, sum);
    }
}

void oc_k_f32_lanes__avx2(size_t n, size_t n_pieces, const oc_k_lanes *pieces, float *dst)
{
    static const int32_t same[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    if (n_pieces == 1 && memcmp(pieces[0].lane, same, sizeof(same)) == 0)
        memcpy(dst, pieces[0].src, n * 8 * sizeof(*dst));
    else if (n_pieces == 1)
        one(n, pieces, dst);
    else if (n_pieces == 2)
        two(n, pieces, pieces + 1, dst);
    else if (n_pieces == 3)
        some(n, 3, pieces, dst);
    else if (n_pieces == 4)
        some(n, 4, pieces, dst);
    else
        some(n, n_pieces, pieces, dst);
}

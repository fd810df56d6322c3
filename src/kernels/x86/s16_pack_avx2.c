#include <immintrin.h>

#include "kernels/s16_pack.h"

static inline __m256i widen(const uint8_t *x, bool is_signed)
{
    __m128i v = _mm_loadu_si128((const __m128i *)x);
    return is_signed ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
}

void oc_k_s16_pack__avx2(const oc_k_pack *p, const void *x, int16_t *to)
{
    const uint8_t *row = x;
    const __m256i  zero = _mm256_set1_epi16((int16_t)p->zero);
    size_t         k = 0;
    if (p->cols < 16) {
        oc_k_s16_pack__ref(p, x, to);
        return;
    }
    for (; k < p->rows; k += 2, row += 2 * p->stride, to += 32) {
        __m256i a = _mm256_sub_epi16(widen(row, p->is_signed), zero), b = _mm256_setzero_si256();
        if (k + 1 < p->rows)
            b = _mm256_sub_epi16(widen(row + p->stride, p->is_signed), zero);
        __m256i lo = _mm256_unpacklo_epi16(a, b), hi = _mm256_unpackhi_epi16(a, b);
        _mm256_storeu_si256((__m256i *)to, _mm256_permute2x128_si256(lo, hi, 0x20));
        _mm256_storeu_si256((__m256i *)(to + 16), _mm256_permute2x128_si256(lo, hi, 0x31));
    }
}

/* vec_avx2.h -- the vocabulary of kernels/tmpl/ for AVX2 and FMA: eight floats in a register.
 *
 * What each word means stands in docs/kernels.md; vec_avx512.h and arm/vec_neon.h have the same. */
#ifndef OC_KERNELS_X86_VEC_AVX2_H
#define OC_KERNELS_X86_VEC_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/tmpl/inline.h"

#define VF_ISA avx2
#define VF 8
#define VF_PX 1 /* blocks of eight in a vector */

typedef __m256 vf;
typedef __m256 vf_mask; /* all ones or zeros, lane by lane */

OC_INLINE vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
OC_INLINE void vf_store(float *p, vf v)
{
    _mm256_storeu_ps(p, v);
}
OC_INLINE __m256i vf_first(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
OC_INLINE vf vf_load_n(const float *p, size_t n)
{
    return _mm256_maskload_ps(p, vf_first(n));
}
OC_INLINE void vf_store_n(float *p, size_t n, vf v)
{
    _mm256_maskstore_ps(p, vf_first(n), v);
}
OC_INLINE vf vf_set(float x)
{
    return _mm256_set1_ps(x);
}
OC_INLINE vf vf_zero(void)
{
    return _mm256_setzero_ps();
}
OC_INLINE vf vf_load1(const float *p)
{
    return _mm256_broadcast_ss(p);
}
OC_INLINE vf vf_load8(const float *p)
{
    return _mm256_loadu_ps(p);
}
OC_INLINE vf vf_spread8(const float *p)
{
    return _mm256_broadcast_ss(p);
}

/* Pixels of eight floats. */
OC_INLINE vf vf_load_px(const float *p, ptrdiff_t step)
{
    (void)step;
    return _mm256_loadu_ps(p);
}
OC_INLINE void vf_store_px(float *p, ptrdiff_t step, vf v)
{
    (void)step;
    _mm256_storeu_ps(p, v);
}
OC_INLINE vf vf_load_one(const float *p)
{
    return _mm256_loadu_ps(p);
}
OC_INLINE vf vf_load_at(const float *first, const float *second)
{
    (void)second;
    return _mm256_loadu_ps(first);
}
OC_INLINE void vf_store_one(float *p, vf v)
{
    _mm256_storeu_ps(p, v);
}
OC_INLINE vf_mask vf_first8(unsigned lanes)
{
    return _mm256_castsi256_ps(vf_first(lanes));
}
OC_INLINE vf_mask vf_upto(size_t n)
{
    return _mm256_castsi256_ps(vf_first(n));
}

OC_INLINE vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
OC_INLINE vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
OC_INLINE vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
OC_INLINE vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}
OC_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
OC_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
}
OC_INLINE vf vf_sqrt(vf x)
{
    return _mm256_sqrt_ps(x);
}
OC_INLINE vf vf_abs(vf x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}
OC_INLINE vf vf_neg(vf x)
{
    return _mm256_xor_ps(_mm256_set1_ps(-0.0f), x);
}
OC_INLINE vf vf_floor(vf x)
{
    return _mm256_floor_ps(x);
}
OC_INLINE vf vf_ceil(vf x)
{
    return _mm256_ceil_ps(x);
}
OC_INLINE vf vf_round(vf x)
{
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
OC_INLINE vf vf_with_sign(vf x, vf from)
{
    return _mm256_or_ps(x, _mm256_and_ps(_mm256_set1_ps(-0.0f), from));
}

OC_INLINE vf_mask vf_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
OC_INLINE vf_mask vf_gt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}
OC_INLINE vf_mask vf_eq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
OC_INLINE vf vf_select(vf_mask m, vf yes, vf no)
{
    return _mm256_blendv_ps(no, yes, m);
}
OC_INLINE vf vf_keep(vf_mask m, vf x)
{
    return _mm256_and_ps(x, m);
}
/* All ones are a NaN. */
OC_INLINE vf vf_keep_nan(vf y, vf x)
{
    return _mm256_or_ps(y, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

/* min and max give back their second operand when either is NaN: the data goes second. */
OC_INLINE vf vf_at_least(vf lo, vf x)
{
    return _mm256_max_ps(lo, x);
}
OC_INLINE vf vf_at_most(vf hi, vf x)
{
    return _mm256_min_ps(hi, x);
}
OC_INLINE vf vf_max_known(vf acc, vf x)
{
    return _mm256_max_ps(x, acc);
}
OC_INLINE vf vf_max(vf a, vf b)
{
    return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}
OC_INLINE vf vf_min(vf a, vf b)
{
    return _mm256_blendv_ps(_mm256_min_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

/* Two factors, so that results among the denormals are right too. */
OC_INLINE vf vf_scale(vf x, vf n)
{
    __m256i k = _mm256_cvtps_epi32(n), bias = _mm256_set1_epi32(127);
    __m256i k1 = _mm256_srai_epi32(k, 1), k2 = _mm256_sub_epi32(k, k1);
    __m256  s1 = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(k1, bias), 23));
    __m256  s2 = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(k2, bias), 23));
    return _mm256_mul_ps(_mm256_mul_ps(x, s1), s2);
}
OC_INLINE vf vf_scale_by_low_bits(vf x, vf bits)
{
    __m256i k = _mm256_slli_epi32(_mm256_castps_si256(bits), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), k));
}

/* Sums of eights: one block. */
OC_INLINE vf vf_other8(vf v)
{
    return v;
}
OC_INLINE float vf_sum(vf v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* Bytes and integers. */
OC_INLINE vf vf_from_bytes(const uint8_t *p, bool is_signed)
{
    const __m128i v = _mm_loadl_epi64((const __m128i *)(const void *)p);
    return _mm256_cvtepi32_ps(is_signed ? _mm256_cvtepi8_epi32(v) : _mm256_cvtepu8_epi32(v));
}
OC_INLINE void vf_to_bytes(uint8_t *p, vf v, int32_t zero, bool is_signed)
{
    const __m256i k = _mm256_add_epi32(_mm256_cvtps_epi32(v), _mm256_set1_epi32(zero));
    const __m128i w = _mm_packs_epi32(_mm256_castsi256_si128(k), _mm256_extracti128_si256(k, 1));
    _mm_storel_epi64((__m128i *)(void *)p,
                     is_signed ? _mm_packs_epi16(w, w) : _mm_packus_epi16(w, w));
}
OC_INLINE vf vf_from_ints(const int32_t *p, int32_t plus)
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm256_cvtepi32_ps(_mm256_add_epi32(v, _mm256_set1_epi32(plus)));
}
OC_INLINE vf vf_from_halfs(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}
OC_INLINE void vf_to_halfs(uint16_t *p, vf v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

#endif

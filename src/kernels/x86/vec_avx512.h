/* vec_avx512.h -- the vocabulary of kernels/tmpl/ for AVX-512 F and DQ: sixteen floats, two blocks
 * of eight, in a register.
 *
 * What each word means stands in docs/kernels.md.  tests/kernels/emulate gives the intrinsics used
 * here in plain C: one that is new here is added there. */
#ifndef OC_KERNELS_X86_VEC_AVX512_H
#define OC_KERNELS_X86_VEC_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/tmpl/inline.h"

#define VF_ISA avx512
#define VF 16
#define VF_PX 2 /* blocks of eight in a vector */

typedef __m512    vf;
typedef __mmask16 vf_mask;

OC_INLINE vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
OC_INLINE void vf_store(float *p, vf v)
{
    _mm512_storeu_ps(p, v);
}
OC_INLINE __mmask16 vf_first(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}
OC_INLINE vf vf_load_n(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(vf_first(n), p);
}
OC_INLINE void vf_store_n(float *p, size_t n, vf v)
{
    _mm512_mask_storeu_ps(p, vf_first(n), v);
}
OC_INLINE vf vf_set(float x)
{
    return _mm512_set1_ps(x);
}
OC_INLINE vf vf_zero(void)
{
    return _mm512_setzero_ps();
}
OC_INLINE vf vf_load1(const float *p)
{
    return _mm512_set1_ps(*p);
}
OC_INLINE vf vf_load8(const float *p)
{
    return _mm512_broadcast_f32x8(_mm256_loadu_ps(p));
}
OC_INLINE vf vf_pair(__m256 lo, __m256 hi)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(lo), hi, 1);
}
OC_INLINE vf vf_spread8(const float *p)
{
    return vf_pair(_mm256_broadcast_ss(p), _mm256_broadcast_ss(p + 1));
}

/* Pixels of eight floats. */
OC_INLINE vf vf_load_px(const float *p, ptrdiff_t step)
{
    if (__builtin_constant_p(step) && step == 8)
        return _mm512_loadu_ps(p);
    return vf_pair(_mm256_loadu_ps(p), _mm256_loadu_ps(p + step));
}
OC_INLINE void vf_store_px(float *p, ptrdiff_t step, vf v)
{
    if (__builtin_constant_p(step) && step == 8) {
        _mm512_storeu_ps(p, v);
        return;
    }
    _mm256_storeu_ps(p, _mm512_castps512_ps256(v));
    _mm256_storeu_ps(p + step, _mm512_extractf32x8_ps(v, 1));
}
OC_INLINE vf vf_load_one(const float *p)
{
    return _mm512_zextps256_ps512(_mm256_loadu_ps(p));
}
OC_INLINE vf vf_load_at(const float *first, const float *second)
{
    return vf_pair(_mm256_loadu_ps(first), _mm256_loadu_ps(second));
}
OC_INLINE void vf_store_one(float *p, vf v)
{
    _mm256_storeu_ps(p, _mm512_castps512_ps256(v));
}
OC_INLINE vf_mask vf_first8(unsigned lanes)
{
    return (__mmask16)(((1u << lanes) - 1) * 0x101u);
}
OC_INLINE vf_mask vf_upto(size_t n)
{
    return vf_first(n);
}

OC_INLINE vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
OC_INLINE vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
OC_INLINE vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
OC_INLINE vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}
OC_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
OC_INLINE vf vf_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
}
OC_INLINE vf vf_sqrt(vf x)
{
    return _mm512_sqrt_ps(x);
}
OC_INLINE vf vf_abs(vf x)
{
    return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), x);
}
OC_INLINE vf vf_neg(vf x)
{
    return _mm512_xor_ps(_mm512_set1_ps(-0.0f), x);
}
OC_INLINE vf vf_floor(vf x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
OC_INLINE vf vf_ceil(vf x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}
OC_INLINE vf vf_round(vf x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
OC_INLINE vf vf_with_sign(vf x, vf from)
{
    return _mm512_or_ps(x, _mm512_and_ps(_mm512_set1_ps(-0.0f), from));
}

OC_INLINE vf_mask vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
OC_INLINE vf_mask vf_gt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
OC_INLINE vf_mask vf_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
OC_INLINE vf vf_select(vf_mask m, vf yes, vf no)
{
    return _mm512_mask_blend_ps(m, no, yes);
}
OC_INLINE vf vf_keep(vf_mask m, vf x)
{
    return _mm512_maskz_mov_ps(m, x);
}
OC_INLINE vf vf_keep_nan(vf y, vf x)
{
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

/* min and max give back their second operand when either is NaN: the data goes second. */
OC_INLINE vf vf_at_least(vf lo, vf x)
{
    return _mm512_max_ps(lo, x);
}
OC_INLINE vf vf_at_most(vf hi, vf x)
{
    return _mm512_min_ps(hi, x);
}
OC_INLINE vf vf_max_known(vf acc, vf x)
{
    return _mm512_max_ps(x, acc);
}
OC_INLINE vf vf_max(vf a, vf b)
{
    return vf_keep_nan(_mm512_max_ps(a, b), a);
}
OC_INLINE vf vf_min(vf a, vf b)
{
    return vf_keep_nan(_mm512_min_ps(a, b), a);
}

OC_INLINE vf vf_scale(vf x, vf n)
{
    return _mm512_scalef_ps(x, n);
}
OC_INLINE vf vf_scale_by_low_bits(vf x, vf bits)
{
    __m512i k = _mm512_slli_epi32(_mm512_castps_si512(bits), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), k));
}

/* Sums of eights: the other of the two blocks. */
OC_INLINE vf vf_other8(vf v)
{
    return _mm512_shuffle_f32x4(v, v, 0x4e);
}
OC_INLINE float vf_sum(vf v)
{
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* Bytes and integers. */
OC_INLINE vf vf_from_bytes(const uint8_t *p, bool is_signed)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    return _mm512_cvtepi32_ps(is_signed ? _mm512_cvtepi8_epi32(v) : _mm512_cvtepu8_epi32(v));
}
OC_INLINE void vf_to_bytes(uint8_t *p, vf v, int32_t zero, bool is_signed)
{
    const __m512i k = _mm512_add_epi32(_mm512_cvtps_epi32(v), _mm512_set1_epi32(zero));
    const __m512i positive = _mm512_max_epi32(k, _mm512_set1_epi32(0));
    _mm_storeu_si128((__m128i *)(void *)p,
                     is_signed ? _mm512_cvtsepi32_epi8(k) : _mm512_cvtusepi32_epi8(positive));
}
OC_INLINE vf vf_from_ints(const int32_t *p, int32_t plus)
{
    return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_loadu_si512(p), _mm512_set1_epi32(plus)));
}
OC_INLINE vf vf_from_halfs(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
OC_INLINE void vf_to_halfs(uint16_t *p, vf v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

#endif

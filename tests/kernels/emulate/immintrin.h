/* immintrin.h -- AVX-512 in plain C, so that kernels written for it can be checked on processors
 * without it.
 *
 * A kernel file is compiled a second time with this folder in front of the compiler's own: what AVX2
 * has comes from the compiler, what AVX-512 adds from here, lane by lane, after the pseudo-code of
 * Intel's Intrinsics Guide.  emulate_self.c compares them with the 256-bit instructions.
 *
 * Only what src/kernels/x86 uses is here; a kernel that uses more does not compile. */
#ifndef OC_TESTS_EMULATE_IMMINTRIN_H
#define OC_TESTS_EMULATE_IMMINTRIN_H

#include_next <immintrin.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct emu512 {
    float f[16];
} emu512;
typedef struct emu512i {
    int32_t i[16];
} emu512i;
typedef uint16_t emu_mask16;
typedef uint32_t emu_mask32;

#define EMU static inline __attribute__((unused))
/* f of the lanes: a body with lane k in it. */
#define EMU_LANES(type, member, expression) \
    {                                       \
        type r;                             \
        for (int k = 0; k < 16; k++)        \
            r.member[k] = expression;       \
        return r;                           \
    }

EMU uint32_t emu_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof(u));
    return u;
}
EMU float emu_float(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof(f));
    return f;
}

/* Loads, stores, constants. */
EMU emu512 emu_loadu_ps(const void *p)
{
    emu512 r;
    memcpy(&r, p, sizeof(r));
    return r;
}
EMU void emu_storeu_ps(void *p, emu512 v)
{
    memcpy(p, &v, sizeof(v));
}
EMU emu512i emu_loadu_si512(const void *p)
{
    emu512i r;
    memcpy(&r, p, sizeof(r));
    return r;
}
EMU void emu_storeu_si512(void *p, emu512i v)
{
    memcpy(p, &v, sizeof(v));
}
/* Lanes that are masked off are not touched: no fault there. */
EMU emu512 emu_maskz_loadu_ps(emu_mask16 m, const void *p){
    EMU_LANES(emu512, f, m >> k & 1 ? ((const float *)p)[k] : 0.0f)} EMU
    void emu_mask_storeu_ps(void *p, emu_mask16 m, emu512 v)
{
    for (int k = 0; k < 16; k++)
        if (m >> k & 1)
            ((float *)p)[k] = v.f[k];
}
EMU emu512 emu_set1_ps(float x){EMU_LANES(emu512, f, x)} EMU emu512
    emu_setzero_ps(void){EMU_LANES(emu512, f, 0.0f)} EMU emu512i
    emu_set1_epi32(int32_t x){EMU_LANES(emu512i, i, x)} EMU emu512i
    emu_setzero_si512(void){EMU_LANES(emu512i, i, 0)}

/* Halves and quarters. */
EMU emu512 emu_castps256_ps512(__m256 v)
{
    emu512 r;
    memset(&r, 0xa5, sizeof(r)); /* the upper half is not defined */
    memcpy(&r, &v, sizeof(v));
    return r;
}
EMU emu512 emu_zextps256_ps512(__m256 v)
{
    emu512 r = {{0}};
    memcpy(&r, &v, sizeof(v));
    return r;
}
EMU __m256 emu_castps512_ps256(emu512 v)
{
    __m256 r;
    memcpy(&r, &v, sizeof(r));
    return r;
}
EMU emu512 emu_insertf32x8(emu512 v, __m256 half, int at)
{
    memcpy(v.f + 8 * at, &half, sizeof(half));
    return v;
}
EMU __m256 emu_extractf32x8_ps(emu512 v, int at)
{
    __m256 r;
    memcpy(&r, v.f + 8 * at, sizeof(r));
    return r;
}
EMU emu512 emu_broadcast_f32x8(__m256 v)
{
    return emu_insertf32x8(emu_castps256_ps512(v), v, 1);
}
EMU emu512 emu_shuffle_f32x4(emu512 a, emu512 b, int how){
    EMU_LANES(emu512, f, (k < 8 ? a : b).f[(how >> (k / 4 * 2) & 3) * 4 + k % 4])}

/* Arithmetic. */
#define EMU_2(name, expression)               \
    EMU emu512 emu_##name(emu512 a, emu512 b) \
    {                                         \
        EMU_LANES(emu512, f, expression)      \
    }
EMU_2(add_ps, a.f[k] + b.f[k]) EMU_2(sub_ps, a.f[k] - b.f[k]) EMU_2(mul_ps, a.f[k] * b.f[k])
    EMU_2(div_ps, a.f[k] / b.f[k])
    /* the second operand when either is NaN, or both are zeros */
    EMU_2(max_ps, a.f[k] > b.f[k] ? a.f[k] : b.f[k])
        EMU_2(min_ps, a.f[k] < b.f[k] ? a.f[k] : b.f[k])
            EMU_2(and_ps, emu_float(emu_bits(a.f[k]) & emu_bits(b.f[k])))
                EMU_2(andnot_ps, emu_float(~emu_bits(a.f[k]) & emu_bits(b.f[k])))
                    EMU_2(or_ps, emu_float(emu_bits(a.f[k]) | emu_bits(b.f[k])))
                        EMU_2(xor_ps, emu_float(emu_bits(a.f[k]) ^ emu_bits(b.f[k]))) EMU emu512
    emu_fmadd_ps(emu512 a, emu512 b,
                 emu512 c){EMU_LANES(emu512, f, fmaf(a.f[k], b.f[k], c.f[k]))} EMU emu512
    emu_fnmadd_ps(emu512 a, emu512 b,
                  emu512 c){EMU_LANES(emu512, f, fmaf(-a.f[k], b.f[k], c.f[k]))} EMU emu512
    emu_sqrt_ps(emu512 a){EMU_LANES(emu512, f, sqrtf(a.f[k]))}
/* a * 2^floor(b), rounded once: in double, whose exponents reach further. */
EMU emu512 emu_scalef_ps(emu512 a, emu512 b){
    EMU_LANES(emu512, f, (float)((double)a.f[k] * exp2(floor((double)b.f[k]))))}
/* No fraction bits are kept (the upper half of `how` is 0). */
EMU emu512 emu_roundscale_ps(emu512 a, int how){
    EMU_LANES(emu512, f,
              (how & 3) == _MM_FROUND_TO_NEG_INF   ? floorf(a.f[k])
              : (how & 3) == _MM_FROUND_TO_POS_INF ? ceilf(a.f[k])
                                                   : rintf(a.f[k]))}

/* Comparisons and masks. */
EMU emu_mask16 emu_cmp_ps_mask(emu512 a, emu512 b, int how)
{
    unsigned m = 0;
    for (int k = 0; k < 16; k++) {
        const float x = a.f[k], y = b.f[k];
        const bool  yes = how == _CMP_LT_OQ   ? x < y
                          : how == _CMP_GT_OQ ? x > y
                          : how == _CMP_EQ_OQ ? x == y
                                              : isnan(x) || isnan(y); /* _CMP_UNORD_Q */
        m |= (unsigned)yes << k;
    }
    return (emu_mask16)m;
}
EMU emu512 emu_mask_blend_ps(emu_mask16 m, emu512 no, emu512 yes){
    EMU_LANES(emu512, f, m >> k & 1 ? yes.f[k] : no.f[k])} EMU emu512
    emu_mask_mov_ps(emu512 no, emu_mask16 m, emu512 yes)
{
    return emu_mask_blend_ps(m, no, yes);
}
EMU emu512 emu_maskz_mov_ps(emu_mask16 m, emu512 yes)
{
    return emu_mask_blend_ps(m, emu_setzero_ps(), yes);
}

/* Integers. */
EMU emu512i emu_castps_si512(emu512 v)
{
    emu512i r;
    memcpy(&r, &v, sizeof(r));
    return r;
}
EMU emu512 emu_castsi512_ps(emu512i v)
{
    emu512 r;
    memcpy(&r, &v, sizeof(r));
    return r;
}
EMU emu512i emu_add_epi32(emu512i a, emu512i b){
    EMU_LANES(emu512i, i, (int32_t)((uint32_t)a.i[k] + (uint32_t)b.i[k]))} EMU emu512i
    emu_max_epi32(emu512i a,
                  emu512i b){EMU_LANES(emu512i, i, a.i[k] > b.i[k] ? a.i[k] : b.i[k])} EMU emu512i
    emu_slli_epi32(emu512i a, unsigned n){
        EMU_LANES(emu512i, i, n > 31 ? 0 : (int32_t)((uint32_t)a.i[k] << n))} EMU emu512
    emu_cvtepi32_ps(emu512i a){EMU_LANES(emu512, f, (float)a.i[k])}
/* What does not fit, and NaN, become the smallest integer. */
EMU emu512i emu_cvtps_epi32(emu512 a){EMU_LANES(emu512i, i,
                                                a.f[k] >= -2147483648.0f && a.f[k] < 2147483648.0f
                                                    ? (int32_t)rintf(a.f[k])
                                                    : INT32_MIN)} EMU emu512i
    emu_cvtepi8_epi32(__m128i v)
{
    int8_t b[16];
    memcpy(b, &v, sizeof(b));
    EMU_LANES(emu512i, i, b[k])
}
EMU emu512i emu_cvtepu8_epi32(__m128i v)
{
    uint8_t b[16];
    memcpy(b, &v, sizeof(b));
    EMU_LANES(emu512i, i, b[k])
}
EMU __m128i emu_cvtsepi32_epi8(emu512i a)
{
    int8_t  b[16];
    __m128i r;
    for (int k = 0; k < 16; k++)
        b[k] = (int8_t)(a.i[k] < -128 ? -128 : a.i[k] > 127 ? 127 : a.i[k]);
    memcpy(&r, b, sizeof(r));
    return r;
}
/* The source counts as unsigned. */
EMU __m128i emu_cvtusepi32_epi8(emu512i a)
{
    uint8_t b[16];
    __m128i r;
    for (int k = 0; k < 16; k++)
        b[k] = (uint8_t)((uint32_t)a.i[k] > 255 ? 255 : a.i[k]);
    memcpy(&r, b, sizeof(r));
    return r;
}

/* Sums of two products of 16-bit neighbours. */
EMU emu512i emu_madd_epi16(emu512i a, emu512i b)
{
    int16_t x[32], y[32];
    memcpy(x, &a, sizeof(x));
    memcpy(y, &b, sizeof(y));
    EMU_LANES(emu512i, i,
              (int32_t)((uint32_t)(x[2 * k] * y[2 * k]) + (uint32_t)(x[2 * k + 1] * y[2 * k + 1])))
}
EMU emu512i emu_dpwssd_epi32(emu512i acc, emu512i a, emu512i b)
{
    return emu_add_epi32(acc, emu_madd_epi16(a, b));
}

/* Four products of unsigned by signed bytes a lane, added without saturation. */
EMU int32_t emu_dot4(const uint8_t *x, const int8_t *w)
{
    return x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3];
}
EMU emu512i emu_dpbusd_epi32(emu512i acc, emu512i a, emu512i b)
{
    uint8_t x[64];
    int8_t  w[64];
    memcpy(x, &a, sizeof(x));
    memcpy(w, &b, sizeof(w));
    EMU_LANES(emu512i, i, (int32_t)((uint32_t)acc.i[k] + (uint32_t)emu_dot4(x + 4 * k, w + 4 * k)))
}
EMU __m256i emu256_dpbusd_epi32(__m256i acc, __m256i a, __m256i b)
{
    emu512i s[3] = {{{0}}, {{0}}, {{0}}};
    memcpy(&s[0], &acc, sizeof(acc));
    memcpy(&s[1], &a, sizeof(a));
    memcpy(&s[2], &b, sizeof(b));
    s[0] = emu_dpbusd_epi32(s[0], s[1], s[2]);
    memcpy(&acc, &s[0], sizeof(acc));
    return acc;
}

/* Half precision: the 256-bit instruction, twice. */
EMU emu512 emu_cvtph_ps(__m256i v)
{
    const __m256 lo = _mm256_cvtph_ps(_mm256_castsi256_si128(v));
    return emu_insertf32x8(emu_castps256_ps512(lo), _mm256_cvtph_ps(_mm256_extracti128_si256(v, 1)),
                           1);
}
#define emu_cvtps_ph(v, how)                                            \
    _mm256_set_m128i(_mm256_cvtps_ph(emu_extractf32x8_ps((v), 1), how), \
                     _mm256_cvtps_ph(emu_extractf32x8_ps((v), 0), how))

#define __m512 emu512
#define __m512i emu512i
#define __mmask16 emu_mask16
#define __mmask32 emu_mask32
#define _mm512_add_epi32 emu_add_epi32
#define _mm512_add_ps emu_add_ps
#define _mm512_and_ps emu_and_ps
#define _mm512_andnot_ps emu_andnot_ps
#define _mm512_broadcast_f32x8 emu_broadcast_f32x8
#define _mm512_castps256_ps512 emu_castps256_ps512
#define _mm512_castps512_ps256 emu_castps512_ps256
#define _mm512_castps_si512 emu_castps_si512
#define _mm512_castsi512_ps emu_castsi512_ps
#define _mm512_cmp_ps_mask emu_cmp_ps_mask
#define _mm512_cvtepi32_ps emu_cvtepi32_ps
#define _mm512_cvtepi8_epi32 emu_cvtepi8_epi32
#define _mm512_cvtepu8_epi32 emu_cvtepu8_epi32
#define _mm512_cvtph_ps emu_cvtph_ps
#define _mm512_cvtps_epi32 emu_cvtps_epi32
#define _mm512_cvtps_ph emu_cvtps_ph
#define _mm512_cvtsepi32_epi8 emu_cvtsepi32_epi8
#define _mm512_cvtusepi32_epi8 emu_cvtusepi32_epi8
#define _mm512_div_ps emu_div_ps
#define _mm256_dpbusd_avx_epi32 emu256_dpbusd_epi32
#define _mm256_dpbusd_epi32 emu256_dpbusd_epi32
#define _mm512_dpbusd_epi32 emu_dpbusd_epi32
#define _mm512_dpwssd_epi32 emu_dpwssd_epi32
#define _mm512_extractf32x8_ps emu_extractf32x8_ps
#define _mm512_fmadd_ps emu_fmadd_ps
#define _mm512_fnmadd_ps emu_fnmadd_ps
#define _mm512_insertf32x8 emu_insertf32x8
#define _mm512_loadu_ps emu_loadu_ps
#define _mm512_loadu_si512 emu_loadu_si512
#define _mm512_madd_epi16 emu_madd_epi16
#define _mm512_mask_blend_ps emu_mask_blend_ps
#define _mm512_mask_mov_ps emu_mask_mov_ps
#define _mm512_mask_storeu_ps emu_mask_storeu_ps
#define _mm512_maskz_loadu_ps emu_maskz_loadu_ps
#define _mm512_maskz_mov_ps emu_maskz_mov_ps
#define _mm512_max_epi32 emu_max_epi32
#define _mm512_max_ps emu_max_ps
#define _mm512_min_ps emu_min_ps
#define _mm512_mul_ps emu_mul_ps
#define _mm512_or_ps emu_or_ps
#define _mm512_roundscale_ps emu_roundscale_ps
#define _mm512_scalef_ps emu_scalef_ps
#define _mm512_set1_epi32 emu_set1_epi32
#define _mm512_set1_ps emu_set1_ps
#define _mm512_setzero_ps emu_setzero_ps
#define _mm512_setzero_si512 emu_setzero_si512
#define _mm512_shuffle_f32x4 emu_shuffle_f32x4
#define _mm512_slli_epi32 emu_slli_epi32
#define _mm512_sqrt_ps emu_sqrt_ps
#define _mm512_storeu_ps emu_storeu_ps
#define _mm512_storeu_si512 emu_storeu_si512
#define _mm512_sub_ps emu_sub_ps
#define _mm512_xor_ps emu_xor_ps
#define _mm512_zextps256_ps512 emu_zextps256_ps512

#endif

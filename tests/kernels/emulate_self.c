/* The emulated intrinsics themselves: each half of the result against the 256-bit instruction that
 * does the same to eight lanes; those without a twin against values written down. */
#include <immintrin.h>
#include <stdio.h>

static int failed;

static void same(const char *what, const void *want, const void *got, size_t bytes)
{
    if (memcmp(want, got, bytes) == 0)
        return;
    printf("FAIL %s\n", what);
    failed++;
}

/* Values that tell wrong semantics apart: signed zeros, infinities, NaN, ties, what overflows. */
static const float values[] = {0.0f,        -0.0f,  1.5f,           -1.5f,  2.5f,   -2.5f,
                               0.49999997f, 1e-42f, -1e30f,         3e9f,   -3e9f,  1e-30f,
                               INFINITY,    NAN,    -INFINITY,      126.5f, 127.5f, -0.5f,
                               0.5f,        3.25f,  -2147483648.0f, 7.0f,   -7.75f, 1e20f};

static emu512 pick(unsigned step)
{
    static unsigned at;
    emu512          v;
    for (int k = 0; k < 16; k++)
        v.f[k] = values[(at += step) % (sizeof(values) / sizeof(values[0]))];
    return v;
}

static __m256 half(emu512 v, int h)
{
    return _mm256_loadu_ps(v.f + 8 * h);
}

static void halves(const char *what, emu512 got, __m256 lo, __m256 hi)
{
    float want[16];
    _mm256_storeu_ps(want, lo);
    _mm256_storeu_ps(want + 8, hi);
    for (int k = 0; k < 16; k++) /* any NaN will do */
        if (isnan(want[k]) && isnan(got.f[k]))
            got.f[k] = want[k];
    same(what, want, &got, sizeof(want));
}

#define TWO(name)                                                             \
    halves(#name, _mm512_##name(a, b), _mm256_##name(half(a, 0), half(b, 0)), \
           _mm256_##name(half(a, 1), half(b, 1)))
#define THREE(name)                                                                          \
    halves(#name, _mm512_##name(a, b, c), _mm256_##name(half(a, 0), half(b, 0), half(c, 0)), \
           _mm256_##name(half(a, 1), half(b, 1), half(c, 1)))

static void floats(emu512 a, emu512 b, emu512 c)
{
    TWO(add_ps);
    TWO(sub_ps);
    TWO(mul_ps);
    TWO(div_ps);
    TWO(max_ps);
    TWO(min_ps);
    TWO(and_ps);
    TWO(andnot_ps);
    TWO(or_ps);
    TWO(xor_ps);
    THREE(fmadd_ps);
    THREE(fnmadd_ps);
    halves("sqrt_ps", _mm512_sqrt_ps(a), _mm256_sqrt_ps(half(a, 0)), _mm256_sqrt_ps(half(a, 1)));
#define ROUND(how)                                                               \
    halves(#how, _mm512_roundscale_ps(a, how), _mm256_round_ps(half(a, 0), how), \
           _mm256_round_ps(half(a, 1), how))
    ROUND(_MM_FROUND_TO_NEG_INF);
    ROUND(_MM_FROUND_TO_POS_INF);
    ROUND(_MM_FROUND_TO_NEAREST_INT);
#define COMPARE(how)                                                                  \
    {                                                                                 \
        const unsigned lo =                                                           \
            (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(half(a, 0), half(b, 0), how)); \
        const unsigned hi =                                                           \
            (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(half(a, 1), half(b, 1), how)); \
        const unsigned want = lo | hi << 8, got = _mm512_cmp_ps_mask(a, b, how);      \
        same(#how, &want, &got, sizeof(want));                                        \
    }
    COMPARE(_CMP_LT_OQ)
    COMPARE(_CMP_GT_OQ)
    COMPARE(_CMP_EQ_OQ)
    COMPARE(_CMP_UNORD_Q)
}

static __m256i ints(emu512i v, int h)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)(v.i + 8 * h));
}

static void same_ints(const char *what, emu512i got, __m256i lo, __m256i hi)
{
    int32_t want[16];
    _mm256_storeu_si256((__m256i *)(void *)want, lo);
    _mm256_storeu_si256((__m256i *)(void *)(want + 8), hi);
    same(what, want, &got, sizeof(want));
}

static void integers(emu512 x, emu512 y)
{
    const emu512i a = _mm512_castps_si512(x), b = _mm512_castps_si512(y);

    same_ints("cvtps_epi32", _mm512_cvtps_epi32(x), _mm256_cvtps_epi32(half(x, 0)),
              _mm256_cvtps_epi32(half(x, 1)));
    halves("cvtepi32_ps", _mm512_cvtepi32_ps(a), _mm256_cvtepi32_ps(ints(a, 0)),
           _mm256_cvtepi32_ps(ints(a, 1)));
    same_ints("add_epi32", _mm512_add_epi32(a, b), _mm256_add_epi32(ints(a, 0), ints(b, 0)),
              _mm256_add_epi32(ints(a, 1), ints(b, 1)));
    same_ints("max_epi32", _mm512_max_epi32(a, b), _mm256_max_epi32(ints(a, 0), ints(b, 0)),
              _mm256_max_epi32(ints(a, 1), ints(b, 1)));
    same_ints("madd_epi16", _mm512_madd_epi16(a, b), _mm256_madd_epi16(ints(a, 0), ints(b, 0)),
              _mm256_madd_epi16(ints(a, 1), ints(b, 1)));
    same_ints("slli_epi32", _mm512_slli_epi32(a, 23), _mm256_slli_epi32(ints(a, 0), 23),
              _mm256_slli_epi32(ints(a, 1), 23));
    same_ints("cvtepi8_epi32", _mm512_cvtepi8_epi32(_mm256_castsi256_si128(ints(a, 0))),
              _mm256_cvtepi8_epi32(_mm256_castsi256_si128(ints(a, 0))),
              _mm256_cvtepi8_epi32(_mm_srli_si128(_mm256_castsi256_si128(ints(a, 0)), 8)));
}

/* What has no twin: against the Intrinsics Guide, by hand. */
static void by_hand(void)
{
    emu512        v;
    float         got[16], some[16] = {0};
    const float   scaled[4] = {3.0f, 0.375f, INFINITY, 0.0f};
    const int32_t wide[4] = {-129, 128, 256, -1};
    const int8_t  narrow[4] = {-128, 127, 127, -1};
    const uint8_t unsign[4] = {255, 128, 255, 255}; /* negative numbers count as large ones */
    emu512i       k = _mm512_setzero_si512();

    for (int i = 0; i < 16; i++)
        v.f[i] = (float)i;
    v = _mm512_shuffle_f32x4(v, v, 0x4e);
    for (int i = 0; i < 16; i++)
        got[i] = (float)((i + 8) % 16);
    same("shuffle_f32x4 0x4e", got, &v, sizeof(got));
    _mm512_mask_storeu_ps(some, 0x8001, v);
    if (some[0] != 8.0f || some[15] != 7.0f || some[1] != 0.0f || some[14] != 0.0f)
        same("mask_storeu_ps", some, got, sizeof(some));
    v = _mm512_maskz_loadu_ps(0x0002, got);
    if (v.f[0] != 0.0f || v.f[1] != 9.0f || v.f[2] != 0.0f)
        same("maskz_loadu_ps", &v, got, sizeof(v));
    v = _mm512_set1_ps(1.5f);
    same("scalef_ps", scaled, _mm512_scalef_ps(v, _mm512_set1_ps(1.9f)).f, sizeof(float));
    same("scalef_ps", scaled + 1, _mm512_scalef_ps(v, _mm512_set1_ps(-2.0f)).f, sizeof(float));
    same("scalef_ps", scaled + 2, _mm512_scalef_ps(v, _mm512_set1_ps(128.0f)).f, sizeof(float));
    same("scalef_ps", scaled + 3, _mm512_scalef_ps(v, _mm512_set1_ps(-151.0f)).f, sizeof(float));
    memcpy(k.i, wide, sizeof(wide));
    __m128i b = _mm512_cvtsepi32_epi8(k);
    same("cvtsepi32_epi8", narrow, &b, sizeof(narrow));
    b = _mm512_cvtusepi32_epi8(k);
    same("cvtusepi32_epi8", unsign, &b, sizeof(unsign));
}

int main(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 77;
    for (unsigned step = 1; step < 200; step++)
        floats(pick(step), pick(2 * step + 1), pick(step + 5));
    for (unsigned step = 1; step < 200; step++)
        integers(pick(step), pick(3 * step + 1));
    by_hand();
    printf("emulated intrinsics: %d failures\n", failed);
    return failed != 0;
}

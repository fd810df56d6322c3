/* Eight pixels at a time: a sum of eight lanes for each, then all eight are added across. */
#include <immintrin.h>

#include "kernels/f32_dot8.h"
#include "kernels/x86/act_avx2.h"

/* Lane i of the result: the sum of the lanes of a[i]. */
OC_INLINE __m256 sums_of(const __m256 a[8])
{
    __m256 t0 = _mm256_hadd_ps(a[0], a[1]), t1 = _mm256_hadd_ps(a[2], a[3]);
    __m256 t2 = _mm256_hadd_ps(a[4], a[5]), t3 = _mm256_hadd_ps(a[6], a[7]);
    __m256 u0 = _mm256_hadd_ps(t0, t1), u1 = _mm256_hadd_ps(t2, t3);

    return _mm256_add_ps(_mm256_permute2f128_ps(u0, u1, 0x20),
                         _mm256_permute2f128_ps(u0, u1, 0x31));
}

/* Outputs o of the pixels p .. p + 7, of which `n` are there. */
OC_INLINE __m256 eight(const oc_dot8 *d, size_t o, size_t p, const size_t n)
{
    const float *x = d->x + p * 8, *w = d->w + o * d->blocks * 8;
    __m256       acc[8];

    OC_UNROLL for (size_t i = 0; i < 8; i++) acc[i] = _mm256_setzero_ps();
    for (size_t b = 0; b < d->blocks; b++, x += d->x_blk, w += 8) {
        __m256 v = _mm256_load_ps(w);
        if (n == 8) {
            OC_UNROLL for (size_t i = 0; i < 8; i++) acc[i] =
                _mm256_fmadd_ps(v, _mm256_load_ps(x + i * 8), acc[i]);
        } else {
            OC_UNROLL for (size_t i = 0; i < 7; i++) if (i < n) acc[i] =
                _mm256_fmadd_ps(v, _mm256_load_ps(x + i * 8), acc[i]);
        }
    }
    __m256 sum = sums_of(acc);
    return d->bias ? _mm256_add_ps(sum, _mm256_set1_ps(d->bias[o])) : sum;
}

OC_INLINE void run(const oc_act_kind kind, const oc_dot8 *d)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256  a = _mm256_set1_ps(d->act.a), b = _mm256_set1_ps(d->act.b);
    size_t        p = 0;

    for (; p + 8 <= d->px; p += 8)
        for (size_t o = 0; o < d->oc; o++)
            _mm256_storeu_ps(d->y + (ptrdiff_t)o * d->y_plane + p,
                             oc_v8_act(kind, a, b, eight(d, o, p, 8)));
    for (size_t o = 0; o < d->oc && p < d->px; o++) {
        __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(d->px - p)), lane);
        _mm256_maskstore_ps(d->y + (ptrdiff_t)o * d->y_plane + p, mask,
                            oc_v8_act(kind, a, b, eight(d, o, p, d->px - p)));
    }
}

void oc_k_f32_dot8__avx2(const oc_dot8 *d)
{
#define CASE(kind) \
    case kind: run(kind, d); return;
    switch (d->act.kind) {
        CASE(OC_ACT_NONE)
        CASE(OC_ACT_RELU)
        CASE(OC_ACT_CLIP)
        CASE(OC_ACT_LEAKY)
        CASE(OC_ACT_SIGMOID)
        CASE(OC_ACT_SILU)
        CASE(OC_ACT_HARDSIGMOID)
        CASE(OC_ACT_HARDSWISH)
        CASE(OC_ACT_TANH)
        CASE(OC_ACT_GELU)
        CASE(OC_ACT_MISH)
    }
#undef CASE
}

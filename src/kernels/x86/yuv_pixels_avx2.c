#include <immintrin.h>
#include <string.h>

#include "kernels/yuv_pixels.h"

/* Inlined whatever the compiler thinks of it: so that the kind is a constant in each loop. */
#define INLINE static inline __attribute__((always_inline))

/* Channel k of eight pixels, normalised. */
INLINE __m256 channel(const oc_yuv_pixels *how, int k, __m256 a, __m256 b, __m256 c)
{
    const float *m = how->m[k];
    __m256       p = _mm256_fmadd_ps(_mm256_set1_ps(m[2]), c, _mm256_set1_ps(how->off[k]));

    p = _mm256_fmadd_ps(_mm256_set1_ps(m[1]), b, p);
    p = _mm256_fmadd_ps(_mm256_set1_ps(m[0]), a, p);
    p = _mm256_min_ps(_mm256_max_ps(p, _mm256_setzero_ps()), _mm256_set1_ps(255.0f));
    return _mm256_mul_ps(_mm256_sub_ps(p, _mm256_set1_ps(how->mean[k])),
                         _mm256_set1_ps(how->scale[k]));
}

static inline __m256i to_i32(__m256 v)
{
    v = _mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(-2147483648.0f)),
                      _mm256_set1_ps(2147483520.0f));
    return _mm256_cvtps_epi32(v);
}

static inline __m256i to_u8_range(__m256 v)
{
    v = _mm256_min_ps(_mm256_max_ps(v, _mm256_setzero_ps()), _mm256_set1_ps(255.0f));
    return _mm256_cvtps_epi32(v);
}

/* Eight elements of one kind. */
INLINE void store8(oc_dtype kind, char *out, size_t at, __m256 v)
{
    if (kind == OC_F32) {
        _mm256_storeu_ps((float *)(void *)(out + 4 * at), v);
    } else if (kind == OC_I32) {
        _mm256_storeu_si256((__m256i *)(void *)(out + 4 * at), to_i32(v));
    } else {
        __m256i i = to_u8_range(v);
        __m128i h = _mm_packus_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
        _mm_storel_epi64((__m128i *)(void *)(out + at), _mm_packus_epi16(h, h));
    }
}

/* x0..x7, y0..y7, z0..z7 to x0 y0 z0 x1 y1 z1 ... */
static inline void interleave(__m256 x, __m256 y, __m256 z, __m256 to[3])
{
    __m256 xy = _mm256_shuffle_ps(x, y, _MM_SHUFFLE(2, 0, 2, 0));
    __m256 yz = _mm256_shuffle_ps(y, z, _MM_SHUFFLE(3, 1, 3, 1));
    __m256 zx = _mm256_shuffle_ps(z, x, _MM_SHUFFLE(3, 1, 2, 0));
    __m256 a = _mm256_shuffle_ps(xy, zx, _MM_SHUFFLE(2, 0, 2, 0));
    __m256 b = _mm256_shuffle_ps(yz, xy, _MM_SHUFFLE(3, 1, 2, 0));
    __m256 c = _mm256_shuffle_ps(zx, yz, _MM_SHUFFLE(3, 1, 3, 1));

    to[0] = _mm256_permute2f128_ps(a, b, 0x20);
    to[1] = _mm256_permute2f128_ps(c, a, 0x30);
    to[2] = _mm256_permute2f128_ps(b, c, 0x31);
}

INLINE void eight(const oc_yuv_pixels *how, oc_dtype kind, const float *const c[3], size_t i,
                  char *const out[3], size_t at)
{
    __m256 a = _mm256_loadu_ps(c[0] + i), b = _mm256_loadu_ps(c[1] + i);
    __m256 d = _mm256_loadu_ps(c[2] + i);
    __m256 x = channel(how, 0, a, b, d);

    if (how->n_out == 1) {
        store8(kind, out[0], at, x);
        return;
    }
    __m256 y = channel(how, 1, a, b, d), z = channel(how, 2, a, b, d);
    if (!how->interleaved) {
        store8(kind, out[0], at, x);
        store8(kind, out[1], at, y);
        store8(kind, out[2], at, z);
        return;
    }
    __m256 t[3];
    interleave(x, y, z, t);
    for (int k = 0; k < 3; k++)
        store8(kind, out[0], 3 * at + 8 * (size_t)k, t[k]);
}

INLINE void run(size_t n, const float *const c[3], const oc_yuv_pixels *how, oc_dtype kind,
                char *const out[3])
{
    const size_t bytes = kind == OC_U8 ? 1 : 4;
    size_t       i = 0;

    for (; i + 8 <= n; i += 8)
        eight(how, kind, c, i, out, i);
    if (i == n)
        return;
    char  tail[3][96]; /* what does not fill eight goes by here */
    char *to[3] = {tail[0], tail[1], tail[2]};
    eight(how, kind, c, i, to, 0);
    if (how->interleaved || how->n_out == 1) {
        memcpy(out[0] + i * how->n_out * bytes, tail[0], (n - i) * how->n_out * bytes);
        return;
    }
    for (int k = 0; k < 3; k++)
        memcpy(out[k] + i * bytes, tail[k], (n - i) * bytes);
}

void oc_k_yuv_pixels__avx2(size_t n, const float *const c[3], const oc_yuv_pixels *how,
                           void *const out[3])
{
    char *const to[3] = {out[0], out[1], out[2]};

    if (how->kind == OC_F32)
        run(n, c, how, OC_F32, to);
    else if (how->kind == OC_I32)
        run(n, c, how, OC_I32, to);
    else
        run(n, c, how, OC_U8, to);
}

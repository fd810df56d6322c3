#include <immintrin.h>

#include "kernels/tmpl/s32_places.tmpl.h"

static inline void store_held(int32_t *to, __m256 x)
{
    x = _mm256_max_ps(_mm256_sub_ps(x, _mm256_set1_ps(.5f)), _mm256_set1_ps(-20000.0f));
    x = _mm256_min_ps(x, _mm256_set1_ps(20000.0f));
    x = _mm256_add_ps(_mm256_mul_ps(x, _mm256_set1_ps(64.0f)), _mm256_set1_ps(1280000.5f));
    _mm256_storeu_si256((__m256i *)(void *)to,
                        _mm256_sub_epi32(_mm256_cvttps_epi32(x), _mm256_set1_epi32(1280000)));
}

/* m i + c */
static inline __m256 line(float m, __m256 i, float c)
{
    return _mm256_add_ps(_mm256_mul_ps(_mm256_set1_ps(m), i), _mm256_set1_ps(c));
}

void oc_k_s32_places__avx2(const oc_places *p, size_t n, int32_t *u, int32_t *v)
{
    __m256 k = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
    size_t i = 0;

    if (p->straight) {
        places_straight(p, n, u, v);
        return;
    }
    for (; i + 8 <= n; i += 8) {
        __m256 w = _mm256_max_ps(line(p->g, k, p->h), _mm256_set1_ps(1e-6f));
        __m256 per = _mm256_div_ps(_mm256_set1_ps(1), w);
        store_held(u + i, _mm256_mul_ps(line(p->a, k, p->b), per));
        store_held(v + i, _mm256_mul_ps(line(p->d, k, p->e), per));
        k = _mm256_add_ps(k, _mm256_set1_ps(8));
    }
    places_projected(p, i, n, u, v);
}

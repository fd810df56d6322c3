/* wino_avx2.h -- what f32_wino_in.tmpl.h and f32_wino_out.tmpl.h ask for, with eight floats. */
#ifndef OC_KERNELS_X86_WINO_AVX2_H
#define OC_KERNELS_X86_WINO_AVX2_H

#include "kernels/x86/act_avx2.h"

#define WV 8
typedef __m256 wv;

OC_INLINE wv wv_load(const float *p)
{
    return _mm256_load_ps(p);
}
OC_INLINE void wv_store(float *p, wv v)
{
    _mm256_store_ps(p, v);
}
OC_INLINE wv wv_set(float f)
{
    return _mm256_set1_ps(f);
}
OC_INLINE wv wv_add(wv a, wv b)
{
    return _mm256_add_ps(a, b);
}
OC_INLINE wv wv_sub(wv a, wv b)
{
    return _mm256_sub_ps(a, b);
}
OC_INLINE wv wv_mul(wv a, wv b)
{
    return _mm256_mul_ps(a, b);
}
OC_INLINE wv wv_fma(wv a, wv b, wv c)
{
    return _mm256_fmadd_ps(a, b, c);
}

#endif

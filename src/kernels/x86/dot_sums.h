/* dot_sums.h -- sums across lanes of f32_dot8 for x86, for kernels/tmpl/f32_dot8.tmpl.h. */
#ifndef OC_KERNELS_X86_DOT_SUMS_H
#define OC_KERNELS_X86_DOT_SUMS_H

typedef vf dot_sum;

OC_INLINE dot_sum dot_zero(void)
{
    return vf_zero();
}

OC_INLINE dot_sum dot_fma(dot_sum sum, vf x, vf w)
{
    return vf_fma(w, x, sum);
}

/* Lane i of the result: the sum of the lanes of a[i]. */
OC_INLINE __m256 across8(const __m256 a[8])
{
    __m256 t0 = _mm256_hadd_ps(a[0], a[1]), t1 = _mm256_hadd_ps(a[2], a[3]);
    __m256 t2 = _mm256_hadd_ps(a[4], a[5]), t3 = _mm256_hadd_ps(a[6], a[7]);
    __m256 u0 = _mm256_hadd_ps(t0, t1), u1 = _mm256_hadd_ps(t2, t3);

    return _mm256_add_ps(_mm256_permute2f128_ps(u0, u1, 0x20),
                         _mm256_permute2f128_ps(u0, u1, 0x31));
}

#endif

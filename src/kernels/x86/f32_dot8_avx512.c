#include "kernels/x86/vec_avx512.h"

#define DOT_OUTS 2
#include "kernels/x86/dot_sums.h"

/* Even pixels lie in the lower halves, odd ones in the upper: summed apart, then put in order. */
OC_INLINE vf dot_across(const dot_sum a[8])
{
    __m256 even[8], odd[8];

    OC_UNROLL for (int i = 0; i < 8; i++)
    {
        even[i] = _mm512_castps512_ps256(a[i]);
        odd[i] = _mm512_extractf32x8_ps(a[i], 1);
    }
    const __m256 e = across8(even), o = across8(odd);
    const __m256 lo = _mm256_unpacklo_ps(e, o), hi = _mm256_unpackhi_ps(e, o);
    return vf_pair(_mm256_permute2f128_ps(lo, hi, 0x20), _mm256_permute2f128_ps(lo, hi, 0x31));
}

#include "kernels/tmpl/f32_dot8.tmpl.h"

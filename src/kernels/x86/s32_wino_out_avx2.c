#include "kernels/x86/vec_avx2.h"

#define V32 __m256i
#define V32_N 8
#define V32_LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define V32_STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define V32_ADD(a, b) _mm256_add_epi32(a, b)
#define V32_SUB(a, b) _mm256_sub_epi32(a, b)
#define V32_QUARTER(v) _mm256_srai_epi32(v, 2)
#include "kernels/tmpl/s32_wino_out.tmpl.h"

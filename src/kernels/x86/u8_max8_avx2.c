#include "kernels/x86/vec_avx2.h"

#define MAX_V __m256i
#define MAX_N 32
#define MAX_LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define MAX_STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define MAX_OF(a, b) _mm256_max_epu8(a, b)
#define MAX_V8 __m128i
#define MAX_LOAD8(p) _mm_loadl_epi64((const __m128i *)(p))
#define MAX_STORE8(p, v) _mm_storel_epi64((__m128i *)(p), v)
#define MAX_OF8(a, b) _mm_max_epu8(a, b)
#include "kernels/tmpl/u8_max8.tmpl.h"

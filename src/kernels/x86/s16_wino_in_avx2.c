#include "kernels/x86/vec_avx2.h"

#define V16 __m128i
#define V16_LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define V16_STORE(p, v) _mm_storeu_si128((__m128i *)(p), v)
#define V16_ADD(a, b) _mm_add_epi16(a, b)
#define V16_SUB(a, b) _mm_sub_epi16(a, b)
#include "kernels/tmpl/s16_wino_in.tmpl.h"

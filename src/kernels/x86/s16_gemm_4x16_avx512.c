#include "kernels/x86/vec_avx512.h"

#define GEMM_STEP(acc, a, b) _mm512_add_epi32(acc, _mm512_madd_epi16(a, b))
#include "kernels/tmpl/s16_gemm_4x16.tmpl.h"

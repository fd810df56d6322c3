/* The step in one instruction, which does not saturate: the same sums to the last bit. */
#include "kernels/x86/vec_avx512.h"

#undef VF_ISA
#define VF_ISA vnni
#define GEMM_STEP(acc, a, b) _mm512_dpwssd_epi32(acc, a, b)
#include "kernels/tmpl/s16_gemm_4x16.tmpl.h"

#include "kernels/arm/vec_neon.h"

#define V32 int32x4_t
#define V32_N 4
#define V32_LOAD(p) vld1q_s32(p)
#define V32_STORE(p, v) vst1q_s32(p, v)
#define V32_ADD(a, b) vaddq_s32(a, b)
#define V32_SUB(a, b) vsubq_s32(a, b)
#define V32_QUARTER(v) vshrq_n_s32(v, 2)
#include "kernels/tmpl/s32_wino_out.tmpl.h"

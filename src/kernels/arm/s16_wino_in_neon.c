#include "kernels/arm/vec_neon.h"

#define V16 int16x8_t
#define V16_LOAD(p) vld1q_s16(p)
#define V16_STORE(p, v) vst1q_s16(p, v)
#define V16_ADD(a, b) vaddq_s16(a, b)
#define V16_SUB(a, b) vsubq_s16(a, b)
#include "kernels/tmpl/s16_wino_in.tmpl.h"

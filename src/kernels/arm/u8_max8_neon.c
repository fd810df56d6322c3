#include "kernels/arm/vec_neon.h"

#define MAX_V uint8x16_t
#define MAX_N 16
#define MAX_LOAD(p) vld1q_u8(p)
#define MAX_STORE(p, v) vst1q_u8(p, v)
#define MAX_OF(a, b) vmaxq_u8(a, b)
#define MAX_V8 uint8x8_t
#define MAX_LOAD8(p) vld1_u8(p)
#define MAX_STORE8(p, v) vst1_u8(p, v)
#define MAX_OF8(a, b) vmax_u8(a, b)
#include "kernels/tmpl/u8_max8.tmpl.h"

#include "kernels/arm/vec_neon.h"

/* As in f32_mac_neon.c: the early scheduler would spill accumulators. */
#if !defined(__clang__)
#pragma GCC optimize("no-schedule-insns")
#endif
#include "kernels/tmpl/f32_dw.tmpl.h"

#include "kernels/x86/vec_avx512.h"

#include "kernels/tmpl/s32_requant.tmpl.h"

#include "kernels/x86/vec_avx2.h"

#include "kernels/tmpl/s32_requant.tmpl.h"

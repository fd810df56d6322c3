#include "kernels/x86/vec_avx512.h"

#include "kernels/tmpl/f32_wino_in.tmpl.h"

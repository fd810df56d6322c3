#include "kernels/x86/vec_avx2.h"

#include "kernels/tmpl/f32_wino_out.tmpl.h"

#include "kernels/x86/vec_avx2.h"

#include "kernels/tmpl/u8_linear.tmpl.h"

#include "kernels/x86/vec_avx2.h"

#include "kernels/tmpl/x8_dequantize.tmpl.h"

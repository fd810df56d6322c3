#include "kernels/x86/vec_avx2.h"

#include "kernels/tmpl/f16_cast.tmpl.h"

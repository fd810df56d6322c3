#include "kernels/arm/vec_neon.h"

#include "kernels/tmpl/u8_linear.tmpl.h"

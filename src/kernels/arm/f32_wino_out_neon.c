#include "kernels/arm/vec_neon.h"

#include "kernels/tmpl/f32_wino_out.tmpl.h"

#include "kernels/arm/vec_neon.h"

#include "kernels/tmpl/f32_pool8.tmpl.h"

#include "kernels/arm/vec_neon.h"

#include "kernels/tmpl/f16_cast.tmpl.h"
